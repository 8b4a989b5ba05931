"""What containers print comes to the log groups that SageMaker writes to."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from chem_endpoints.local.log_shipper import KEPT_EVENTS

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]
INSTANCE = r"i-0[0-9a-f]{16}"
SHIPPED_SECONDS = 1.5
"""Longer than the shipper needs for everything that was printed before."""


def messages(client: Clients, group: str) -> list[str]:
    """All lines of a group, stream by stream."""
    logs, found = client("logs"), []
    for stream in streams(client, group):
        events = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, limit=10_000)
        found += [event["message"] for event in events["events"]]
    return found


def streams(client: Clients, group: str) -> list[str]:
    logs = client("logs")
    try:
        found = logs.describe_log_streams(logGroupName=group)["logStreams"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [stream["logStreamName"] for stream in found]


def wait_for(client: Clients, group: str, line: str, seconds: float = 10) -> list[str]:
    deadline = time.monotonic() + seconds
    while line not in (found := messages(client, group)):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def printed(client: Clients, endpoint: str, text: str, **more: Any) -> None:
    body = json.dumps({"do": "print", "text": text}).encode()
    client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, Body=body, **more)


def test_lines_come_to_the_stream_of_the_instance_with_the_time_of_now(deployer: Any, client: Clients) -> None:
    deployer.endpoint("printing", count=2)
    group = "/aws/sagemaker/Endpoints/printing"
    before = time.time()
    printed(client, "printing", "one\n\ntwo µ\n")
    found = wait_for(client, group, "two µ")
    deadline = time.monotonic() + 10
    while found.count("stand-in starts") < 2:  # the other instance's
        assert time.monotonic() < deadline, found
        found = messages(client, group)
    assert "one" in found
    assert "" not in found
    names = streams(client, group)
    assert len(set(names)) == 2
    assert all(re.fullmatch(f"AllTraffic/{INSTANCE}", name) for name in names)
    events = client("logs").filter_log_events(logGroupName=group)["events"]
    (at,) = [event["timestamp"] / 1000 for event in events if event["message"] == "one"]
    assert before - 1 < at < time.time() + 1


def test_a_line_is_one_event_however_it_was_written(deployer: Any, client: Clients) -> None:
    deployer.endpoint("halting")
    group = "/aws/sagemaker/Endpoints/halting"
    printed(client, "halting", "begun ")
    time.sleep(SHIPPED_SECONDS)
    assert messages(client, group) == ["stand-in starts"]
    printed(client, "halting", "and ended\n")
    assert wait_for(client, group, "begun and ended") == ["stand-in starts", "begun and ended"]


def test_a_container_that_does_not_start_tells_why_in_the_log_group(deployer: Any, client: Clients) -> None:
    found = deployer.endpoint("refusing", environment={"STAND_IN_FAULT": "exit"})
    assert found["EndpointStatus"] == "Failed"
    assert "manifest.json does not match: refused" in messages(client, "/aws/sagemaker/Endpoints/refusing")


def test_the_last_lines_are_there_when_the_endpoint_is_gone_and_nothing_comes_later(
    deployer: Any, client: Clients
) -> None:
    deployer.endpoint("leaving")
    group = "/aws/sagemaker/Endpoints/leaving"
    printed(client, "leaving", "the last line, without an end")
    deployer.sagemaker.delete_endpoint(EndpointName="leaving")
    deployer.endpoints.remove("leaving")
    assert "the last line, without an end" in messages(client, group)
    client("logs").delete_log_group(logGroupName=group)
    time.sleep(SHIPPED_SECONDS)
    assert client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []


def test_a_deleted_log_group_is_not_made_again_by_a_stream_that_was_in_it(deployer: Any, client: Clients) -> None:
    deployer.endpoint("groupless")
    group = "/aws/sagemaker/Endpoints/groupless"
    wait_for(client, group, "stand-in starts")
    client("logs").delete_log_group(logGroupName=group)
    printed(client, "groupless", "late\n")
    time.sleep(SHIPPED_SECONDS)
    assert client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []


def test_an_update_goes_on_in_streams_of_the_new_instances(deployer: Any, client: Clients) -> None:
    deployer.endpoint("renewed")
    group = "/aws/sagemaker/Endpoints/renewed"
    printed(client, "renewed", "old\n")
    deployer.sagemaker.update_endpoint(EndpointName="renewed", EndpointConfigName=deployer.config())
    deployer.settled("renewed")
    printed(client, "renewed", "new\n")
    wait_for(client, group, "new")
    wait_for(client, group, "old")
    assert len(streams(client, group)) == 2


def test_an_existing_log_group_keeps_its_settings(deployer: Any, client: Clients) -> None:
    group = "/aws/sagemaker/Endpoints/expiring"
    client("logs").create_log_group(logGroupName=group)
    client("logs").put_retention_policy(logGroupName=group, retentionInDays=7)
    deployer.endpoint("expiring")
    wait_for(client, group, "stand-in starts")
    (found,) = client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["retentionInDays"] == 7


def test_a_chatty_container_keeps_its_newest_lines(deployer: Any, client: Clients) -> None:
    deployer.endpoint("chatty")
    group = "/aws/sagemaker/Endpoints/chatty"
    for start in range(0, 2 * KEPT_EVENTS, KEPT_EVENTS // 2):
        printed(client, "chatty", "".join(f"{number}\n" for number in range(start, start + KEPT_EVENTS // 2)))
    last = str(2 * KEPT_EVENTS - 1)
    found = wait_for(client, group, last)
    assert found == [str(number) for number in range(KEPT_EVENTS, 2 * KEPT_EVENTS)]


def test_a_component_writes_to_a_log_group_of_its_own(deployer: Any, client: Clients) -> None:
    place = {
        "VariantName": "AllTraffic",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.c7i.xlarge",
        "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
    }
    name = deployer.config_of([place], ExecutionRoleArn="arn:aws:iam::123456789012:role/r")
    deployer.sagemaker.create_endpoint(EndpointName="shared-home", EndpointConfigName=name)
    deployer.settled("shared-home")
    deployer.sagemaker.create_inference_component(
        InferenceComponentName="lodger",
        EndpointName="shared-home",
        VariantName="AllTraffic",
        Specification={
            "ModelName": deployer.model(),
            "ComputeResourceRequirements": {"NumberOfCpuCoresRequired": 1, "MinMemoryRequiredInMb": 1024},
        },
        RuntimeConfig={"CopyCount": 1},
    )
    while (
        deployer.sagemaker.describe_inference_component(InferenceComponentName="lodger")["InferenceComponentStatus"]
        == "Creating"
    ):
        time.sleep(0.05)
    group = "/aws/sagemaker/InferenceComponents/lodger"
    printed(client, "shared-home", "from a copy\n", InferenceComponentName="lodger")
    wait_for(client, group, "from a copy")
    (stream,) = streams(client, group)
    assert re.fullmatch(f"AllTraffic/{INSTANCE}", stream)
    assert streams(client, "/aws/sagemaker/Endpoints/shared-home") == []
    deployer.sagemaker.delete_inference_component(InferenceComponentName="lodger")
    deployer.sagemaker.delete_endpoint(EndpointName="shared-home")
