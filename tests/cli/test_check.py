"""Promise: the check's status, text and JSON say the same, and a wrong command line is told before anything runs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broken_promises import BROKEN, write_sound_bundle
from chem_endpoints.check import PROMISES
from chem_endpoints.cli.main import main
from foreign_bundles import toolkit_bundle, workbench_bundle

KEYS = ["bundle", "model_sha256", "passed", "rows", "seconds", "checks"]
RESULT_KEYS = ["check", "promise", "result", "figure", "figures", "happened", "remedy"]


def check(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["check", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("absent.tar.gz",), "does not exist"),
        ((".", "--seconds", "0"), "--seconds"),
        ((".", "--max-ms", "0"), "--max-ms"),
        ((".", "--rows", "absent.csv"), "--rows"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error(arguments: tuple[str, ...], told: str) -> None:
    result = check(*arguments)
    assert (result.exit_code, told in result.output) == (2, True)


def test_help_shows_examples() -> None:
    assert "chem-endpoints check examples/bundles/logs-v1.tar.gz" in check("--help").output


def test_what_is_no_bundle_fails_and_the_rest_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "model.tar.gz").write_bytes(b"no archive")
    result = check(str(tmp_path / "model.tar.gz"), "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, list(told), told["passed"], told["model_sha256"]) == (1, KEYS, False, "")
    assert [list(one) for one in told["checks"]] == [RESULT_KEYS] * len(PROMISES)
    assert [one["check"] for one in told["checks"]] == [promise.id for promise in PROMISES]
    assert [one["result"] for one in told["checks"]] == ["FAIL", "FAIL", *["skipped"] * (len(PROMISES) - 2)]
    assert "not a readable model.tar.gz" in told["checks"][0]["happened"]


def test_a_server_that_does_not_start_is_told_as_text(tmp_path: Path) -> None:
    bundle = write_sound_bundle(tmp_path, BROKEN["cannot be loaded"])
    result = check(str(bundle))
    assert result.exit_code == 1
    assert "start     FAIL" in result.stdout
    assert "happened: model did not start" in result.stdout
    assert result.stderr == ""  # nobody watches


@pytest.mark.thorough
def test_a_sound_bundle_ends_with_status_0_and_both_reports_agree(tmp_path: Path) -> None:
    bundle = write_sound_bundle(tmp_path)
    text, told = check(str(bundle), "--seconds", "1"), check(str(bundle), "--seconds", "1", "--json")
    assert (text.exit_code, told.exit_code) == (0, 0)
    assert json.loads(told.stdout)["passed"]
    assert f"{len(PROMISES)} passed, 0 failed, 0 skipped" in text.stdout


@pytest.mark.thorough
def test_bundles_of_other_platforms_are_asked_with_the_callers_rows(tmp_path: Path) -> None:
    bundle = toolkit_bundle(tmp_path / "toolkit")
    alone = json.loads(check(str(bundle), "--seconds", "1", "--json").stdout)
    assert {one["check"] for one in alone["checks"] if one["result"] == "PASS"} == {"bundle", "start"}
    (tmp_path / "rows.csv").write_text("a,b\n0,1\n1,0.5\n2,2\n3,0.25\n")
    asked = check(str(bundle), "--rows", str(tmp_path / "rows.csv"), "--seconds", "1", "--json")
    results = {one["check"]: one["result"] for one in json.loads(asked.stdout)["checks"]}
    assert asked.exit_code == 0, asked.stdout
    assert {name for name, result in results.items() if result == "PASS"} >= {"order", "repeat", "batches", "restart"}


@pytest.mark.thorough
def test_a_pickle_of_another_platform_is_told(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    told = json.loads(check(str(workbench_bundle(tmp_path / "bundle")), "--json").stdout)
    assert "model.joblib" in told["checks"][0]["happened"]
    assert told["checks"][1]["result"] == "FAIL"
