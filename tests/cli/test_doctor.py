"""Promise: `chem-endpoints doctor` explains itself, and where it cannot look it says so with a status of its own."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from chem_endpoints.cli.main import main


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["doctor", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_help_shows_an_example_and_the_statuses() -> None:
    code, told = run("--help")
    assert code == 0
    assert "Example:" in told
    assert "Exits with 0 when all is well, 1 when there is something to do, 2 when it could not look." in " ".join(
        told.split()
    )


@pytest.mark.parametrize("options", [[], ["logs-v1"], ["--stage", "local"]])
def test_without_aws_it_is_one_line_and_2(root: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    code, told = run(*options)
    assert code == 2
    assert told.startswith("Error: cannot look")
    assert len(told.splitlines()) == 1


def test_a_stage_needs_a_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, told = run("--stage", "local")
    assert code == 2
    assert told.startswith("Error: cannot look at stage local: run this in a clone")
