"""Fixtures for pytest: a local AWS for the tests of any project. pytest finds them by the entry point ``pytest11``."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from chem_endpoints.local.running import RunningLocalAws


@pytest.fixture(scope="session")
def local_aws_options() -> dict[str, Any]:
    """How `local_aws` is started: override it to change that.

    Keys are those of `chem_endpoints.local.background_service.ServiceOptions`; ``root`` (default: the clone around the
    tests' root folder, or that folder) and ``clock_speed`` (default: 0, only `advance` moves the clock) matter most.
    """
    return {}


@pytest.fixture(scope="session")
def local_aws(
    local_aws_options: dict[str, Any], pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[RunningLocalAws]":
    """A local AWS on a free port, with its state in a temporary folder; each worker of pytest-xdist has its own."""
    if find_spec("moto") is None:
        pytest.skip("the local AWS is not installed: pip install 'chem-endpoints[local]'")
    from chem_endpoints.local.running import run_for_tests

    with run_for_tests(pytestconfig.rootpath, tmp_path_factory.mktemp("local-aws"), local_aws_options) as running:
        yield running


@pytest.fixture
def local_aws_environment(local_aws: "RunningLocalAws", monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Leads this process's own AWS clients to `local_aws`, for one test; returns the environment."""
    wanted = local_aws.environment
    for name in set(os.environ) - set(wanted):
        monkeypatch.delenv(name)
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)
    return wanted
