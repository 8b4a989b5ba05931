"""Promise: asynchronous work waits, fails and appears in the bucket at the times that SageMaker's documents give."""

import io
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.local.faults.schedule import Fault, FaultKind
from chem_endpoints.local.faults.settings import BUCKET
from chem_endpoints.wire import codec
from chem_endpoints.wire.columns import ROW_NUMBER
from chem_endpoints.wire.content_types import CSV
from simulated_calls import NAME, TEXTS, body, invoke, invoke_async, look, simulated


def test_async_work_appears_in_the_bucket_when_it_is_done() -> None:
    clients = simulated(kind="async", row_seconds=10.0, output_delay=5.0)
    response = invoke_async(clients, Filename="mine.csv", S3OutputPathExtension="job/1")
    assert response["OutputLocation"].endswith("/output/job/1/mine.csv")
    clients.clock.spend(34)
    with pytest.raises(ClientError, match="NoSuchKey"):
        look(clients, response["OutputLocation"])
    clients.clock.spend(2)
    answer = codec.decode(look(clients, response["OutputLocation"]), CSV)
    assert answer[ROW_NUMBER].tolist() == ["5", "6", "7"]


def test_async_input_may_lie_in_the_bucket() -> None:
    clients = simulated(kind="async")
    clients.s3.put_object(Bucket=BUCKET, Key="async/in", Body=io.BytesIO(body(TEXTS)))
    arguments = {"EndpointName": NAME, "ContentType": CSV, "CustomAttributes": "return=added"}
    found = clients.runtime.invoke_endpoint_async(InputLocation=f"s3://{BUCKET}/async/in", **arguments)
    absent = clients.runtime.invoke_endpoint_async(InputLocation=f"s3://{BUCKET}/async/no", **arguments)
    clients.clock.spend(1)
    assert len(codec.decode(look(clients, found["OutputLocation"]), CSV)) == 3
    assert b"Failed to download" in look(clients, absent["FailureLocation"])


@pytest.mark.parametrize(
    ("more", "settings", "reason"),
    [
        ({"InvocationTimeoutSeconds": 15}, {"row_seconds": 10.0}, b"timed out"),
        ({"RequestTTLSeconds": 60}, {"wake_seconds": 100.0}, b"expired in the queue"),
        ({"Body": b'a,"b'}, {}, b"client error (400)"),
    ],
)
def test_async_failures_appear_in_the_bucket(more: dict[str, Any], settings: dict[str, Any], reason: bytes) -> None:
    clients = simulated(kind="async", **settings)
    response = invoke_async(clients, **more)
    clients.clock.spend(200)
    assert reason in look(clients, response["FailureLocation"])


def test_async_requests_wait_while_the_endpoint_wakes() -> None:
    clients = simulated(kind="async", wake_seconds=600.0)
    location = invoke_async(clients)["OutputLocation"]
    clients.clock.spend(599)
    with pytest.raises(ClientError):
        look(clients, location)
    clients.clock.spend(2)
    assert look(clients, location)


def test_a_lost_request_leaves_nothing() -> None:
    clients = simulated(Fault(kind=FaultKind.LOST), kind="async")
    response = invoke_async(clients)
    clients.clock.spend(1e6)
    for location in (response["OutputLocation"], response["FailureLocation"]):
        with pytest.raises(ClientError):
            look(clients, location)


@pytest.mark.parametrize(
    "more", [{"InputLocation": "s3://b/k"}, {"Body": b"x" * 128_001}, {"Filename": "a" * 33}, {"RequestTTLSeconds": 1}]
)
def test_a_malformed_async_call_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        invoke_async(simulated(kind="async"), **more)


def test_each_kind_takes_its_own_call() -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        invoke(simulated(kind="async"))
    with pytest.raises(ClientError, match="ValidationError"):
        invoke_async(simulated())
    with pytest.raises(ClientError, match="Component"):
        invoke(simulated(kind="inference_component"))
