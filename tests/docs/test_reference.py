"""Promise: the reference pages are what the code says, and the code says something of everything on them."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from chem_endpoints.cli.main import main

REFERENCE = "docs/reference"


def test_no_page_is_out_of_date(root: Path) -> None:
    command = [sys.executable, "docs/site/reference.py", "--check"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_page_that_differs_is_told(root: Path, tmp_path: Path) -> None:
    for name in ("site", "reference"):
        (tmp_path / "docs" / name).mkdir(parents=True)
    for file in (root / "docs/site").glob("*.py"):
        (tmp_path / "docs/site" / file.name).write_bytes(file.read_bytes())
    for file in (root / REFERENCE).glob("*.md"):
        (tmp_path / REFERENCE / file.name).write_bytes(file.read_bytes())
    for package in ("chem_endpoints", "container", "model_scripts", "constructs_lib", "stacks"):
        (tmp_path / package).symlink_to(root / package)
    changed = tmp_path / REFERENCE / "errors.md"
    changed.write_text(changed.read_text(encoding="utf-8").replace("| 429 |", "| 428 |"), encoding="utf-8")
    command = [sys.executable, "docs/site/reference.py", "--check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "out of date: errors.md" in done.stderr


def _commands(group: click.Group, words: str) -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name, command in group.commands.items():
        found.append((f"{words}{name}", command))
        if isinstance(command, click.Group):
            found += _commands(command, f"{words}{name} ")
    return found


@pytest.mark.parametrize(
    ("words", "command"), _commands(main, ""), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_says_what_it_does_and_shows_how(root: Path, words: str, command: click.Command) -> None:
    assert command.help
    page = (root / REFERENCE / "commands.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^#+ {re.escape(words)}\n(.*?)(?=^#+ |\Z)", page, re.MULTILINE | re.DOTALL)
    for option in command.params:
        if isinstance(option, click.Option):
            assert f"`{option.opts[0]}" in section
