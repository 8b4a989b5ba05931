"""Promise: every check runs through, with real processes, and what a run made is deleted, even if the run is killed."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.smoke.checks import CHECKS

pytestmark = [pytest.mark.end_to_end, pytest.mark.thorough]

NOT_TOLD_HERE = {name for check in CHECKS for name in check.not_local}
ONE_CHECK = ("--local", "--max-cost", "5", "--yes", "--only", "realtime")


def results(folder: Path) -> dict[str, Any]:
    """The newest JSON file."""
    found = max(folder.glob("smoke-*-local*.json"), key=lambda path: path.stat().st_mtime_ns)
    content: dict[str, Any] = json.loads(found.read_text())
    assert found.with_suffix(".md").is_file()
    return content


def wait_for_endpoint(process: "subprocess.Popen[str]", played: Any) -> None:
    """Until the run has made its first endpoint, and has much to clean up."""
    deadline = time.monotonic() + 90
    while not played.client("sagemaker").list_endpoints()["Endpoints"]:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.thorough
def test_every_check_runs_and_what_the_local_aws_cannot_tell_says_so(played: Any, tmp_path: Path) -> None:
    output = played.smoke(tmp_path, "--local", "--max-cost", "5", "--yes", *played.model, status=0)
    assert "In all at most 0.75 USD" in output
    told = results(tmp_path)
    verdicts = {name: finding["verdict"] for name, finding in told["findings"].items()}
    ids = [name for check in CHECKS for name in check.answers]
    expected = {name: "not tested" if name in NOT_TOLD_HERE else "confirmed" for name in ids}
    assert verdicts == expected, told["findings"]
    assert told["left"] == []
    assert "123456789012" not in json.dumps(told)
    assert played.resources() == []


def test_an_interrupted_run_deletes_what_it_made_and_keeps_what_it_knows(played: Any, tmp_path: Path) -> None:
    process = played.start(tmp_path, *ONE_CHECK, *played.model)
    wait_for_endpoint(process, played)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 130, output
    assert {finding["evidence"] for finding in results(tmp_path)["findings"].values()} == {"interrupted"}
    assert played.resources() == []


def test_what_a_killed_run_left_is_found_by_its_tags_and_deleted(played: Any, tmp_path: Path) -> None:
    s3 = played.client("s3")
    s3.create_bucket(Bucket="chem-smoke-of-somebody-else")
    tags = {"TagSet": [{"Key": "owner", "Value": "somebody else"}]}
    s3.put_bucket_tagging(Bucket="chem-smoke-of-somebody-else", Tagging=tags)
    try:
        process = played.start(tmp_path, *ONE_CHECK, *played.model)
        wait_for_endpoint(process, played)
        process.kill()
        process.communicate(timeout=30)
        assert len(played.resources()) >= 6
        output = played.smoke(tmp_path, "--local", "--clean", "--yes", status=0)
        assert "a run that ends by" in output
        assert played.resources() == ["chem-smoke-of-somebody-else"]
        assert played.smoke(tmp_path, "--local", "--clean", "--yes", status=0) == "nothing is left\n"
    finally:
        s3.delete_bucket(Bucket="chem-smoke-of-somebody-else")


def test_the_model_of_a_deployed_endpoint_is_taken(played: Any, tmp_path: Path) -> None:
    sagemaker = played.client("sagemaker")
    container = {"Image": played.model[1], "ModelDataUrl": played.model[3]}
    role = "arn:aws:iam::123456789012:role/r"
    variant = {"VariantName": "v", "ModelName": "own", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_model(ModelName="own", PrimaryContainer=container, ExecutionRoleArn=role)
    sagemaker.create_endpoint_config(EndpointConfigName="own", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="own", EndpointConfigName="own")
    given = ("--local", "--max-cost", "0", "--yes", "--only", "storage-key")
    try:
        assert "0 confirmed, 0 refuted, 2 not tested" in played.smoke(tmp_path, *given, "--endpoint", "own", status=0)
        output = played.smoke(tmp_path, *given, "--endpoint", "absent", status=1)
        assert output.splitlines()[-1].startswith("Error: endpoint absent: Could not find endpoint")
    finally:
        sagemaker.delete_endpoint(EndpointName="own")
        sagemaker.delete_endpoint_config(EndpointConfigName="own")
        sagemaker.delete_model(ModelName="own")
        for group in played.client("logs").describe_log_groups()["logGroups"]:
            played.client("logs").delete_log_group(logGroupName=group["logGroupName"])


def test_nothing_is_made_without_a_yes(played: Any, tmp_path: Path) -> None:
    output = played.smoke(tmp_path, "--local", "--max-cost", "5", *played.model, status=1)
    assert "Make and delete these in the local AWS? [y/N]" in output
    assert played.resources() == []
