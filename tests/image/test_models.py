"""Promise: every kind of model answers in the image what it answers outside, and loads only what it needs."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from chem_endpoints.image.container import Container, running
from chem_endpoints.image.engine import Engine
from served_bundles import ROWS, write_served_bundle
from server_processes import starting

pytestmark = pytest.mark.image

NOT_FOR_TABLES = {"torch", "chemprop", "lightning", "cuik_molmaker", "tblite"}

# kind of model: its image, a package that it must load, and those that it must not
MODELS = {
    "xgboost": ("base", "xgboost", NOT_FOR_TABLES | {"sklearn", "skops", "mordred"}),
    "sklearn": ("base", "sklearn", NOT_FOR_TABLES | {"xgboost", "mordred"}),
    "smiles_to_2d": ("base", "rdkit", NOT_FOR_TABLES | {"xgboost", "sklearn", "skops", "scipy"}),
    "chemprop": (
        "deep",
        "torch",
        {"chemprop", "lightning", "sympy", "xgboost", "sklearn", "skops", "mordred", "tblite"},
    ),
}

LAST_DIGITS_VARY = {"sklearn", "chemprop"}
"""Their matrix products differ in the last digits from process to process, as BLAS sums by where a matrix lies."""

Served = Callable[..., Any]


@pytest.fixture(scope="module", params=MODELS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def bundle(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_served_bundle(kind, tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def served(kind: str, bundle: Path, runner: Engine, request: pytest.FixtureRequest) -> Served:
    """`running` with this kind of model on its image."""
    image = request.getfixturevalue(f"{MODELS[kind][0]}_image")
    return lambda **how: running(runner, image, model=bundle, **how)


def answer(base_url: str) -> bytes:
    headers = {"Content-Type": "text/csv"}
    got = httpx.post(f"{base_url}/invocations", content=ROWS, headers=headers, timeout=60)
    assert got.status_code == 200, got.text
    return got.content


def imported_packages(container: Container) -> set[str]:
    """Packages of which some process has imported a part, or tried to; Python tells each module on standard error."""
    modules = re.findall(r"^import time: .*\| +(\S+)$", container.logs(), re.MULTILINE)
    return {package for package, dot, _ in (module.partition(".") for module in modules) if dot}


def test_the_answer_is_that_of_the_server_outside(kind: str, served: Served, bundle: Path, tmp_path: Path) -> None:
    with starting(tmp_path) as start:
        outside = answer(f"http://127.0.0.1:{start(bundle).port}")
    assert outside.count(b"\n") == ROWS.count(b"\n")
    assert b"invalid_smiles" in outside
    with served() as container:
        inside = answer(container.base_url)
    if kind not in LAST_DIGITS_VARY:
        assert inside == outside
    frames = (pd.read_csv(io.BytesIO(answered)) for answered in (inside, outside))
    pd.testing.assert_frame_equal(*frames, rtol=1e-6)


def test_the_start_imports_only_what_the_models_script_needs(served: Served, kind: str) -> None:
    _, needed, unneeded = MODELS[kind]
    with served(environment={"PYTHONPROFILEIMPORTTIME": "1"}) as container:
        imported = imported_packages(container)
    assert needed in imported
    assert imported & unneeded == set()
