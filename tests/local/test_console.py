"""Promise: browsers get the console and AWS clients get AWS; the console tells what runs and never what was asked;
looking changes nothing, and is neither logged, struck by faults, nor taken for use."""

import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.local.address import CONSOLE_PATH, FAULTS_PATH, Address
from chem_endpoints.local.console import door, requests
from container.server import log
from tests.local.conftest import ROLE

pytestmark = pytest.mark.end_to_end
PAGE = Path(door.__file__).with_name("page")
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Answer:
    """What came back."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = response.status, response.headers, response.read()


def ask(port: int, path: str, headers: dict[str, str] | None = None, *, method: str = "GET", body: str = "") -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body or None, {"Host": f"localhost:{port}", **(headers or {})})
        return Answer(connection.getresponse())
    finally:
        connection.close()


@pytest.fixture
def state(local_aws: Address) -> Callable[[], dict[str, Any]]:
    def read() -> dict[str, Any]:
        answer = ask(local_aws.port, f"{CONSOLE_PATH}state")
        assert answer.status == 200, answer.body
        return dict(json.loads(answer.body))

    return read


@pytest.fixture
def shown(state: Callable[[], dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
    """One endpoint as the console has it."""

    def find(name: str) -> dict[str, Any]:
        (found,) = (endpoint for endpoint in state()["endpoints"] if endpoint["name"] == name)
        return dict(found)

    return find


def test_a_browser_is_sent_to_the_console(local_aws: Address) -> None:
    sent = ask(local_aws.port, "/", BROWSER)
    assert (sent.status, sent.headers["Location"]) == (302, CONSOLE_PATH)
    assert ask(local_aws.port, CONSOLE_PATH.rstrip("/"), BROWSER).headers["Location"] == CONSOLE_PATH
    assert ask(local_aws.port, CONSOLE_PATH, BROWSER).body.startswith(b"<!doctype html>")


def test_an_aws_client_gets_its_buckets(
    local_aws: Address, client: Callable[[str], Any], client_environment: dict[str, str]
) -> None:
    client("s3").create_bucket(Bucket="console")
    assert "console" in {bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]}
    command = [str(Path(sys.executable).with_name("aws")), "s3", "ls"]
    listed = subprocess.run(command, env=client_environment, capture_output=True, text=True, check=True)
    assert listed.stdout.rstrip().endswith("console")
    client("s3").put_object(Bucket="console", Key="state", Body=b"an object", ContentType="text/html")
    assert client("s3").get_object(Bucket="console", Key="state")["Body"].read() == b"an object"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"Accept": "*/*"}),
        ("/", {**BROWSER, "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/s3/aws4_request"}),
        ("/?X-Amz-Signature=0", BROWSER),
        ("/", {**BROWSER, "Host": "bucket.localhost"}),
    ],
    ids=["no-browser", "signed", "presigned", "named-bucket"],
)
def test_what_is_meant_for_s3_is_left_to_it(local_aws: Address, path: str, headers: dict[str, str]) -> None:
    answer = ask(local_aws.port, path, headers)
    assert answer.headers["Location"] is None
    assert b"<html" not in answer.body


@pytest.mark.parametrize("name", ["", "state", *sorted(path.name for path in PAGE.iterdir())])
def test_every_answer_forbids_what_is_not_needed(local_aws: Address, name: str) -> None:
    answer = ask(local_aws.port, CONSOLE_PATH + name)
    assert answer.status == 200
    assert {name: answer.headers[name] for name, _ in door.SECURITY_HEADERS} == dict(door.SECURITY_HEADERS)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_page_asks_only_for_what_is_there() -> None:
    named = re.findall(r'(?:href|src)="([^"]+)"', (PAGE / "index.html").read_text(encoding="utf-8"))
    for script in PAGE.glob("*.js"):
        named += re.findall(r'from "\./([^"]+)"', script.read_text(encoding="utf-8"))
    assert {*named, "index.html"} == {path.name for path in PAGE.iterdir()}


@pytest.mark.parametrize("name", ["none.js", "../door.py", "%2e%2e/door.py", "..%2fstate.py"])
def test_only_the_page_s_files_are_given(local_aws: Address, name: str) -> None:
    answer = ask(local_aws.port, CONSOLE_PATH + name)
    assert answer.status == 404
    assert CONSOLE_PATH in json.loads(answer.body)["message"]


def test_it_is_reached_over_loopback_and_by_its_own_page_only(local_aws: Address) -> None:
    own, path = f"http://localhost:{local_aws.port}", f"{CONSOLE_PATH}state"
    assert ask(local_aws.port, path, {"Host": "rebound.example.com"}).status == 403
    assert ask(local_aws.port, path, {"Origin": "https://example.com"}).status == 403
    assert ask(local_aws.port, path, {"Origin": "null"}).status == 403
    assert ask(local_aws.port, path, {"Origin": own}).status == 200
    assert ask(local_aws.port, "/", {"Origin": own}).status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_it_takes_no_orders(local_aws: Address, method: str) -> None:
    answer = ask(local_aws.port, f"{CONSOLE_PATH}state", method=method, body="{}")
    assert answer.status == 405
    assert "GET only" in json.loads(answer.body)["message"]


def test_an_endpoint_is_told_with_its_processes(deployer: Any, shown: Callable[[str], dict[str, Any]]) -> None:
    digest = "0" * 64
    deployer.endpoint("console-pair", count=2, environment={"CHEM_ENDPOINTS_MODEL_SHA256": digest})
    told = shown("console-pair")
    assert (told["kind"], told["status"], told["queue"]) == ("realtime", "InService", None)
    (host,) = told["hosts"]
    assert (host["running"], host["desired"], host["least"], host["digest"]) == (2, 2, None, digest)
    assert [process["state"] for process in host["processes"]] == ["ready", "ready"]
    for process in host["processes"]:
        os.kill(process["pid"], 0)


def test_a_serverless_endpoint_is_told_with_its_concurrency(
    deployer: Any, client: Callable[[str], Any], shown: Callable[[str], dict[str, Any]]
) -> None:
    limits = {"MemorySizeInMB": 2048, "MaxConcurrency": 3}
    variant = {"VariantName": "V", "ModelName": deployer.model(), "ServerlessConfig": limits}
    deployer.endpoint_of("console-serverless", [variant])
    (cold,) = shown("console-serverless")["hosts"]
    assert (cold["running"], cold["desired"], cold["most"], cold["processes"]) == (0, 0, 3, [])
    client("sagemaker-runtime").invoke_endpoint(EndpointName="console-serverless", Body=b"x")
    told = shown("console-serverless")
    assert (told["kind"], told["hosts"][0]["processes"][0]["served"]) == ("serverless", 1)


def test_components_are_told_beside_the_variant_that_holds_them(
    deployer: Any, shown: Callable[[str], dict[str, Any]]
) -> None:
    managed = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 2}
    place = {"VariantName": "V", "InstanceType": "ml.c7i.large", "InitialInstanceCount": 1}
    deployer.endpoint_of("console-place", [{**place, "ManagedInstanceScaling": managed}], ExecutionRoleArn=ROLE)
    needs = {"MinMemoryRequiredInMb": 1024, "NumberOfCpuCoresRequired": 1}
    deployer.sagemaker.create_inference_component(
        InferenceComponentName="console-copy",
        EndpointName="console-place",
        VariantName="V",
        Specification={"ModelName": deployer.model(), "ComputeResourceRequirements": needs},
        RuntimeConfig={"CopyCount": 1},
    )
    deadline = time.monotonic() + 30
    while (told := shown("console-place"))["hosts"][-1]["status"] != "InService":
        assert time.monotonic() < deadline, told
        time.sleep(0.05)
    assert told["kind"] == "inference_component"
    variant, component = told["hosts"]
    assert (variant["role"], variant["running"], variant["processes"]) == ("place", 1, [])
    assert (component["role"], component["name"], component["running"]) == ("component", "console-copy", 1)
    assert [process["state"] for process in component["processes"]] == ["ready"]
    deployer.sagemaker.delete_inference_component(InferenceComponentName="console-copy")


def test_an_update_shows_the_old_and_the_new_until_the_new_serves(
    deployer: Any, shown: Callable[[str], dict[str, Any]]
) -> None:
    deployer.endpoint("console-update", environment={"CHEM_ENDPOINTS_MODEL_SHA256": "a" * 64})
    slow = deployer.config(environment={"CHEM_ENDPOINTS_MODEL_SHA256": "b" * 64, "STAND_IN_FAULT": "slow-start"})
    deployer.sagemaker.update_endpoint(EndpointName="console-update", EndpointConfigName=slow)
    during = shown("console-update")
    assert (during["status"], during["hosts"][0]["digest"]) == ("Updating", "a" * 64)
    deployer.settled("console-update")
    assert [host["digest"] for host in shown("console-update")["hosts"]] == ["b" * 64]


def test_an_alarm_is_told_with_the_endpoint_whose_policy_it_sets_off(
    deployer: Any, client: Callable[[str], Any], shown: Callable[[str], dict[str, Any]]
) -> None:
    names = ("console-one", "console-two")
    for name in names:
        deployer.endpoint(name)
        (variant,) = deployer.sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
        target = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{name}/variant/{variant['VariantName']}",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }
        scaling = client("application-autoscaling")
        scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
        steps = {"AdjustmentType": "ExactCapacity", "StepAdjustments": [{"ScalingAdjustment": 2}]}
        policy = scaling.put_scaling_policy(
            **target, PolicyName="alike", PolicyType="StepScaling", StepScalingPolicyConfiguration=steps
        )
        client("cloudwatch").put_metric_alarm(
            AlarmName=f"{name}-busy",
            Namespace="ours",
            MetricName="Busy",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=[policy["PolicyARN"]],
        )
    for name in names:
        assert [alarm["name"] for alarm in shown(name)["alarms"]] == [f"{name}-busy"]
    client("cloudwatch").delete_alarms(AlarmNames=[f"{name}-busy" for name in names])


def test_a_failure_is_told_with_its_reason(deployer: Any, shown: Callable[[str], dict[str, Any]]) -> None:
    deployer.endpoint("console-broken", environment={"STAND_IN_FAULT": "exit"})
    told = shown("console-broken")
    assert told["status"] == "Failed"
    assert "ended with exit code 3" in told["failure_reason"]
    assert told["hosts"] == []


def test_what_waits_is_counted_and_what_was_asked_is_not_told(
    deployer: Any, client: Callable[[str], Any], shown: Callable[[str], dict[str, Any]], local_aws: Address
) -> None:
    secret = "CC(=O)Oc1ccccc1C(=O)O"
    deployer.endpoint("console-queue", asynchronous={"OutputConfig": {"S3OutputPath": "s3://models/out"}})
    body = json.dumps({"do": "sleep", "seconds": 8, "smiles": secret}).encode()
    for _ in range(5):
        client("sagemaker-runtime").invoke_endpoint_async(EndpointName="console-queue", Body=body)
    deadline = time.monotonic() + 10
    while (told := shown("console-queue"))["in_flight"] < 4 or told["queue"]["waiting"] != 1:
        assert time.monotonic() < deadline, told
        time.sleep(0.02)
    assert (told["kind"], told["in_flight"], told["queue"]["size"]) == ("async", 4, 5)
    assert secret.encode() not in ask(local_aws.port, f"{CONSOLE_PATH}state").body


def test_faults_are_told_and_do_not_strike_the_console(local_aws: Address, state: Callable[[], Any]) -> None:
    order = {"kind": "latency", "latency_seconds": 30, "for_seconds": 60}
    ask(local_aws.port, FAULTS_PATH, method="POST", body=json.dumps({"faults": [order]}))
    try:
        begun = time.monotonic()
        (fault,) = state()["faults"]
        assert time.monotonic() - begun < 10
        assert (fault["kind"], fault["state"], fault["struck"]) == ("latency", "active", 0)
    finally:
        ask(local_aws.port, FAULTS_PATH, method="DELETE")
    assert state()["faults"] == []


def test_stacks_are_told_with_their_last_events(cloud: Any, state: Callable[[], dict[str, Any]]) -> None:
    wrong = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "a topic with blanks"}}
    assert cloud.create({"Bucket": {"Type": "AWS::S3::Bucket"}, "Topic": wrong}) == "ROLLBACK_COMPLETE"
    (stack,) = (stack for stack in state()["stacks"] if stack["name"] == cloud.name)
    assert stack["status"] == "ROLLBACK_COMPLETE"
    assert stack["events"][0]["resource"] == cloud.name
    cloud.delete()
    assert cloud.name not in {stack["name"] for stack in state()["stacks"]}


def test_looking_is_not_logged(local_aws: Address, clone: Path) -> None:
    before = (clone / "service.log").read_text()
    for path in ("", "state", "console.js"):
        ask(local_aws.port, CONSOLE_PATH + path)
    assert (clone / "service.log").read_text() == before


def test_a_page_that_is_left_open_does_not_keep_it_up(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "chem_endpoints.local", "--root", str(tmp_path), "--port", "0"]
    process = subprocess.Popen([*command, "--idle-minutes", "0.05"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline().rpartition(":")[2])
    looks, deadline = 0, time.monotonic() + 60
    while process.poll() is None:
        assert time.monotonic() < deadline
        with contextlib.suppress(OSError, http.client.HTTPException):  # It ends between the two.
            looks += ask(port, f"{CONSOLE_PATH}state").status == 200
        time.sleep(0.05)
    process.stdout.close()
    assert (process.returncode, looks > 0) == (0, True)


def test_rows_are_read_where_our_server_tells_them() -> None:
    assert (requests.ROWS_NAMESPACE, requests.ROWS_DIMENSION) == (log.NAMESPACE, log.ENDPOINT_DIMENSION)
    assert {"Rows", "BadRows"} <= set(log.METRICS)
