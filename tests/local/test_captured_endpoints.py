"""Requests to endpoints with data capture lie in S3 soon after, and at the latest when the endpoint is deleted."""

import gzip
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.client.quality.captured_requests import CapturedRequest, read_captured

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]
ECHO = b'{"do": "echo"}'


def capture(**changes: Any) -> dict[str, Any]:
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://captures/kept",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
        **changes,
    }


@pytest.fixture(scope="module", autouse=True)
def bucket(client: Clients) -> None:
    client("s3").create_bucket(Bucket="captures")


def captured(client: Clients, endpoint: str) -> list[CapturedRequest]:
    now, slack = datetime.now(UTC), timedelta(hours=1)
    return read_captured(client("s3"), "s3://captures/kept", endpoint, now - slack, now + slack)


def wait_for(client: Clients, endpoint: str, count: int) -> list[CapturedRequest]:
    deadline = time.monotonic() + 10
    while len(found := captured(client, endpoint)) < count:
        assert time.monotonic() < deadline, f"{len(found)} requests are captured, not {count}"
        time.sleep(0.05)
    assert len(found) == count
    assert not [one.error for one in found if one.error]
    return found


def ask(client: Clients, endpoint: str, body: bytes = ECHO, **more: Any) -> bytes:
    return bytes(client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, Body=body, **more)["Body"].read())


def test_a_request_is_captured_with_its_answer_and_what_identifies_it(deployer: Any, client: Clients) -> None:
    deployer.endpoint_of("captured", [deployer.variant("AllTraffic")], DataCaptureConfig=capture())
    answer = ask(client, "captured", ContentType="application/json", InferenceId="row-7", CustomAttributes="a=1")
    (found,) = wait_for(client, "captured", 1)
    assert found.asked is not None
    assert found.answered is not None
    assert (found.asked.body, found.asked.content_type) == (ECHO, "application/json")
    assert (found.answered.body, found.answered.content_type) == (answer, "application/json")
    assert (found.variant, found.inference) == ("AllTraffic", "row-7")
    (key,) = [
        entry["Key"] for entry in client("s3").list_objects_v2(Bucket="captures", Prefix="kept/captured/")["Contents"]
    ]
    line = json.loads(client("s3").get_object(Bucket="captures", Key=key)["Body"].read())
    assert line["eventMetadata"]["customAttributes"] == ["seen=a=1"]


def test_a_compressed_table_is_read_as_it_travelled(deployer: Any, client: Clients) -> None:
    deployer.endpoint_of("compressed", [deployer.variant("AllTraffic")], DataCaptureConfig=capture())
    body = gzip.compress(b"smiles\nCCO\n" * 100)
    ask(client, "compressed", body, ContentType="text/csv", CustomAttributes="mirror")
    (found,) = wait_for(client, "compressed", 1)
    assert found.asked is not None
    assert found.answered is not None
    assert (found.asked.body, found.answered.body) == (body, body)


def test_a_stream_is_captured_at_its_end(deployer: Any, client: Clients) -> None:
    deployer.endpoint_of("flowing", [deployer.variant("AllTraffic")], DataCaptureConfig=capture())
    stream = client("sagemaker-runtime").invoke_endpoint_with_response_stream(
        EndpointName="flowing", Body=b'{"do": "rows", "rows": 3}'
    )
    answer = b"".join(event["PayloadPart"]["Bytes"] for event in stream["Body"])
    (found,) = wait_for(client, "flowing", 1)
    assert found.answered is not None
    assert (found.answered.body, found.answered.content_type) == (answer, "application/jsonlines")


def test_only_the_answers_of_a_half_are_captured_when_that_is_asked_for(deployer: Any, client: Clients) -> None:
    settings = capture(InitialSamplingPercentage=50, CaptureOptions=[{"CaptureMode": "Output"}])
    deployer.endpoint_of("halved", [deployer.variant("AllTraffic")], DataCaptureConfig=settings)
    for _ in range(10):
        ask(client, "halved")
    found = wait_for(client, "halved", 5)
    assert all(one.asked is None and one.answered is not None for one in found)


def test_a_deleted_endpoint_has_left_all_its_captured_requests(deployer: Any, client: Clients) -> None:
    deployer.endpoint_of("gone", [deployer.variant("AllTraffic")], DataCaptureConfig=capture())
    for _ in range(3):
        ask(client, "gone")
    deployer.sagemaker.delete_endpoint(EndpointName="gone")
    deployer.endpoints.remove("gone")
    assert len(captured(client, "gone")) == 3


def test_an_update_starts_and_stops_capture(deployer: Any, client: Clients) -> None:
    deployer.endpoint("changing")
    ask(client, "changing")
    variants = [deployer.variant("AllTraffic")]
    for settings in (capture(), capture(EnableCapture=False)):
        config = deployer.config_of(variants, DataCaptureConfig=settings)
        deployer.sagemaker.update_endpoint(EndpointName="changing", EndpointConfigName=config)
        deployer.settled("changing")
        ask(client, "changing", InferenceId=str(settings["EnableCapture"]))
    found = wait_for(client, "changing", 1)
    time.sleep(2.5)  # Longer than the time between two rounds of writing.
    assert [one.inference for one in captured(client, "changing")] == [one.inference for one in found] == ["True"]


def test_what_the_container_refuses_is_not_captured(deployer: Any, client: Clients) -> None:
    deployer.endpoint_of("choosy", [deployer.variant("AllTraffic")], DataCaptureConfig=capture())
    with pytest.raises(ClientError, match="422"):
        ask(client, "choosy", b'{"do": "status", "status": 422, "detail": "no"}')
    ask(client, "choosy", InferenceId="good")
    assert [one.inference for one in wait_for(client, "choosy", 1)] == ["good"]
