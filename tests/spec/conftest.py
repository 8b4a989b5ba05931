from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from chem_endpoints.wire.bundle import write_bundle
from manifests import small_manifest

DIGEST = "a" * 64
Declaration = dict[str, Any]


@pytest.fixture
def realtime() -> Declaration:
    """The shortest declaration of a real-time endpoint."""
    return {
        "name": "logs-v1",
        "owner": "admet-platform",
        "model": {"artifact": "s3://models/logs-v1.tar.gz", "sha256": DIGEST},
        "serving": {"kind": "realtime", "instance_type": "ml.c7i.large"},
    }


@pytest.fixture
def asynchronous(realtime: Declaration) -> Declaration:
    """The shortest declaration of an asynchronous endpoint."""
    declared = deepcopy(realtime)
    declared["serving"]["kind"] = "async"
    return declared


@pytest.fixture
def serverless(realtime: Declaration) -> Declaration:
    """The shortest declaration of a serverless endpoint."""
    return {**deepcopy(realtime), "serving": {"kind": "serverless"}}


@pytest.fixture
def component(realtime: Declaration) -> Declaration:
    """The shortest declaration of an inference component."""
    declared = deepcopy(realtime)
    declared["serving"] = {"kind": "inference_component", "instance_type": "ml.c7i.xlarge"}
    return declared


@pytest.fixture
def write_declaration(tmp_path: Path) -> Callable[[str, Declaration], Path]:
    """Writes a declaration into the folder ``endpoints`` of the test's own repository."""

    def write(name: str, declared: Declaration) -> Path:
        path = tmp_path / "endpoints" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(declared), encoding="utf-8")
        return path

    return write


@pytest.fixture
def small_bundle(tmp_path: Path) -> str:
    """A valid bundle at ``models/small.tar.gz`` of the test's own repository; its model digest."""
    files = {"model.ubj": b"weights"}
    return write_bundle(tmp_path / "models" / "small.tar.gz", small_manifest(files), files)
