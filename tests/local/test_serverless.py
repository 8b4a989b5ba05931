"""Promise: a serverless endpoint starts with the first request, sleeps when idle, and is limited as AWS limits it."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import ROLE

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]


def serverless(deployer: Any, *, concurrency: int = 2, provisioned: int | None = None, **model: Any) -> dict[str, Any]:
    limits = {"MemorySizeInMB": 2048, "MaxConcurrency": concurrency}
    if provisioned is not None:
        limits["ProvisionedConcurrency"] = provisioned
    return {"VariantName": "AllTraffic", "ModelName": deployer.model(**model), "ServerlessConfig": limits}


def ask(client: Clients, endpoint: str, order: dict[str, Any]) -> Any:
    answer = client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, Body=json.dumps(order).encode())
    return json.loads(answer["Body"].read())


def test_a_server_starts_with_the_first_request_and_stops_when_idle(deployer: Any, client: Clients, clone: Any) -> None:
    found = deployer.endpoint_of("cold", [serverless(deployer, label="x")])
    variant = found["ProductionVariants"][0]
    assert variant["CurrentServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 2}
    assert "CurrentInstanceCount" not in variant
    log = clone / ".local-aws/logs/cold/AllTraffic-1.log"
    assert not log.exists()
    first = ask(client, "cold", {"do": "echo"})
    assert first["label"] == "x"
    assert ask(client, "cold", {"do": "echo"})["pid"] == first["pid"]
    deadline = time.monotonic() + 15
    while alive(first["pid"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert ask(client, "cold", {"do": "echo"})["pid"] != first["pid"]


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_provisioned_concurrency_keeps_the_server_warm(deployer: Any, client: Clients, clone: Any) -> None:
    deployer.endpoint_of("warm", [serverless(deployer, provisioned=1)])
    assert (clone / ".local-aws/logs/warm/AllTraffic-1.log").exists()
    pid = ask(client, "warm", {"do": "echo"})["pid"]
    time.sleep(2)  # Longer than an idle server may live; nothing tells that it was not stopped.
    assert ask(client, "warm", {"do": "echo"})["pid"] == pid


def test_provisioned_concurrency_can_be_scaled(deployer: Any, client: Clients, clone: Any) -> None:
    deployer.endpoint_of("scaled", [serverless(deployer, concurrency=3)])
    scale = deployer.sagemaker.update_endpoint_weights_and_capacities

    def to(**limits: int) -> Any:
        change = {"VariantName": "AllTraffic", "ServerlessUpdateConfig": limits}
        scale(EndpointName="scaled", DesiredWeightsAndCapacities=[change])
        return deployer.settled("scaled")["ProductionVariants"][0]["CurrentServerlessConfig"]

    assert to(ProvisionedConcurrency=2)["ProvisionedConcurrency"] == 2
    assert (clone / ".local-aws/logs/scaled/AllTraffic-1.log").exists()
    with pytest.raises(ClientError, match="must not exceed MaxConcurrency"):
        to(ProvisionedConcurrency=4)


def test_concurrency_that_does_not_start_is_not_provisioned(deployer: Any) -> None:
    deployer.endpoint_of("unscalable", [serverless(deployer, environment={"STAND_IN_FAULT": "exit"})])
    change = {"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"ProvisionedConcurrency": 1}}
    deployer.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="unscalable", DesiredWeightsAndCapacities=[change]
    )
    found = deployer.settled("unscalable")
    assert "did not pass the ping health check" in found["FailureReason"]
    assert "ProvisionedConcurrency" not in found["ProductionVariants"][0]["CurrentServerlessConfig"]


def test_more_requests_at_once_than_allowed_are_throttled(deployer: Any, client: Clients) -> None:
    deployer.endpoint_of("busy", [serverless(deployer, concurrency=1)])

    def one(_: int) -> str:
        try:
            ask(client, "busy", {"do": "sleep", "seconds": 1})
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "answered"

    with ThreadPoolExecutor(3) as pool:
        outcomes = sorted(pool.map(one, range(3)))
    assert outcomes == ["ThrottlingException", "ThrottlingException", "answered"]


def at_once(client: Clients, endpoint: str, number: int) -> set[int]:
    """The processes that answer so many requests at once."""
    order = {"do": "sleep", "seconds": 1.5}
    with ThreadPoolExecutor(number) as pool:
        return {answer["pid"] for answer in pool.map(lambda _: ask(client, endpoint, order), range(number))}


def test_requests_that_run_at_once_have_servers_of_their_own(deployer: Any, client: Clients) -> None:
    deployer.endpoint_of("apart", [serverless(deployer, concurrency=2)])
    pids = at_once(client, "apart", 2)
    assert len(pids) == 2
    for _ in range(3):  # One after the other they need none beside those.
        assert ask(client, "apart", {"do": "echo"})["pid"] in pids
    deadline = time.monotonic() + 15
    while any(map(alive, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_beyond_the_servers_that_may_run_requests_share_them(deployer: Any, client: Clients) -> None:
    deployer.endpoint_of("shared", [serverless(deployer, concurrency=4)])
    assert len(at_once(client, "shared", 4)) == 2


def test_a_server_that_died_is_replaced_by_the_next_requests_own(deployer: Any, client: Clients) -> None:
    deployer.endpoint_of("dying", [serverless(deployer)])
    pid = ask(client, "dying", {"do": "echo"})["pid"]
    with pytest.raises(ClientError) as caught:
        ask(client, "dying", {"do": "die"})
    assert caught.value.response["Error"]["Code"] == "ModelError"
    while alive(pid):  # Its connections are closed a moment before its end.
        time.sleep(0.001)
    assert ask(client, "dying", {"do": "echo"})["pid"] != pid


def test_a_dead_server_of_provisioned_concurrency_is_restarted(deployer: Any, client: Clients, clone: Any) -> None:
    deployer.endpoint_of("reviving", [serverless(deployer, provisioned=1, concurrency=1)])
    log = clone / ".local-aws/logs/reviving/AllTraffic-1.log"
    with pytest.raises(ClientError):
        ask(client, "reviving", {"do": "die"})
    deadline = time.monotonic() + 15
    while log.read_text().count("stand-in starts") < 2:  # No request asks for it.
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_bodies_are_limited_to_4_mb(deployer: Any, client: Clients) -> None:
    deployer.endpoint_of("narrow", [serverless(deployer)])
    with pytest.raises(ClientError) as caught:
        client("sagemaker-runtime").invoke_endpoint(EndpointName="narrow", Body=b"x" * (4 * 1024**2 + 1))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_a_server_that_does_not_start_fails_the_request(deployer: Any, client: Clients) -> None:
    deployer.endpoint_of("broken-cold", [serverless(deployer, environment={"STAND_IN_FAULT": "exit"})])
    with pytest.raises(ClientError, match="did not pass the ping health check") as caught:
        ask(client, "broken-cold", {"do": "echo"})
    assert caught.value.response["Error"]["Code"] == "ModelError"


def test_a_cold_start_runs_no_other_code_than_was_deployed(own_aws: Any) -> None:
    own_aws.deployer.endpoint_of("stale-cold", [serverless(own_aws.deployer)])
    (own_aws.folder / "container" / "server.py").write_text("# edited since the deployment\n")
    with pytest.raises(ClientError, match="deploy again from this clone"):
        ask(own_aws.client, "stale-cold", {"do": "echo"})


@pytest.mark.parametrize(
    ("model", "limits", "more", "message"),
    [
        ({"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}}, {}, {}, "models with VpcConfig"),
        ({"EnableNetworkIsolation": True}, {}, {}, "network isolation"),
        ({}, {"MemorySizeInMB": 1500}, {}, "MemorySizeInMB must be one of"),
        ({}, {"MaxConcurrency": 201}, {}, "maxConcurrency.* less than or equal to 200"),
        ({}, {"ProvisionedConcurrency": 3}, {}, "ProvisionedConcurrency must be between"),
        ({}, {}, {"ExecutionRoleArn": ROLE, "EnableNetworkIsolation": True}, "not support EnableNetworkIsolation"),
        (
            {},
            {},
            {
                "DataCaptureConfig": {
                    "InitialSamplingPercentage": 100,
                    "DestinationS3Uri": "s3://models/c",
                    "CaptureOptions": [{"CaptureMode": "Input"}],
                }
            },
            "not support DataCaptureConfig",
        ),
    ],
)
def test_what_serverless_does_not_support(deployer: Any, model: Any, limits: Any, more: Any, message: str) -> None:
    variant = serverless(deployer, model=model)
    variant["ServerlessConfig"] |= limits
    with pytest.raises(ClientError, match=message) as caught:
        deployer.config_of([variant], **more)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_serverless_takes_one_variant_and_no_instances(deployer: Any) -> None:
    variant = serverless(deployer)
    with pytest.raises(ClientError, match="multiple production variants"):
        deployer.config_of([variant, {**variant, "VariantName": "other"}])
    with pytest.raises(ClientError, match="choose one"):
        deployer.config_of([{**variant, "InstanceType": "ml.c7i.large", "InitialInstanceCount": 1}])


def test_instances_do_not_become_serverless_but_the_other_way_round(deployer: Any) -> None:
    deployer.endpoint("on-instances")
    config = deployer.config_of([serverless(deployer)])
    with pytest.raises(ClientError, match="cannot be updated to a serverless endpoint"):
        deployer.sagemaker.update_endpoint(EndpointName="on-instances", EndpointConfigName=config)
    deployer.endpoint_of("leaves-serverless", [serverless(deployer)])
    deployer.sagemaker.update_endpoint(EndpointName="leaves-serverless", EndpointConfigName=deployer.config())
    assert deployer.settled("leaves-serverless")["ProductionVariants"][0]["CurrentInstanceCount"] == 1
