"""Promise: InvokeEndpointWithResponseStream gives unmodified clients the rows as they come, and says how it ended."""

import json
import os
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError, EventStreamError

from chem_endpoints.local.address import ACCOUNT, REGION, Address, find_running
from chem_endpoints.spec.image_source import LOCKS, SOURCES, image_reference
from server_processes import write_own_script_bundle
from tests.local.conftest import (
    CLONE,
    INVOCATION_SECONDS,
    ROLE,
    Deployer,
    clients_of,
    make_clone,
    start_service,
    stop_service,
)

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]


@pytest.fixture(scope="module", autouse=True)
def endpoint(deployer: Any) -> None:
    assert deployer.endpoint("rows")["EndpointStatus"] == "InService"


class Gate:
    """Lets the stand-in go on: it computes a row once the gate has a file of its number."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, *numbers: int) -> None:
        for number in numbers:
            (self.folder / str(number)).touch()

    def holds(self, name: str) -> bool:
        return (self.folder / name).exists()


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    (tmp_path / "gate").mkdir()
    return Gate(tmp_path / "gate")


def order(rows: int, gate: Gate | None = None, **more: Any) -> bytes:
    held = {"gate": str(gate.folder)} if gate else {}
    return json.dumps({"do": "rows", "rows": rows, **held, **more}).encode()


def stream(client: Clients, body: bytes, endpoint: str = "rows", **parameters: Any) -> dict[str, Any]:
    call = client("sagemaker-runtime").invoke_endpoint_with_response_stream
    return dict(call(EndpointName=endpoint, Body=body, **parameters))


def parts(answer: dict[str, Any]) -> Generator[bytes, None, None]:
    try:
        for event in answer["Body"]:
            assert set(event) == {"PayloadPart"}
            yield event["PayloadPart"]["Bytes"]
    finally:
        answer["Body"].close()


def lines(numbers: range) -> bytes:
    return b"".join(b'{"row": %d}\n' % number for number in numbers)


def refusal(client: Clients, body: bytes, **parameters: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        stream(client, body, **parameters)
    return dict(caught.value.response)


def test_a_row_arrives_before_the_next_one_is_computed(client: Clients, gate: Gate) -> None:
    gate.open(0)
    arriving = parts(stream(client, order(3, gate)))
    for number in range(3):  # Row n + 1 cannot be computed before row n has been read here.
        assert next(arriving) == lines(range(number, number + 1))
        gate.open(number + 1)
    assert list(arriving) == []


def test_headers_go_and_come_as_in_botocores_model(client: Clients) -> None:
    answer = stream(client, order(2), Accept="application/jsonlines", ContentType="text/csv", InferenceId="i-1")
    assert answer["ContentType"] == "application/jsonlines"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["CustomAttributes"] == "accept=application/jsonlines"
    sent = answer["ResponseMetadata"]["HTTPHeaders"]
    assert sent["content-type"] == "application/vnd.amazon.eventstream"
    assert "x-amzn-sagemaker-new-session-id" not in sent
    assert b"".join(parts(answer)) == lines(range(2))
    echo = json.loads(b"".join(parts(stream(client, b'{"do": "echo"}', ContentType="text/csv", InferenceId="i-1"))))
    assert echo["headers"]["content-type"] == "text/csv"
    assert echo["headers"]["x-amzn-sagemaker-inference-id"] == "i-1"
    assert "accept" not in echo["headers"]
    assert "x-amzn-sagemaker-accept" not in echo["headers"]


def test_an_answer_of_known_length_and_one_of_many_pieces_arrive_whole(client: Clients) -> None:
    body = os.urandom(3_000_000)
    answer = list(parts(stream(client, body, CustomAttributes="mirror")))
    assert b"".join(answer) == body
    assert len(answer) > 1
    assert b"".join(parts(stream(client, order(5000)))) == lines(range(5000))


def test_an_empty_answer_is_an_empty_stream(client: Clients) -> None:
    assert list(parts(stream(client, order(0)))) == []


def test_an_answer_may_take_longer_than_a_synchronous_one(client: Clients, gate: Gate) -> None:
    gate.open(0)
    arriving = parts(stream(client, order(2, gate)))
    assert next(arriving) == lines(range(1))
    time.sleep(INVOCATION_SECONDS + 0.2)
    gate.open(1)
    assert list(arriving) == [lines(range(1, 2))]


@pytest.mark.parametrize("more", [{}, {"length": 1000}], ids=["chunks", "known-length"])
def test_a_container_that_breaks_off_is_an_error_inside_the_stream(client: Clients, more: dict[str, Any]) -> None:
    with pytest.raises(EventStreamError) as caught:
        list(parts(stream(client, order(2, end="break", **more))))
    assert caught.value.response["Error"]["Code"] == "ModelStreamError"
    assert "closed before the response was complete" in caught.value.response["Error"]["Message"]
    error = raw_error(client, order(2, end="break", **more))
    assert error["ErrorCode"] == "StreamBroken"
    assert error["received"] == lines(range(2))


def test_a_container_that_does_not_end_in_time_is_an_error_inside_the_stream(client: Clients, gate: Gate) -> None:
    gate.open(0)
    error = raw_error(client, order(1, gate, end="stall"))
    assert error["ErrorCode"] == "ModelInvocationTimeExceeded"
    assert error["received"] == lines(range(1))


def raw_error(client: Clients, body: bytes) -> dict[str, Any]:
    """The stream's exception: botocore's parser shows callers its message, but not its ErrorCode."""
    url = f"{client('sagemaker-runtime').meta.endpoint_url}/endpoints/rows/invocations-response-stream"
    with urllib.request.urlopen(urllib.request.Request(url, data=body)) as answer:
        buffer = EventStreamBuffer()
        buffer.add_data(answer.read())
    *events, last = list(buffer)
    assert [event.headers[":event-type"] for event in events] == ["PayloadPart"] * len(events)
    assert last.headers[":exception-type"] == "ModelStreamError"
    return {**json.loads(last.payload), "received": b"".join(event.payload for event in events)}


@pytest.mark.parametrize("status", [400, 500])
def test_an_error_before_the_first_byte_is_that_of_invoke_endpoint(client: Clients, status: int) -> None:
    body = json.dumps({"do": "status", "status": status, "detail": "no column smiles"}).encode()
    answer = refusal(client, body)
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert answer["OriginalStatusCode"] == status
    assert json.loads(answer["OriginalMessage"]) == {"detail": "no column smiles"}


@pytest.mark.parametrize("body", [order(0, end="break"), b'{"do": "die"}'], ids=["after-the-head", "before-the-head"])
def test_a_container_that_sends_no_byte_is_a_model_error(client: Clients, deployer: Any, body: bytes) -> None:
    name = "mortal"
    if name not in deployer.endpoints:
        deployer.endpoint(name)
    answer = refusal(client, body, endpoint=name)
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["OriginalStatusCode"] == 0


def test_what_cannot_stream_is_refused(client: Clients, deployer: Any) -> None:
    deployer.endpoint("queue", asynchronous={"OutputConfig": {"S3OutputPath": "s3://models/out"}})
    limits = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}
    variant = {"VariantName": "AllTraffic", "ModelName": deployer.model(), "ServerlessConfig": limits}
    deployer.endpoint_of("unplugged", [variant])
    for endpoint, words in [
        ("queue", "is an asynchronous endpoint"),
        ("unplugged", "does not stream"),
        ("nowhere", "not found"),
    ]:
        answer = refusal(client, order(1), endpoint=endpoint)
        assert answer["Error"]["Code"] == "ValidationError"
        assert words in answer["Error"]["Message"]
    assert refusal(client, b"x" * (25 * 1024**2 + 1))["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_a_component_streams(client: Clients, deployer: Any, gate: Gate) -> None:
    place = {"VariantName": "AllTraffic", "InstanceType": "ml.c7i.large", "InitialInstanceCount": 1}
    deployer.endpoint_of("place", [place], ExecutionRoleArn=ROLE)
    needs = {"MinMemoryRequiredInMb": 1024, "NumberOfCpuCoresRequired": 1}
    deployer.sagemaker.create_inference_component(
        InferenceComponentName="part",
        EndpointName="place",
        VariantName="AllTraffic",
        Specification={"ModelName": deployer.model(), "ComputeResourceRequirements": needs},
        RuntimeConfig={"CopyCount": 1},
    )
    describe = deployer.sagemaker.describe_inference_component
    while describe(InferenceComponentName="part")["InferenceComponentStatus"] != "InService":
        time.sleep(0.05)
    gate.open(0)
    arriving = parts(stream(client, order(2, gate), endpoint="place", InferenceComponentName="part"))
    assert next(arriving) == lines(range(1))
    gate.open(1)
    assert list(arriving) == [lines(range(1, 2))]
    assert "header is required" in refusal(client, order(1), endpoint="place")["Error"]["Message"]
    deployer.sagemaker.delete_inference_component(InferenceComponentName="part")
    while deployer.sagemaker.list_inference_components()["InferenceComponents"]:
        time.sleep(0.05)


def test_a_caller_that_leaves_frees_the_container(client: Clients, gate: Gate) -> None:
    gate.open(0)
    arriving = parts(stream(client, order(2000, gate)))
    assert next(arriving) == lines(range(1))
    arriving.close()
    gate.open(*range(1, 2000))
    deadline = time.monotonic() + 15
    while not gate.holds("caller is gone"):
        assert time.monotonic() < deadline, "the container goes on answering nobody"
        time.sleep(0.05)


def test_streams_are_counted_as_invocations(client: Clients, deployer: Any, local_aws: Address) -> None:
    deployer.endpoint("counted")
    assert list(parts(stream(client, order(1), endpoint="counted"))) == [lines(range(1))]
    with pytest.raises(EventStreamError):
        list(parts(stream(client, order(1, end="break"), endpoint="counted")))
    refusal(client, b'{"do": "status", "status": 500, "detail": ""}', endpoint="counted")
    assert metric(client, local_aws.url, "Invocations") == 3
    assert metric(client, local_aws.url, "Invocation5XXErrors") == 1


def metric(client: Clients, url: str, name: str) -> float:
    """What CloudWatch has of the endpoint `counted`, once it has something."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with urllib.request.urlopen(urllib.request.Request(f"{url}/_local/clock", data=b'{"advance_seconds": 60}')):
            points = client("cloudwatch").get_metric_statistics(
                Namespace="AWS/SageMaker",
                MetricName=name,
                Dimensions=[
                    {"Name": "EndpointName", "Value": "counted"},
                    {"Name": "VariantName", "Value": "AllTraffic"},
                ],
                StartTime="2020-01-01T00:00:00Z",
                EndTime="2100-01-01T00:00:00Z",
                Period=60,
                Statistics=["Sum"],
            )["Datapoints"]
        if total := sum(point["Sum"] for point in points):
            return float(total)
    raise AssertionError(f"no {name} came")


def test_a_synchronous_call_gets_a_chunked_answer_whole_or_not_at_all(client: Clients, gate: Gate) -> None:
    invoke = client("sagemaker-runtime").invoke_endpoint
    assert invoke(EndpointName="rows", Body=order(50))["Body"].read() == lines(range(50))
    gate.open(0)
    for body in (order(2, end="break"), order(1, gate, end="stall")):
        with pytest.raises(ClientError) as caught:
            invoke(EndpointName="rows", Body=body)
        assert caught.value.response["Error"]["Code"] == "ModelError"
        assert caught.value.response["OriginalStatusCode"] == 0


def test_a_container_may_answer_before_it_has_read_the_body(client: Clients) -> None:
    answer = refusal(client, b"x" * 20_000_000, CustomAttributes="refuse")
    assert answer["OriginalStatusCode"] == 413


@pytest.mark.thorough  # The idle time must be long beside the set-up's pauses on a busy machine.
def test_the_local_aws_stops_for_idleness_only_when_the_stream_has_ended(
    tmp_path: Path, gate: Gate, bundle: bytes
) -> None:
    (root := tmp_path / "clone").mkdir()
    service = str(Path(__file__).with_name("stand_in_service.py"))
    process = start_service(make_clone(root), service, str(root), "10", "0.1")
    try:
        address = find_running(root)
        assert address is not None
        client = clients_of(address.url)
        image = image_reference(root=root, image="base", account=ACCOUNT, region=REGION)
        Deployer(client, image, bundle).endpoint("rows")
        gate.open(0)
        arriving = parts(stream(client, order(2, gate)))
        assert next(arriving) == lines(range(1))
        time.sleep(9)  # More than 0.1 minutes and the second between two looks at the time.
        gate.open(1)
        assert list(arriving) == [lines(range(1, 2))]
        assert process.wait(30) == 0
    finally:
        stop_service(process)


SLOW = '''
"""Predicts lengths; the row `wait` waits until somebody makes a file."""
import os, time
import numpy as np
from chem_endpoints.wire.rows import each_row

def model_fn(model_dir):
    return None

def predict_fn(df, model):
    lengths = []
    for _, text in each_row(enumerate(df["smiles"])):
        while text == "wait" and not os.path.exists(GATE):
            time.sleep(0.01)
        lengths.append(float(len(text)))
    return df.assign(prediction=np.array(lengths))

'''


@pytest.fixture
def real_aws(tmp_path: Path) -> Iterator[tuple[Clients, Deployer]]:
    """A local AWS that runs this clone's own server behind its endpoints."""
    folder, bundle = tmp_path / "clone", tmp_path / "bundle"
    (folder / "requirements").mkdir(parents=True)
    bundle.mkdir()
    (folder / "cdk.json").write_text("{}")
    (folder / "chem_endpoints").mkdir()
    for name in SOURCES:
        (folder / name).symlink_to(CLONE / name)
    for lock in set(LOCKS.values()):
        (folder / lock).symlink_to(CLONE / lock)
    write_own_script_bundle(bundle, SLOW + f"GATE = {str(tmp_path / 'gate')!r}\n")
    process = start_service(folder, "-m", "chem_endpoints.local", "--port", "0", "--root", str(folder))
    try:
        address = find_running(folder)
        assert address is not None
        client = clients_of(address.url)
        image = image_reference(root=folder, image="base", account=ACCOUNT, region=REGION)
        yield client, Deployer(client, image, (bundle / "b.tar.gz").read_bytes())
    finally:
        stop_service(process)


def test_rows_of_the_real_server_arrive_one_by_one(real_aws: tuple[Clients, Deployer], tmp_path: Path) -> None:
    client, deployer = real_aws
    found = deployer.endpoint("real", environment={"CHEM_ENDPOINTS_WORKERS": "1"})
    assert found["EndpointStatus"] == "InService", found
    answer = stream(client, b"smiles\nCCO\nwait\nCC\n", "real", ContentType="text/csv", Accept="application/jsonlines")
    assert answer["ContentType"].startswith("application/jsonlines")
    received, arriving = b"", parts(answer)
    while b"\n" not in received:
        received += next(arriving)
    assert json.loads(received.split(b"\n")[0])["prediction"] == 3.0
    (tmp_path / "gate").touch()
    rows = [json.loads(line) for line in (received + b"".join(arriving)).splitlines()]
    assert [row["prediction"] for row in rows] == [3.0, 4.0, 2.0]
