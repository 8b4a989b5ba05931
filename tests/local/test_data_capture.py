"""Data capture: evenly sampled, written by a thread of its own to the local S3, and at the end at the latest."""

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from chem_endpoints.client.quality.captured_requests import CapturedRequest, read_captured
from chem_endpoints.local.address import REGION, Address
from chem_endpoints.local.data_capture import DataCapture
from chem_endpoints.local.fleet import Fleet
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.observing import Exchange
from chem_endpoints.local.own_clients import OwnClients

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]


def capture_config(bucket: str, **changes: Any) -> dict[str, Any]:
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bucket}/kept",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
        **changes,
    }


def hosted(name: str, config: dict[str, Any] | None) -> HostedEndpoint:
    endpoint = HostedEndpoint(name=name, region=REGION, config_name="c")
    endpoint.fleet = Fleet({"EndpointConfigName": "c", "ProductionVariants": [], "DataCaptureConfig": config})
    return endpoint


def exchange(number: int = 0, *, status: int = 200, body: bytes = b"smiles\nC\n") -> Exchange:
    return Exchange(
        region=REGION,
        endpoint="logs",
        variant="AllTraffic",
        component=None,
        inference_id=str(number),
        request_headers={"Content-Type": "text/csv"},
        request_body=body,
        status=status,
        content_type="application/json",
        answer_headers={},
        answer_body=b"{}",
        custom_attributes=None,
        at=datetime.now(UTC),
        seconds=0.0,
    )


@pytest.fixture
def place(client: Clients) -> SimpleNamespace:
    """A bucket, and what the client's reader finds there."""
    bucket = f"captured-{uuid.uuid4().hex[:8]}"
    client("s3").create_bucket(Bucket=bucket)

    def found(endpoint: str = "logs") -> list[CapturedRequest]:
        now = datetime.now(UTC)
        since, until = now - timedelta(hours=1), now + timedelta(hours=1)
        return read_captured(client("s3"), f"s3://{bucket}/kept", endpoint, since, until)

    return SimpleNamespace(bucket=bucket, found=found)


@pytest.fixture
def capturing(local_aws: Address, place: Any) -> Iterator[Callable[..., DataCapture]]:
    """Makes a capture of the endpoint ``logs``."""
    clients = OwnClients(local_aws.url)
    made: list[DataCapture] = []

    def make(*, seconds: float = 3600, held_bytes: int = 1 << 20, **changes: Any) -> DataCapture:
        endpoint = hosted("logs", capture_config(place.bucket, **changes))
        capture = DataCapture(
            lambda name, region: endpoint if name == "logs" else None, clients, seconds=seconds, held_bytes=held_bytes
        )
        made.append(capture)
        return capture

    yield make
    for capture in made:
        capture.stop()


def ask(capture: DataCapture, number: int, **changes: Any) -> bool:
    """One request, as the runtime tells of it."""
    wanted = capture.wants(REGION, "logs", "AllTraffic")
    if wanted:
        capture.answered(exchange(number, **changes))
    return wanted


def test_so_many_of_a_hundred_are_captured_evenly(capturing: Callable[..., DataCapture], place: Any) -> None:
    capture = capturing(InitialSamplingPercentage=30)
    wanted = [ask(capture, number) for number in range(20)]
    assert sum(wanted) == 6
    assert all(sum(wanted[start : start + 10]) == 3 for start in (0, 10))
    capture.flush()
    assert [one.inference for one in place.found()] == [str(number) for number in range(20) if wanted[number]]


def test_one_file_has_the_requests_of_one_round(
    capturing: Callable[..., DataCapture], place: Any, client: Clients
) -> None:
    capture = capturing()
    for number in range(3):
        ask(capture, number)
    capture.flush()
    (key,) = [entry["Key"] for entry in client("s3").list_objects_v2(Bucket=place.bucket)["Contents"]]
    hours = {(datetime.now(UTC) - timedelta(seconds=late)).strftime("%Y/%m/%d/%H") for late in (0, 60)}
    assert key.rpartition("/")[0] in {f"kept/logs/AllTraffic/{hour}" for hour in hours}


def test_an_endpoint_without_capture_is_not_watched(capturing: Callable[..., DataCapture]) -> None:
    assert not capturing(EnableCapture=False).wants(REGION, "logs", "AllTraffic")
    assert not capturing().wants(REGION, "other", "AllTraffic")


def test_errors_of_the_container_are_not_captured(capturing: Callable[..., DataCapture], place: Any) -> None:
    capture = capturing()
    ask(capture, 1, status=500)
    ask(capture, 2)
    capture.flush()
    assert [one.inference for one in place.found()] == ["2"]


def test_files_come_by_themselves_within_the_set_time(capturing: Callable[..., DataCapture], place: Any) -> None:
    capture = capturing(seconds=0.1)
    capture.start()
    ask(capture, 1)
    deadline = time.monotonic() + 10
    while not place.found():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_waits_is_written_at_the_end(capturing: Callable[..., DataCapture], place: Any) -> None:
    capture = capturing()
    ask(capture, 1)
    capture.stop()
    assert len(place.found()) == 1


def test_a_request_that_ends_while_its_endpoint_is_deleted_is_captured(
    capturing: Callable[..., DataCapture], place: Any
) -> None:
    capture = capturing()
    assert capture.wants(REGION, "logs", "AllTraffic")
    endpoint = capture._find("logs", REGION)
    assert endpoint is not None
    endpoint.fleet, endpoint.deleted = None, True
    capture.answered(exchange(5))
    capture.changed(endpoint)
    assert [one.inference for one in place.found()] == ["5"]
    capture.answered(exchange(6))  # Nobody asked before: the endpoint is forgotten.
    capture.flush()
    assert len(place.found()) == 1


def test_the_key_of_the_configuration_encrypts_the_files(
    capturing: Callable[..., DataCapture], place: Any, client: Clients
) -> None:
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    client("kms").create_alias(AliasName=f"alias/{place.bucket}", TargetKeyId=key)
    capture = capturing(KmsKeyId=f"alias/{place.bucket}")
    ask(capture, 1)
    capture.flush()
    (name,) = [entry["Key"] for entry in client("s3").list_objects_v2(Bucket=place.bucket)["Contents"]]
    found = client("s3").head_object(Bucket=place.bucket, Key=name)
    assert found["ServerSideEncryption"] == "aws:kms"
    assert found["SSEKMSKeyId"].endswith((f"alias/{place.bucket}", key))


def test_beyond_its_memory_capture_gives_way_and_says_so(
    capturing: Callable[..., DataCapture], place: Any, caplog: pytest.LogCaptureFixture
) -> None:
    capture = capturing(held_bytes=1000)
    for number in range(5):
        ask(capture, number, body=b"x" * 400)
    with caplog.at_level(logging.WARNING):
        capture.flush()
    assert [one.inference for one in place.found()] == ["0", "1"]
    assert "3 requests are not captured" in caplog.text
    ask(capture, 9)
    capture.flush()
    assert len(place.found()) == 3


def test_a_missing_bucket_is_told_without_any_of_the_data(
    capturing: Callable[..., DataCapture], caplog: pytest.LogCaptureFixture
) -> None:
    capture = capturing(DestinationS3Uri="s3://no-such-bucket/secret-place")
    ask(capture, 1, body=b"CC(=O)Oc1ccccc1C(=O)O")
    with caplog.at_level(logging.WARNING):
        capture.flush()
    assert "1 captured requests of logs could not be written: NoSuchBucket" in caplog.text
    assert "secret-place" not in caplog.text
    assert "CC(=O)O" not in caplog.text
