"""Promise: every command and every line of Python in the documentation is marked: run here, or for an AWS account.

A Kubernetes cluster is marked as an account is. What needs either is not run, but the programs that it calls would
understand it, and what it imports is there.
"""

import ast
import subprocess
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from command_lines import commands, misunderstood
from page_fences import OTHER_SHELLS, RUN, Fence, Page, pages

PAGES = pages()
AWS_FENCES = [fence for page in PAGES for fence in page.fences if fence.mark == "aws"]
NOT_OURS = {"sagemaker", "workbench"}
"""Packages of callers who come to us from elsewhere; they are not installed here."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_can_be_run_is_marked(page: Page) -> None:
    wrong = [fence.place for fence in page.fences if fence.language in OTHER_SHELLS]
    wrong += [fence.place for fence in page.fences if fence.language in RUN and fence.mark not in ("local", "aws")]
    wrong += [fence.place for fence in page.fences if fence.language not in RUN and fence.mark not in ("", "output")]
    assert not wrong
    assert "~~~" not in page.text, "fences are made of backticks: others escape the tests"


@pytest.mark.parametrize("fence", AWS_FENCES, ids=lambda fence: fence.place)
def test_what_needs_an_account_would_be_understood(
    fence: Fence, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    if fence.language == "bash":
        script = tmp_path / "fence.sh"
        script.write_text(fence.body, encoding="utf-8")
        parsed = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)
        assert parsed.returncode == 0, parsed.stderr
        told = [said for command in commands(fence.body) if (said := misunderstood(command))]
        assert not told, "\n".join(told)
    else:
        assert not _missing_imports(fence.body)
    record_property("aws_fences", 1)


def _missing_imports(code: str) -> list[str]:
    missing = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            named: dict[str, list[str]] = {alias.name: [] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            named = {str(node.module): [alias.name for alias in node.names]}
        else:
            continue
        for module, names in named.items():
            if module.partition(".")[0] in NOT_OURS:
                continue
            if find_spec(module.partition(".")[0]) is None:
                missing.append(module)
                continue
            there = import_module(module)
            for name in names:
                if not hasattr(there, name) and not (hasattr(there, "__path__") and find_spec(f"{module}.{name}")):
                    missing.append(f"{module}.{name}")
    return missing


def test_python_parses_and_imports_what_there_is() -> None:
    wrong = {
        fence.place: missing
        for page in PAGES
        for fence in page.fences
        if fence.language == "python" and (missing := _missing_imports(fence.body))
    }
    assert not wrong


@pytest.mark.parametrize(
    "line",
    [
        "chem-endpoints predict logs-v1",
        "chem-endpoints nothing",
        "chem-endpoints local run -- aws sagemaker describe-endpoints",
        "aws sagemaker describe-endpoint --endpoint logs-v1",
        "true && cdk deploy --all --unattended",
        "aws nothing",
    ],
)
def test_a_command_that_no_program_understands_is_told(line: str) -> None:
    assert [told for command in commands(line) if (told := misunderstood(command))]


@pytest.mark.parametrize(
    "line",
    [
        "chem-endpoints predict logs-v1 'CCO' 2>&1 | head -n 1  # a comment: chem-endpoints nothing",
        "NAME=value aws sagemaker describe-endpoint --endpoint-name logs-v1 --query EndpointStatus",
        'chem-endpoints local run -- aws s3 cp "$(pwd)/x" s3://mine/ && cdk destroy --force \\\n  One',
    ],
)
def test_a_command_that_is_right_is_understood(line: str) -> None:
    assert [misunderstood(command) for command in commands(line)] == [None] * len(list(commands(line)))
