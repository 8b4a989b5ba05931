"""Promise: each command that asks endpoints shows an example, tells its data on standard output, and as JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chem_endpoints.cli.main import ASKING, main
from length_endpoint import LengthEndpoint

JOB = "logs-v1.0123456789ab"
GROUPS = [[command.name] for command in ASKING]
COMMANDS = [
    *GROUPS,
    *(["job", name] for name in ("status", "result", "cancel", "list", "purge")),
    *(["cache", name] for name in ("info", "clear", "compact")),
]


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setattr("chem_endpoints.client.endpoint.Endpoint", LengthEndpoint)
    monkeypatch.setattr(LengthEndpoint, "submitted", {})
    monkeypatch.chdir(tmp_path)
    return LengthEndpoint


def run(*words: str) -> Result:
    result = CliRunner().invoke(main, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_shows_an_example_that_parses(words: list[str]) -> None:
    told = run(*words, "--help")
    assert told.exit_code == 0
    assert "Example" in told.stdout
    assert f"chem-endpoints {' '.join(words)}" in told.stdout


@pytest.mark.usefixtures("endpoint")
def test_a_job_from_its_submission_to_its_end() -> None:
    Path("in.csv").write_text("id;smiles\n007;CCO\nNA;bad\n")
    assert run("submit", "logs-v1", "in.csv").stdout == f"{JOB}\n"
    assert json.loads(run("submit", "logs-v1", "in.csv", "--json").stdout) == {
        "job": JOB,
        "endpoint": "logs-v1",
        "rows": 2,
    }
    assert run("job", "status", JOB).stdout == f"{JOB}: 2 of 2 rows, 1 failed, 1 of 1 requests, complete\n"
    status = json.loads(run("job", "status", JOB, "--json").stdout)
    assert (status["job"], status["done"], status["complete"]) == (JOB, 2, True)
    assert run("job", "list", "logs-v1").stdout.split()[:4] == ["job", "created", "total", "done"]
    assert json.loads(run("job", "list", "logs-v1", "--json").stdout)[0]["job"] == JOB
    assert run("job", "result", JOB, "--partial").stderr == "0 of 2 rows predicted (unsent: 2)\n"
    told = run("job", "result", JOB, "--out", "out.csv", "--like", "in.csv", "--fail-on-error-rows")
    assert (told.exit_code, told.stdout) == (3, "out.csv: 1 of 2 rows predicted (invalid_smiles: 1)\n")
    assert Path("out.csv").read_text().splitlines()[1] == "007;CCO;3.0;"
    assert Path("out.failed.csv").read_text().splitlines()[1].startswith("NA;bad")
    told = run("job", "result", JOB)
    assert told.stdout.splitlines()[0] == "id,smiles,prediction,prediction_error"
    assert told.stderr == "1 of 2 rows predicted (invalid_smiles: 1)\n"
    assert json.loads(run("job", "result", JOB, "--out", "b.csv", "--json").stdout)["failed_file"] == "b.failed.csv"
    assert run("job", "cancel", JOB).stdout == f"{JOB}: cancelled\n"
    gone = run("job", "status", JOB)
    assert (gone.exit_code, gone.stderr) == (1, f"Error: there is no job {JOB!r}\n")
    run("submit", "logs-v1", "in.csv")
    assert run("job", "purge", JOB).exit_code == 1  # nobody said yes
    assert json.loads(run("job", "purge", JOB, "--yes", "--json").stdout) == {
        "job": JOB,
        "deleted": 3,
        "emptied": 0,
        "left": ["a"],
    }
    assert run("job", "list", "logs-v1").stderr == "logs-v1 has no jobs.\n"


@pytest.mark.usefixtures("endpoint")
def test_an_example_is_rows_that_can_be_predicted_and_the_lines_that_do_it() -> None:
    told = run("example", "logs-v1", "-n", "1")
    assert told.stdout == "smiles\nCCO\n"  # the golden row that fails is passed over
    assert "chem-endpoints predict logs-v1 example.csv" in told.stderr
    assert 'Endpoint("logs-v1").inference("example.csv")' in told.stderr
    shown = json.loads(run("example", "logs-v1", "--json").stdout)
    assert shown["rows"] == [{"smiles": "CCO"}, {"smiles": "CCN"}]
    assert set(shown) == {"endpoint", "rows", "shell", "python"}
    Path("example.csv").write_text(told.stdout)
    assert run("predict", "logs-v1", "example.csv").stdout.splitlines()[1] == "CCO,3.0,"


@pytest.mark.usefixtures("endpoint")
def test_waking_waits_as_long_as_it_is_told() -> None:
    assert run("wake", "logs-v1").stdout == "logs-v1: awake, answered within 0.5 s\n"
    assert json.loads(run("wake", "logs-v1", "--json").stdout) == {"endpoint": "logs-v1", "awake": True, "seconds": 0.5}
    assert run("wake", "logs-v1", "--seconds", "7").exit_code == 0
    assert LengthEndpoint.asked[-1] == {"wake_seconds": 7.0}
    gone = run("wake", "logs-v9")
    assert (gone.exit_code, gone.stderr) == (1, "Error: there is no such endpoint here: 'logs-v9'\n")


@pytest.mark.usefixtures("endpoint")
def test_the_cache_is_told_of_and_emptied(tmp_path: Path) -> None:
    store = ("--store", str(tmp_path / "kept"))
    told = json.loads(run("cache", "info", "logs-v1", *store, "--json").stdout)
    assert (told["rows"], told["models"]) == (0, {})
    assert run("cache", "clear", "logs-v1", *store).exit_code == 1  # nobody said yes
    assert "rows    0" in run("cache", "clear", "logs-v1", *store, "--yes").stdout
    assert "models  none" in run("cache", "compact", "logs-v1", *store).stdout
