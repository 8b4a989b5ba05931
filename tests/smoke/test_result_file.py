"""Promise: results are dated, never overwrite an earlier one, and read the same in both forms."""

import json
from pathlib import Path

from chem_endpoints.smoke.check import Finding, not_tested
from chem_endpoints.smoke.result_file import Place, write_result

PLACE = Place(date="2026-11-27", region="us-east-1", is_local=False, image="i", instance_type="ml.m5.large")
FINDINGS = {"b": Finding(verdict="refuted", evidence="two\nlines | and a bar"), "a": not_tested("no time")}


def test_both_files_tell_every_finding(tmp_path: Path) -> None:
    as_json, as_markdown = write_result(tmp_path / "new", PLACE, FINDINGS, ("endpoint x: busy",))
    assert as_json.name == "smoke-2026-11-27-us-east-1.json"
    told = json.loads(as_json.read_text())
    assert told["findings"]["b"] == {"verdict": "refuted", "evidence": "two\nlines | and a bar"}
    assert told["left"] == ["endpoint x: busy"]
    text = as_markdown.read_text()
    assert "| a | not tested | no time |\n| b | refuted | two lines \\| and a bar |" in text
    assert "- endpoint x: busy" in text


def test_a_second_run_of_the_day_keeps_the_first(tmp_path: Path) -> None:
    first, second = (write_result(tmp_path, PLACE, FINDINGS, ())[0] for _ in range(2))
    assert (first.name, second.name) == ("smoke-2026-11-27-us-east-1.json", "smoke-2026-11-27-us-east-1-2.json")


def test_a_run_on_the_local_aws_says_so(tmp_path: Path) -> None:
    local = Place(date="2026-11-27", region="us-east-1", is_local=True, image="i", instance_type="ml.m5.large")
    as_json, as_markdown = write_result(tmp_path, local, FINDINGS, ())
    assert as_json.name == "smoke-2026-11-27-local.json"
    assert "nothing about AWS" in as_markdown.read_text()
