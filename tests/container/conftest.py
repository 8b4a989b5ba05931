"""Real server processes around small real bundles."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.wire.bundle import unpack
from server_processes import LENGTHS, Server, starting, write_own_script_bundle


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers that are stopped when the test ends."""
    with starting(tmp_path) as start:
        yield start


@pytest.fixture(scope="session")
def own_script_bundle(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes the folder of a bundle that brings its own script, unpacked as SageMaker would."""

    def make(source: str = LENGTHS, **changes: Any) -> Path:
        return write_own_script_bundle(tmp_path_factory.mktemp("bundle"), source, **changes)

    return make


@pytest.fixture(scope="session")
def solubility_model(solubility_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("solubility") / "model"
    unpack(solubility_bundle, folder)
    return folder


@pytest.fixture(scope="session")
def server(solubility_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demonstration's model, served by two workers."""
    with starting(tmp_path_factory.mktemp("server")) as start:
        yield start(solubility_model)


@pytest.fixture(scope="session")
def lengths(own_script_bundle: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The misbehaving model, served by two workers."""
    with starting(tmp_path_factory.mktemp("lengths")) as start:
        yield start(own_script_bundle())
