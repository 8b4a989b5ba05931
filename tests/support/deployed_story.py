"""Endpoints that the real CDK CLI deploys onto a local AWS of their own; each test is the next step of one story."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from chem_endpoints.cli.clone import tool_path
from chem_endpoints.local.address import FOLDER_VARIABLE, environment

CLI = (sys.executable, "-m", "chem_endpoints.cli")
MINUTE = 60
DECLARED = "endpoints"
"""Folder of the declarations, below the story's folder."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """A local AWS, and the declarations that are deployed onto it."""

    root: Path
    folder: Path
    url: str
    variables: dict[str, str]

    @property
    def declarations(self) -> str:
        """Folder of the declarations, as commands that run in the root take it."""
        return str((self.folder / DECLARED).relative_to(self.root))

    def enter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Gives this process the usual AWS variables, which lead to the story's local AWS."""
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in self.variables.items():
            if name.startswith("AWS_"):
                monkeypatch.setenv(name, value)

    def run(self, *command: str, status: int = 0) -> str:
        """Runs a command as `chem-endpoints local run` would; its whole output."""
        program = shutil.which(command[0], path=self.variables["PATH"])
        assert program is not None, command[0]
        done = subprocess.run(
            [program, *command[1:]], cwd=self.root, env=self.variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def cdk(self, action: str, *names: str, status: int = 0) -> str:
        """`cdk deploy` or `cdk destroy` of endpoints."""
        stacks = [f"ChemEndpoints-{name}" for name in names]
        ways = {
            "deploy": ["--require-approval", "never", "--concurrency", "3", "--import-existing-resources"],
            "destroy": ["--force"],
        }
        output = str(self.folder / "cdk.out")
        context = ["-c", f"endpoints={self.declarations}", "--output", output]
        return self.run("cdk", action, *stacks, *ways[action], *context, status=status)

    def declare(self, name: str, declared: dict[str, Any]) -> None:
        """Writes the declaration of one endpoint."""
        text = yaml.safe_dump({"name": name, "owner": "tests", **declared})
        (self.folder / DECLARED / f"{name}.yaml").write_text(text, encoding="utf-8")

    def change(self, name: str, **serving: Any) -> None:
        """Changes values of the declaration's ``serving``."""
        declared = self.declared(name)
        declared["serving"].update(serving)
        self.declare(name, declared)

    def declared(self, name: str) -> dict[str, Any]:
        """The declaration as it lies there."""
        found: dict[str, Any] = yaml.safe_load((self.folder / DECLARED / f"{name}.yaml").read_text())
        return found

    def pass_minutes(self, minutes: int) -> None:
        """Moves the clock, minute by minute."""
        for _ in range(minutes):
            request = urllib.request.Request(
                f"{self.url}/_local/clock", data=json.dumps({"advance_seconds": MINUTE}).encode(), method="POST"
            )
            with urllib.request.urlopen(request) as answer:
                assert answer.status == 200

    def client(self, service: str) -> Any:
        """boto3's client, with nothing but the usual variables set."""
        return boto3.client(service)


@contextmanager
def begin_story(root: Path, tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[Story]:
    """A local AWS that is bootstrapped, with an empty folder of declarations.

    Args:
        root: the clone.
        tmp_path_factory: for the state of the local AWS.
        name: folder below the root for declarations and assemblies; it is taken away in the end.
    """
    if not (root / "node_modules/.bin/cdk").exists():
        pytest.skip("the CDK CLI is not installed: run ./setup.sh")
    env = {**os.environ, FOLDER_VARIABLE: str(tmp_path_factory.mktemp("local-aws"))}
    up = subprocess.run(
        [*CLI, "local", "up", "--detach", "--port", "0"], cwd=root, env=env, capture_output=True, text=True, check=False
    )
    folder = root / name
    try:
        address = re.search(r"http://localhost:(\d+)", up.stdout)
        assert address is not None, up.stdout + up.stderr
        variables = environment(int(address[1]), root, env)
        variables["PATH"] = tool_path(root, variables["PATH"])
        (folder / DECLARED).mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [str(shutil.which("cdk", path=variables["PATH"])), "bootstrap", "aws://123456789012/us-east-1"],
            cwd=tmp_path_factory.mktemp("empty"),
            env=variables,
            check=True,
            capture_output=True,
        )
        yield Story(root=root, folder=folder, url=address[0], variables=variables)
    finally:
        subprocess.run([*CLI, "local", "down"], cwd=root, env=env, check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
