"""Promise: every command and every line of Python in the documentation is marked: run here, or for an AWS account.

A Kubernetes cluster is marked as an account is: what needs either is not run here."""

import ast
import re
from pathlib import Path

import pytest

import chem_endpoints

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").rglob("README.md"))]
FENCE = re.compile(r"^```(\w*) *(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN = {"bash", "sh", "python", "console"}


def fences(page: Path) -> list[tuple[str, str, str]]:
    return [(found[1], found[2], found[3]) for found in FENCE.finditer(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_can_be_run_is_marked(page: Path) -> None:
    assert not [body for kind, mark, body in fences(page) if kind in RUN and mark not in ("local", "aws")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_parses_and_imports_what_there_is(page: Path) -> None:
    for kind, _, body in fences(page):
        if kind != "python":
            continue
        for node in ast.walk(ast.parse(body)):
            if isinstance(node, ast.ImportFrom) and node.module == "chem_endpoints":
                assert not [alias.name for alias in node.names if not hasattr(chem_endpoints, alias.name)]
