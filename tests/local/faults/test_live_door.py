"""Promise: unmodified boto3 meets an ordered fault as it meets the simulated one, over the real door."""

import http.client
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from urllib3.exceptions import ProtocolError

from chem_endpoints.local.address import FAULTS_PATH, KILL_PATH, REGION, find_running
from chem_endpoints.local.faults.clients import SimulatedClients
from chem_endpoints.local.faults.runtime import FaultyRuntime
from chem_endpoints.local.faults.schedule import LIVE_KINDS, SECONDS, TARGETS, Fault, FaultKind, Operation, Schedule
from chem_endpoints.local.faults.settings import BUCKET, RuntimeSettings
from chem_endpoints.local.faults.shapes import BREAKS, DONE_ANYWAY
from chem_endpoints.local.faults.simple_models import text_release
from chem_endpoints.spec.image_source import image_reference
from tests.local.conftest import ACCOUNT, HERE, Deployer, clients_of, make_clone, start_service, stop_service

pytestmark = pytest.mark.end_to_end
NAME = RuntimeSettings().name
ASYNC_NAME = f"{NAME}-async"
KEY = "a key/with a slash"
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{NAME}"
BODY = b'{"do": "echo"}'
LENGTH = {"do": "length"}


@dataclass(kw_only=True)
class FaultyAws:
    """A local AWS of this module's own, with an endpoint of each kind and a bucket."""

    port: int
    client: Callable[[str], Any]
    deployer: Deployer

    def impatient(self, service: str) -> Any:
        """A client that waits for a second."""
        config = Config(retries={"total_max_attempts": 1}, read_timeout=1)
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        url = f"http://localhost:{self.port}"
        return boto3.client(service, endpoint_url=url, region_name=REGION, config=config, **keys)  # type: ignore[call-overload]

    def ask(self, method: str, path: str = FAULTS_PATH, content: object = None) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, None if content is None else json.dumps(content))
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def order(self, *orders: dict[str, Any]) -> list[dict[str, Any]]:
        status, answer = self.ask("POST", content={"faults": list(orders)})
        assert status == 201, answer
        return list(answer["faults"])


@pytest.fixture(scope="module")
def started_aws(tmp_path_factory: pytest.TempPathFactory, bundle: bytes) -> Iterator[FaultyAws]:
    folder = make_clone(tmp_path_factory.mktemp("faulty"))
    process = start_service(folder, str(HERE / "stand_in_service.py"), str(folder), "5")
    address = find_running(folder)
    assert address is not None
    client = clients_of(address.url)
    reference = image_reference(root=folder, image="base", account=ACCOUNT, region=REGION)
    deployer = Deployer(client, reference, bundle)
    client("s3").create_bucket(Bucket=BUCKET)
    client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"0123456789" * 100)
    deployer.endpoint(NAME)
    output = {"S3OutputPath": f"s3://{BUCKET}/out", "S3FailurePath": f"s3://{BUCKET}/failed"}
    deployer.endpoint(ASYNC_NAME, asynchronous={"OutputConfig": output})
    client("s3").put_object(Bucket=BUCKET, Key="in", Body=BODY)
    yield FaultyAws(port=address.port, client=client, deployer=deployer)
    assert stop_service(process) == 0


@pytest.fixture
def aws(started_aws: FaultyAws) -> Iterator[FaultyAws]:
    yield started_aws
    started_aws.ask("DELETE")


def call(operation: Operation, client: Callable[[str], Any]) -> Any:
    """One call of each operation."""
    invoked = {"EndpointName": NAME, "Body": BODY, "ContentType": "application/json"}
    listed = {"Objects": [{"Key": "absent"}]}
    calls: dict[Operation, Callable[[], Any]] = {
        Operation.DESCRIBE_ENDPOINT: lambda: client("sagemaker").describe_endpoint(EndpointName=NAME),
        Operation.DESCRIBE_ENDPOINT_CONFIG: lambda: client("sagemaker").describe_endpoint_config(
            EndpointConfigName=NAME
        ),
        Operation.LIST_TAGS: lambda: client("sagemaker").list_tags(ResourceArn=ARN),
        Operation.INVOKE: lambda: client("sagemaker-runtime").invoke_endpoint(**invoked),
        Operation.INVOKE_STREAM: lambda: client("sagemaker-runtime").invoke_endpoint_with_response_stream(**invoked),
        Operation.INVOKE_ASYNC: lambda: client("sagemaker-runtime").invoke_endpoint_async(
            EndpointName=NAME, InputLocation=f"s3://{BUCKET}/in"
        ),
        Operation.PUT: lambda: client("s3").put_object(Bucket=BUCKET, Key="put", Body=b"x"),
        Operation.GET: lambda: client("s3").get_object(Bucket=BUCKET, Key=KEY),
        Operation.HEAD: lambda: client("s3").head_object(Bucket=BUCKET, Key=KEY),
        Operation.LIST: lambda: client("s3").list_objects_v2(Bucket=BUCKET),
        Operation.DELETE: lambda: client("s3").delete_object(Bucket=BUCKET, Key="absent"),
        Operation.DELETE_MANY: lambda: client("s3").delete_objects(Bucket=BUCKET, Delete=listed),
    }
    return calls[operation]()


def simulated(kind: FaultKind) -> Callable[[str], Any]:
    """The simulated clients under the same fault, by the names of boto3's; what is not simulated has a likeness."""
    machine = FaultyRuntime(text_release(), schedule=Schedule(faults=[Fault(kind=kind)]))
    clients = SimulatedClients(machine)
    made = {"sagemaker": clients.sagemaker, "sagemaker-runtime": clients.runtime, "s3": clients.s3}
    return made.__getitem__


def raised(operation: Operation, client: Callable[[str], Any]) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(operation, client)
    response: dict[str, Any] = dict(caught.value.response)
    return {**response, "ResponseMetadata": response["ResponseMetadata"]["HTTPStatusCode"]}


CASES = [(kind, operation) for kind in LIVE_KINDS for operation in sorted(TARGETS[kind] - {Operation.ASYNC_WORK})]
ERRORS = [case for case in CASES if case[0] not in BREAKS and case[0] not in DONE_ANYWAY and case[0] != FaultKind.LOST]
IDS = {"ids": lambda value: str(value)}


@pytest.mark.parametrize(("kind", "operation"), ERRORS, **IDS)
def test_boto3_raises_what_the_simulated_client_does(aws: FaultyAws, kind: FaultKind, operation: Operation) -> None:
    more = {"latency_seconds": 0} if kind in SECONDS else {}
    aws.order({"kind": str(kind), "operations": [str(operation)], **more})
    likeness = Operation.INVOKE if operation is Operation.INVOKE_STREAM else operation
    assert {"HostId", "RequestId"}.isdisjoint(made := raised(likeness, simulated(kind)))
    parsed = raised(operation, aws.client)
    assert {name: made.get(name) for name in parsed} == parsed


@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER], ids=str)
@pytest.mark.parametrize("operation", sorted(TARGETS[FaultKind.RESET_AFTER]), ids=str)
def test_a_connection_that_is_reset_is_one_that_the_server_closed(
    aws: FaultyAws, kind: FaultKind, operation: Operation
) -> None:
    aws.order({"kind": str(kind), "operations": [str(operation)], "calls": 1})
    with pytest.raises(ConnectionClosedError):
        call(operation, aws.client)


def test_work_is_done_before_an_answer_is_lost_and_not_before_a_reset_that_comes_first(aws: FaultyAws) -> None:
    s3 = aws.client("s3")
    for kind, stored in ((FaultKind.RESET_BEFORE, 0), (FaultKind.RESET_AFTER, 1)):
        name = f"once-{uuid.uuid4()}"
        aws.order({"kind": str(kind), "operations": ["PutObject"], "calls": 1})
        with pytest.raises(ConnectionClosedError):
            s3.put_object(Bucket=BUCKET, Key=name, Body=b"x")
        assert s3.list_objects_v2(Bucket=BUCKET, Prefix=name)["KeyCount"] == stored


@pytest.mark.parametrize("operation", [Operation.INVOKE, Operation.GET], ids=str)
def test_a_truncated_answer_breaks_off_half_way(aws: FaultyAws, operation: Operation) -> None:
    aws.order({"kind": "truncated", "calls": 1})
    body = call(operation, aws.client)["Body"]
    with pytest.raises((IncompleteReadError, ResponseStreamingError)):
        body.read()
    assert call(operation, aws.client)["Body"].read()


def test_a_truncated_stream_breaks_off_after_it_has_begun(aws: FaultyAws) -> None:
    aws.order({"kind": "truncated", "calls": 1})
    rows = json.dumps({"do": "rows", "rows": 50}).encode()
    stream = aws.client("sagemaker-runtime").invoke_endpoint_with_response_stream(EndpointName=NAME, Body=rows)
    arrived = []
    with pytest.raises(ProtocolError):  # botocore passes on what urllib3 raises
        arrived.extend(event for event in stream["Body"])
    whole = aws.client("sagemaker-runtime").invoke_endpoint_with_response_stream(EndpointName=NAME, Body=rows)
    assert len(list(whole["Body"])) > len(arrived) > 0


@pytest.mark.parametrize("operation", [Operation.INVOKE, Operation.GET, Operation.DESCRIBE_ENDPOINT], ids=str)
@pytest.mark.parametrize("kind", [FaultKind.LATENCY, FaultKind.READ_TIMEOUT], ids=str)
def test_an_impatient_caller_does_not_wait_for_a_slow_answer(
    aws: FaultyAws, kind: FaultKind, operation: Operation
) -> None:
    aws.order({"kind": str(kind), "operations": [str(operation)], "calls": 1, "latency_seconds": 3})
    with pytest.raises(ReadTimeoutError):
        call(operation, aws.impatient)


def test_a_late_object_is_missing_for_its_time_and_then_there(aws: FaultyAws) -> None:
    s3 = aws.client("s3")
    s3.put_object(Bucket=BUCKET, Key="late", Body=b"x")
    aws.order({"kind": "s3_late", "latency_seconds": 3000})
    for read, code in ((s3.get_object, "NoSuchKey"), (s3.head_object, "404")):
        with pytest.raises(ClientError) as caught:
            read(Bucket=BUCKET, Key="late")
        assert caught.value.response["Error"]["Code"] == code
    aws.ask("DELETE")
    aws.order({"kind": "s3_late", "latency_seconds": 0})
    s3.get_waiter("object_exists").wait(Bucket=BUCKET, Key="late", WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    assert s3.get_object(Bucket=BUCKET, Key="late")["Body"].read() == b"x"


def test_queued_work_fails_and_is_lost_as_ordered(aws: FaultyAws) -> None:
    runtime, s3 = aws.client("sagemaker-runtime"), aws.client("s3")

    def submit() -> str:
        told = runtime.invoke_endpoint_async(EndpointName=ASYNC_NAME, InputLocation=f"s3://{BUCKET}/in")
        return str(told["FailureLocation"]).removeprefix(f"s3://{BUCKET}/")

    aws.order({"kind": "model_error", "status": 502, "endpoint": ASYNC_NAME, "operations": ["async work"], "calls": 1})
    failed = submit()
    s3.get_waiter("object_exists").wait(Bucket=BUCKET, Key=failed, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    assert b"server error (502)" in s3.get_object(Bucket=BUCKET, Key=failed)["Body"].read()
    aws.order({"kind": "lost", "endpoint": ASYNC_NAME})
    before = s3.list_objects_v2(Bucket=BUCKET)["KeyCount"]
    submit()
    while not any(one["kind"] == "lost" and one["struck"] for one in aws.ask("GET")[1]["faults"]):
        time.sleep(0.02)
    aws.ask("DELETE")
    told = runtime.invoke_endpoint_async(EndpointName=ASYNC_NAME, InputLocation=f"s3://{BUCKET}/in")
    output = str(told["OutputLocation"]).removeprefix(f"s3://{BUCKET}/")
    s3.get_waiter("object_exists").wait(Bucket=BUCKET, Key=output, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == before + 1


def test_deployments_and_health_are_never_struck_by_faults_of_s3(aws: FaultyAws) -> None:
    aws.order({"kind": "slow_down"}, {"kind": "service_unavailable", "operations": ["InvokeEndpoint"]})
    name = f"e-{uuid.uuid4().hex[:8]}"
    assert aws.deployer.endpoint(name)["EndpointStatus"] == "InService"  # Its model is an object of S3.
    assert aws.ask("GET", "/_local/health")[0] == 200
    with pytest.raises(ClientError, match="SlowDown"):
        call(Operation.GET, aws.client)


def test_who_sends_many_bytes_hears_of_the_failure(aws: FaultyAws) -> None:
    body = b"x" * 20_000_000
    aws.order({"kind": "slow_down", "calls": 1}, {"kind": "service_unavailable", "calls": 1})
    with pytest.raises(ClientError, match="SlowDown"):
        aws.client("s3").put_object(Bucket=BUCKET, Key="large", Body=body)
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        aws.client("sagemaker-runtime").invoke_endpoint(EndpointName=NAME, Body=body)


def test_a_connection_on_which_a_body_was_refused_takes_the_next_request(aws: FaultyAws) -> None:
    aws.order({"kind": "slow_down", "operations": ["PutObject"], "calls": 2})
    for body in (b"x", b"x" * 5_000_000):
        with pytest.raises(ClientError, match="SlowDown"):
            aws.client("s3").put_object(Bucket=BUCKET, Key="again", Body=body)
        aws.client("s3").list_objects_v2(Bucket=BUCKET)
    aws.client("s3").put_object(Bucket=BUCKET, Key="again", Body=b"x")


@pytest.mark.parametrize(
    ("order", "lines"),
    [
        (
            {"kind": "nonsense", "calls": 0, "probability": 2},
            ["faults.0.kind", "faults.0.calls: must be at least 1", "faults.0.probability: must be at most 1"],
        ),
        ({"kind": "latency", "call": 3}, ["faults.0.call: is not a known key; did you mean calls?"]),
        ({"kind": "slow_down", "status": 502}, ["slow_down has a status already: only model_error takes one"]),
        ({"kind": "slow_down", "latency_seconds": 1}, ["slow_down is no matter of time: only model_0, read_timeout"]),
        ({"kind": "lost", "operations": ["GetObject"]}, ["lost cannot strike GetObject"]),
        ({"kind": "slow_down", "endpoint": "e"}, ["slow_down with an endpoint strikes nothing"]),
        ({"kind": "unreachable"}, ["unreachable: who listens cannot play it. Stop the local AWS"]),
        ({"calls": 1}, ["faults.0.kind: is missing. Add it: What goes wrong"]),
    ],
    ids=["all mistakes at once", "key", "status", "seconds", "operation", "endpoint", "unreachable", "no kind"],
)
def test_a_wrong_order_is_refused_with_all_its_mistakes(
    aws: FaultyAws, order: dict[str, Any], lines: list[str]
) -> None:
    status, answer = aws.ask("POST", content={"faults": [order]})
    assert status == 400
    assert [line for line in lines if line not in answer["message"]] == [], answer["message"]
    assert aws.ask("GET")[1]["faults"] == []


def test_faults_are_listed_and_cleared(aws: FaultyAws) -> None:
    first, second = aws.order({"kind": "latency"}, {"kind": "slow_down", "calls": 2})
    assert [one["kind"] for one in aws.ask("GET")[1]["faults"]] == ["latency", "slow_down"]
    assert aws.ask("DELETE", f"{FAULTS_PATH}/{first['id']}") == (200, {"cleared": 1})
    assert aws.ask("DELETE", f"{FAULTS_PATH}/{first['id']}")[0] == 404
    assert [one["id"] for one in aws.ask("GET")[1]["faults"]] == [second["id"]]
    assert aws.ask("DELETE") == (200, {"cleared": 1})
    assert aws.ask("PUT", f"{FAULTS_PATH}/1")[0] == 404


def test_there_is_no_worker_to_kill_where_the_server_has_none(aws: FaultyAws) -> None:
    status, answer = aws.ask("POST", KILL_PATH, {"endpoint": NAME})
    assert (status, answer["message"]) == (409, f"The server of {NAME} names no worker of its own in GET /health")
    assert aws.ask("POST", KILL_PATH, {"endpoint": "absent"})[1]["message"] == "There is no endpoint absent here"
    assert aws.ask("POST", KILL_PATH, {})[0] == 400
