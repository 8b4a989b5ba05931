"""Promise: `chem-endpoints doctor` says one line per finding, and its exit status says what kind of day it is."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from chem_endpoints.cli.main import main

pytestmark = pytest.mark.end_to_end


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["doctor", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_healthy(healthy: Any) -> None:
    code, told = run(healthy.name)
    assert code == 0, told
    assert told.splitlines() == [
        f"{healthy.name}: note: the local AWS runs this clone's code, no images; not looked at.",
        f"{healthy.name}: note: the local AWS has no quotas; not looked at.",
        f"{healthy.name}: healthy (9 checks)",
    ]


def test_a_finding_says_what_to_do(healthy: Any, client: Any, undo: Any) -> None:
    name = healthy.alarm_name("wake")
    undo.callback(client("cloudwatch").enable_alarm_actions, AlarmNames=[name])
    client("cloudwatch").disable_alarm_actions(AlarmNames=[name])
    code, told = run(healthy.name)
    assert code == 1
    assert told.splitlines()[0] == (
        f"{healthy.name}: the actions of the scaling alarm {name} are disabled."
        f" Do: Enable them: aws cloudwatch enable-alarm-actions --alarm-names {name}"
    )
    assert "healthy" not in told
    code, told = run(healthy.name, "--json")
    assert code == 1
    (report,) = json.loads(told)
    assert report["endpoint"] == healthy.name
    assert report["findings"][0]["check"] == "scaling"


def test_what_it_could_not_see_is_not_healthy(healthy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One service does not answer; the others do."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", "http://localhost:9")
    code, told = run(healthy.name)
    assert code == 2
    assert f"{healthy.name}: could not look (alarms): Could not connect" in told
    assert "Do: Allow cloudwatch:DescribeAlarms, sns:ListSubscriptionsByTopic" in told
    assert "healthy" not in told


def test_no_such_endpoint(session: Any) -> None:
    code, told = run("no-such")
    assert code == 2
    assert told.startswith("Error: no-such: no such endpoint in us-east-1. ")
    assert len(told.splitlines()) == 1


def test_the_stage_chooses_the_region_and_must_fit_the_account(
    healthy: Any, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("app.py", "cdk.json", "stages.yaml"):
        shutil.copy(root / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert run(healthy.name, "--stage", "local")[0] == 0
    stages = tmp_path / "stages.yaml"
    stages.write_text(stages.read_text().replace("123456789012", "210987654321"))
    code, told = run(healthy.name, "--stage", "local")
    assert code == 2
    assert told == "Error: the stage's account is 210987654321, the credentials are for 123456789012\n"


def test_it_needs_no_clone_and_sends_no_data(healthy: Any, tmp_path: Path, root: Path) -> None:
    """From an empty folder, with the package alone; every call that it makes is a reading one."""
    program = (
        "import sys, boto3, botocore.client as c\n"
        f"sys.path.insert(0, {str(root)!r})\n"
        "from chem_endpoints.doctor import COMMON_READS, CHECKS, reports\n"
        "made, call = set(), c.BaseClient._make_api_call\n"
        "def spy(self, operation, parameters):\n"
        "    made.add(self.meta.service_model.signing_name + ':' + operation)\n"
        "    return call(self, operation, parameters)\n"
        "c.BaseClient._make_api_call = spy\n"
        f"reports([{healthy.name!r}], local=False), reports()\n"
        "allowed = {*COMMON_READS, *(action for check in CHECKS for action in check.reads)}\n"
        "renamed = {'cloudwatch': 'monitoring', 's3:HeadObject': 's3:GetObject'}\n"
        "made = {renamed.get(each, each).replace('monitoring:', 'cloudwatch:') for each in made}\n"
        "assert made <= allowed, made - allowed\n"
        "print(len(made))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 15
