"""SageMaker endpoints as processes, made by plain boto3 calls."""

import json
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]


def ask(client: Clients, endpoint: str, order: dict[str, Any]) -> Any:
    answer = client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, Body=json.dumps(order).encode())
    return json.loads(answer["Body"].read())


def pids(client: Clients, endpoint: str, calls: int = 12) -> set[int]:
    return {ask(client, endpoint, {"do": "echo"})["pid"] for _ in range(calls)}


def test_an_endpoint_serves_its_model_and_its_environment(deployer: Any, client: Clients, clone: Path) -> None:
    found = deployer.endpoint("plain", environment={"STAND_IN_LABEL": "one"})
    assert found["EndpointStatus"] == "InService"
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert ask(client, "plain", {"do": "files"}) == {"weights.txt": "weights"}
    assert ask(client, "plain", {"do": "echo"})["label"] == "one"
    assert "stand-in starts" in (clone / ".local-aws/logs/plain/AllTraffic-1.log").read_text()


def test_a_container_sees_no_credentials_and_nothing_of_the_caller(deployer: Any, client: Clients) -> None:
    deployer.endpoint("isolated")
    seen = ask(client, "isolated", {"do": "environment"})
    assert not [name for name in seen if "SECRET" in name or "ACCESS_KEY" in name or name == "AWS_ENDPOINT_URL"]
    allowed = {
        "CHEM_ENDPOINTS_HOST",
        "PATH",
        "HOME",
        "LANG",
        "LC_CTYPE",
        "TMPDIR",
        "PYTHONPATH",
        "LD_LIBRARY_PATH",
        "SM_MODEL_DIR",
    }
    others = {name for name in seen if name not in allowed and not name.startswith(("COVERAGE_", "AWS_", "SAGEMAKER_"))}
    assert others == set()
    assert Path(seen["SM_MODEL_DIR"]).is_dir()
    assert seen["CHEM_ENDPOINTS_HOST"] == "127.0.0.1"


def test_each_instance_is_a_process_and_shares_the_work(deployer: Any, client: Clients) -> None:
    found = deployer.endpoint("three", count=3)
    assert found["ProductionVariants"][0]["DesiredInstanceCount"] == 3
    assert len(pids(client, "three", 40)) >= 2


def test_a_dead_process_is_started_again(deployer: Any, client: Clients) -> None:
    deployer.endpoint("mortal")
    (before,) = pids(client, "mortal", 1)
    with pytest.raises(ClientError) as caught:
        ask(client, "mortal", {"do": "die"})
    assert caught.value.response["Error"]["Code"] == "ModelError"
    assert caught.value.response["OriginalStatusCode"] == 0
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            (after,) = pids(client, "mortal", 1)
        except (
            client("sagemaker-runtime").exceptions.ServiceUnavailable,
            client("sagemaker-runtime").exceptions.ModelError,
        ):
            time.sleep(0.1)
        else:
            break
    assert after != before


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"environment": {"STAND_IN_FAULT": "exit"}}, "Last log line: manifest.json does not match: refused"),
        ({"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/chem-endpoints:0ld"}, "deploy again from this clone"),
        ({"data": "s3://models/missing.tar.gz"}, "Could not access model data at s3://models/missing.tar.gz"),
    ],
    ids=["the server refuses to start", "other code", "no artifact"],
)
def test_an_endpoint_that_cannot_serve_says_why(deployer: Any, fault: dict[str, Any], reason: str) -> None:
    name = f"broken-{abs(hash(reason)) % 10**6}"
    found = deployer.endpoint(name, **fault)
    assert found["EndpointStatus"] == "Failed"
    assert reason in found["FailureReason"]


def test_the_reason_names_both_hashes(deployer: Any, image: str) -> None:
    found = deployer.endpoint("stale", image=image[:-64] + "f" * 64)
    assert "f" * 64 in found["FailureReason"]
    assert image.rpartition(":")[2] in found["FailureReason"]


def test_an_update_switches_without_a_gap(deployer: Any, client: Clients) -> None:
    deployer.endpoint("moving", environment={"STAND_IN_LABEL": "old"})
    config = deployer.config(environment={"STAND_IN_LABEL": "new", "STAND_IN_FAULT": "slow-start"})
    deployer.sagemaker.update_endpoint(EndpointName="moving", EndpointConfigName=config)
    with pytest.raises(ClientError, match="in-progress"):
        deployer.sagemaker.update_endpoint(EndpointName="moving", EndpointConfigName=config)
    labels = []
    while deployer.sagemaker.describe_endpoint(EndpointName="moving")["EndpointStatus"] == "Updating":
        labels.append(ask(client, "moving", {"do": "echo"})["label"])
    labels.append(ask(client, "moving", {"do": "echo"})["label"])
    assert labels[0] == "old"
    assert labels[-1] == "new"
    assert deployer.settled("moving")["EndpointConfigName"] == config


def test_a_failed_update_keeps_the_old_processes(deployer: Any, client: Clients, clone: Path) -> None:
    before = deployer.endpoint("steady", environment={"STAND_IN_LABEL": "old"})
    config = deployer.config(environment={"STAND_IN_FAULT": "exit"})
    deployer.sagemaker.update_endpoint(EndpointName="steady", EndpointConfigName=config)
    after = deployer.settled("steady")
    assert after["EndpointStatus"] == "InService"
    assert after["EndpointConfigName"] == before["EndpointConfigName"]
    assert "did not pass the ping health check" in after["FailureReason"]
    logs = clone / ".local-aws/logs/steady"
    assert (logs / "AllTraffic-1.log").read_text() == "stand-in starts\n"
    assert "refused" in (logs / "AllTraffic-1.starting.log").read_text()
    assert str(logs / "AllTraffic-1.starting.log") in after["FailureReason"]
    assert ask(client, "steady", {"do": "echo"})["label"] == "old"


def test_deleting_stops_the_process(deployer: Any, client: Clients) -> None:
    deployer.endpoint("short-lived")
    (pid,) = pids(client, "short-lived", 1)
    deployer.endpoints.remove("short-lived")
    deployer.sagemaker.delete_endpoint(EndpointName="short-lived")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        deployer.sagemaker.describe_endpoint(EndpointName="short-lived")


def test_what_still_answers_is_deleting_until_it_has_ended(deployer: Any, client: Clients, tmp_path: Path) -> None:
    deployer.endpoint("talking")
    deployer.endpoints.remove("talking")
    config = deployer.config()
    stream = begin_stream(client, "talking", tmp_path)
    deployer.sagemaker.delete_endpoint(EndpointName="talking")
    deployer.sagemaker.delete_endpoint(EndpointName="talking")
    assert deployer.sagemaker.describe_endpoint(EndpointName="talking")["EndpointStatus"] == "Deleting"
    found = deployer.sagemaker.list_endpoints(NameContains="talking")["Endpoints"]  # Pages of ten.
    listed = {each["EndpointName"]: each["EndpointStatus"] for each in found}
    assert listed["talking"] == "Deleting"
    with pytest.raises(ClientError, match="already existing"):
        deployer.sagemaker.create_endpoint(EndpointName="talking", EndpointConfigName=config)
    with pytest.raises(ClientError, match="in-progress"):
        deployer.sagemaker.update_endpoint(EndpointName="talking", EndpointConfigName=config)
    with pytest.raises(ClientError, match="not found"):
        ask(client, "talking", {"do": "echo"})
    (tmp_path / "1").touch()
    assert b"".join(part["PayloadPart"]["Bytes"] for part in stream) == b'{"row": 1}\n'
    until_gone(deployer, "talking")
    deployer.endpoint("talking")


def test_a_stack_is_deleted_when_its_endpoint_is_gone(
    deployer: Any, client: Clients, cloud: Any, tmp_path: Path
) -> None:
    properties = {"EndpointName": cloud.name, "EndpointConfigName": deployer.config()}
    cloud.create({"Endpoint": {"Type": "AWS::SageMaker::Endpoint", "Properties": properties}})
    stream = begin_stream(client, cloud.name, tmp_path)
    cloud.api.delete_stack(StackName=cloud.name)
    cloud.api.delete_stack(StackName=cloud.name)
    while deployer.sagemaker.describe_endpoint(EndpointName=cloud.name)["EndpointStatus"] != "Deleting":
        time.sleep(0.05)
    time.sleep(2.5)  # Longer than DeleteEndpoint waits before it answers.
    assert cloud.stack()["StackStatus"] == "DELETE_IN_PROGRESS"
    (tmp_path / "1").touch()
    list(stream)
    assert cloud._wait() == "DELETE_COMPLETE"
    until_gone(deployer, cloud.name)


def begin_stream(client: Clients, endpoint: str, gate: Path) -> Any:
    """A streamed answer of two rows whose second waits for a file ``1``; the first has come."""
    (gate / "0").touch()
    body = json.dumps({"do": "rows", "rows": 2, "gate": str(gate)}).encode()
    answer = client("sagemaker-runtime").invoke_endpoint_with_response_stream(EndpointName=endpoint, Body=body)
    stream = iter(answer["Body"])
    assert next(stream)["PayloadPart"]["Bytes"] == b'{"row": 0}\n'
    return stream


def until_gone(deployer: Any, name: str) -> None:
    while name in [each["EndpointName"] for each in deployer.sagemaker.list_endpoints(NameContains=name)["Endpoints"]]:
        time.sleep(0.05)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        deployer.sagemaker.describe_endpoint(EndpointName=name)


def test_names_are_taken_once(deployer: Any) -> None:
    deployer.endpoint("taken")
    with pytest.raises(ClientError, match="already existing"):
        deployer.endpoint("taken")
    listed = deployer.sagemaker.list_endpoints(NameContains="taken")["Endpoints"]
    assert {"EndpointName": "taken", "EndpointStatus": "InService"}.items() <= {
        **next(item for item in listed if item["EndpointName"] == "taken")
    }.items()


def test_an_endpoint_grows_and_shrinks(deployer: Any, client: Clients) -> None:
    deployer.endpoint("elastic")
    scale = deployer.sagemaker.update_endpoint_weights_and_capacities

    def to(count: int) -> dict[str, Any]:
        change = {"VariantName": "AllTraffic", "DesiredInstanceCount": count}
        scale(EndpointName="elastic", DesiredWeightsAndCapacities=[change])
        return dict(deployer.settled("elastic")["ProductionVariants"][0])

    assert to(3)["CurrentInstanceCount"] == 3
    assert len(pids(client, "elastic", 12)) == 3
    assert to(1)["CurrentInstanceCount"] == to(1)["DesiredInstanceCount"] == 1
    assert len(pids(client, "elastic", 6)) == 1
    with pytest.raises(ClientError, match="only asynchronous endpoints can be scaled to 0"):
        to(0)
    with pytest.raises(ClientError, match="Variant other does not exist"):
        scale(EndpointName="elastic", DesiredWeightsAndCapacities=[{"VariantName": "other", "DesiredWeight": 1}])


def test_an_asynchronous_endpoint_sleeps_and_wakes(deployer: Any) -> None:
    paths = {"S3OutputPath": "s3://models/out", "S3FailurePath": "s3://models/failed"}
    deployer.endpoint("sleepy", asynchronous={"OutputConfig": paths})
    for count in (0, 1):
        change = {"VariantName": "AllTraffic", "DesiredInstanceCount": count}
        deployer.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="sleepy", DesiredWeightsAndCapacities=[change]
        )
        assert deployer.settled("sleepy")["ProductionVariants"][0]["CurrentInstanceCount"] == count


def test_an_update_needs_a_configuration(deployer: Any) -> None:
    deployer.endpoint("fixed-size")
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        deployer.sagemaker.update_endpoint(EndpointName="fixed-size", EndpointConfigName="none")


def test_a_server_that_stands_still_is_replaced(deployer: Any, client: Clients) -> None:
    deployer.endpoint("frozen")
    (before,) = pids(client, "frozen", 1)
    os.kill(before, signal.SIGSTOP)
    deadline, after = time.monotonic() + 30, before
    while after == before and time.monotonic() < deadline:
        try:
            (after,) = pids(client, "frozen", 1)
        except (
            client("sagemaker-runtime").exceptions.ServiceUnavailable,
            client("sagemaker-runtime").exceptions.ModelError,
        ):
            time.sleep(0.1)
    assert after != before


def outcomes(calls: list[Callable[[], Any]]) -> list[str]:
    """What becomes of calls that are made at once: an empty text, or the error's."""

    def run(call: Callable[[], Any]) -> str:
        try:
            call()
        except ClientError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(run, calls))


def test_of_creations_at_once_one_succeeds(deployer: Any) -> None:
    config = deployer.config()
    deployer.endpoints.append("contested")
    create = deployer.sagemaker.create_endpoint
    calls = [lambda: create(EndpointName="contested", EndpointConfigName=config)] * 6
    first, *others = outcomes(calls)
    assert first == ""
    assert all("already existing" in message and "ValidationException" in message for message in others)
    assert deployer.settled("contested")["EndpointStatus"] == "InService"


def test_of_updates_at_once_one_succeeds(deployer: Any) -> None:
    deployer.endpoint("wanted")
    config = deployer.config()
    update = deployer.sagemaker.update_endpoint
    first, *others = outcomes([lambda: update(EndpointName="wanted", EndpointConfigName=config)] * 6)
    assert first == ""
    assert all("in-progress" in message for message in others)
    deployer.settled("wanted")
