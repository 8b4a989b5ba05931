"""Promise: what `chem-endpoints new` writes works as written: it trains, declares, and its test passes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chem_endpoints.new.drafts import DRAFT
from chem_endpoints.spec.loading import load_endpoints

pytestmark = [pytest.mark.thorough, pytest.mark.end_to_end]


@pytest.fixture
def clone(tmp_path: Path, root: Path) -> Path:
    """What the commands need of a clone."""
    for name in ("app.py", "cdk.json", "pyproject.toml"):
        shutil.copy(root / name, tmp_path / name)
    for folder in ("examples", "endpoints", "tests/support"):
        shutil.copytree(root / folder, tmp_path / folder)
    return tmp_path


def run(clone: Path, *command: str) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(command, cwd=clone, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "family",
    [
        "xgboost",
        "script",
        "standardize",
        pytest.param("sklearn", marks=pytest.mark.chemistry),
        pytest.param("chemprop", marks=pytest.mark.chemistry),
    ],
)
def test_a_new_model_trains_and_its_test_passes(clone: Path, family: str) -> None:
    run(clone, "chem-endpoints", "new", "begun-v1", "--family", family)
    comment = "# ours: asked for by the project team\n"
    draft = clone / "models/begun-v1" / DRAFT
    draft.write_text(draft.read_text() + comment)
    run(clone, "models/begun-v1/train.sh")
    assert not draft.exists()
    declared = (clone / "endpoints/begun-v1.yaml").read_text()
    assert declared.endswith(comment)
    assert "begun-v1" in {spec.name for spec in load_endpoints(clone / "endpoints", clone)}
    run(clone, "pytest", "-p", "no:cacheprovider", "models/begun-v1")
    run(clone, "models/begun-v1/train.sh")
    assert (clone / "endpoints/begun-v1.yaml").read_text() == declared
