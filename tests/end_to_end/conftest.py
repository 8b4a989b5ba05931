"""One demonstration for all tests of this folder: `chem-endpoints demo`, on a local AWS of its own."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from awake_endpoint import awaken
from chem_endpoints.cli.clone import tool_path
from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.local.address import FOLDER_VARIABLE, environment

CLI = (sys.executable, "-m", "chem_endpoints.cli")
FOLDER = ".demo-test"


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """A demonstration that has run and whose endpoints are up."""

    output: str
    url: str
    variables: dict[str, str]
    root: Path

    def run(self, *command: str, stdin: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
        """Runs a command as `chem-endpoints local run` would."""
        program = shutil.which(command[0], path=self.variables["PATH"])
        assert program is not None, command[0]
        return subprocess.run(
            [program, *command[1:]], cwd=self.root, env=self.variables, input=stdin, capture_output=True, check=True
        )


@pytest.fixture(scope="session")
def demonstration(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    if not (root / "node_modules/.bin/cdk").exists():
        pytest.skip("the CDK CLI is not installed: run ./setup.sh")
    env = {**os.environ, FOLDER_VARIABLE: str(tmp_path_factory.mktemp("local-aws"))}
    command = [*CLI, "demo", "--folder", FOLDER]
    demo = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    try:
        assert demo.returncode == 0, demo.stdout + demo.stderr
        address = re.search(r"http://localhost:(\d+)", demo.stdout)
        assert address is not None
        variables = environment(int(address[1]), root, env)
        variables["PATH"] = tool_path(root, variables["PATH"])
        awaken("logs-async-v1", address[0])
        yield Demonstration(output=demo.stdout, url=address[0], variables=variables, root=root)
    finally:
        subprocess.run([*CLI, "local", "down"], cwd=root, env=env, check=True, capture_output=True)
        shutil.rmtree(root / FOLDER, ignore_errors=True)


@pytest.fixture
def aws_environment(demonstration: Demonstration, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process has the usual AWS variables, which lead to the demonstration's local AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in demonstration.variables.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)


@pytest.fixture
def endpoint(aws_environment: None) -> Callable[[str], Endpoint]:
    """The client with nothing but the usual AWS variables set."""
    return Endpoint
