"""Promise: real boto3 meets the same state machine over HTTP, errors and broken connections included."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from chem_endpoints.client.aws import AwsClients
from chem_endpoints.client.description import describe_endpoint
from chem_endpoints.local.faults.clients import SimulatedClients
from chem_endpoints.local.faults.http_door import JOURNAL_PATH, serving
from chem_endpoints.local.faults.http_requests import without_frames
from chem_endpoints.local.faults.runtime import FaultyRuntime
from chem_endpoints.local.faults.schedule import READS, Fault, FaultKind, Operation, Schedule
from chem_endpoints.local.faults.settings import BUCKET, RuntimeSettings
from chem_endpoints.local.faults.simple_models import BAD_REASON, text_release
from chem_endpoints.wire import codec
from chem_endpoints.wire.columns import PREDICTION_ERROR, ROW_NUMBER
from chem_endpoints.wire.content_types import CSV

NAME = RuntimeSettings().name
BODY = codec.encode(pd.DataFrame({ROW_NUMBER: [0, 1], "smiles": ["CCO", "bad"]}), CSV)
INVOCATION = {"EndpointName": NAME, "ContentType": CSV, "Accept": CSV, "CustomAttributes": "return=added"}
Connect = Callable[..., AwsClients]


def clients_of(url: str, *, read_timeout: float = 20) -> AwsClients:
    config = Config(
        read_timeout=read_timeout,
        retries={"total_max_attempts": 1, "mode": "standard"},
        s3={"addressing_style": "path"},
    )
    made = {
        name: boto3.client(
            name,
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=config,
        )
        for name in ("sagemaker", "sagemaker-runtime", "s3")
    }
    return AwsClients(sagemaker=made["sagemaker"], runtime=made["sagemaker-runtime"], s3=made["s3"])


@pytest.fixture
def connect() -> Iterator[Connect]:
    with ExitStack() as stack:

        def begin(*faults: Fault, read_timeout: float = 20, **settings: Any) -> AwsClients:
            machine = FaultyRuntime(
                text_release(), RuntimeSettings(**{"latency": 0.0, **settings}), Schedule(faults=faults)
            )
            url = stack.enter_context(serving(machine))
            clients = clients_of(url, read_timeout=read_timeout)
            for client in (clients.sagemaker, clients.runtime, clients.s3):
                stack.callback(client.close)
            return clients

        yield begin


@pytest.mark.parametrize("kind", ["realtime", "async", "serverless", "inference_component"])
def test_the_client_describes_it_as_over_the_simulated_clients(connect: Connect, kind: Any) -> None:
    simulated: Any = SimulatedClients(FaultyRuntime(text_release(), RuntimeSettings(kind=kind)))
    assert describe_endpoint(NAME, connect(kind=kind)) == describe_endpoint(NAME, simulated)


def test_an_invocation_is_answered(connect: Connect) -> None:
    response = connect().runtime.invoke_endpoint(Body=BODY, **INVOCATION)
    answer = codec.decode(response["Body"].read(), response["ContentType"])
    assert answer[PREDICTION_ERROR].fillna("").tolist() == ["", BAD_REASON]
    assert response["CustomAttributes"] == f"model-sha256={text_release().digest}"


SERVICE_ERRORS = [
    FaultKind.THROTTLED_400,
    FaultKind.MODEL_NOT_READY,
    FaultKind.SERVICE_UNAVAILABLE,
    FaultKind.INTERNAL_DEPENDENCY,
    FaultKind.NO_CAPACITY,
    FaultKind.MODEL_UNAVAILABLE,
    FaultKind.MODEL_FAILED,
]


@pytest.mark.parametrize("kind", SERVICE_ERRORS)
def test_botocore_parses_an_error_to_what_the_simulated_client_raises(connect: Connect, kind: FaultKind) -> None:
    real, simulated = (
        connect(Fault(kind=kind)),
        SimulatedClients(FaultyRuntime(text_release(), schedule=Schedule(faults=[Fault(kind=kind)]))),
    )
    raised = []
    for clients in (real, simulated):
        with pytest.raises(ClientError) as error:
            clients.runtime.invoke_endpoint(Body=BODY, **INVOCATION)
        raised.append(error.value.response)
    parsed, made = (
        {**response, "ResponseMetadata": response["ResponseMetadata"]["HTTPStatusCode"]} for response in raised
    )
    assert {name: made[name] for name in parsed if name in made} == parsed


@pytest.mark.parametrize(
    ("kind", "operation", "hides"),
    [
        (None, "get_object", False),
        (None, "head_object", False),
        (None, "get_object", True),
        (None, "head_object", True),
        (FaultKind.SLOW_DOWN, "get_object", False),
        (FaultKind.S3_INTERNAL_ERROR, "get_object", False),
    ],
)
def test_botocore_parses_an_error_of_s3_to_the_same(
    connect: Connect, kind: FaultKind | None, operation: str, hides: bool
) -> None:
    faults = [Fault(kind=kind, operations=READS)] if kind else []
    machine = FaultyRuntime(text_release(), RuntimeSettings(hides_absence=hides), Schedule(faults=faults))
    codes = []
    for clients in (connect(*faults, hides_absence=hides), SimulatedClients(machine)):
        with pytest.raises(ClientError) as error:
            getattr(clients.s3, operation)(Bucket=BUCKET, Key="absent")
        codes.append(error.value.response["Error"]["Code"])
    assert codes[0] == codes[1]


def test_connections_break(connect: Connect) -> None:
    clients = connect(
        Fault(kind=FaultKind.RESET_BEFORE, first_call=1, calls=1),
        Fault(kind=FaultKind.TRUNCATED, first_call=2, calls=1),
        Fault(kind=FaultKind.READ_TIMEOUT, first_call=3, calls=1),
        read_timeout=1,
        read_timeout_seconds=3.0,
    )
    with pytest.raises(ConnectionClosedError):
        clients.runtime.invoke_endpoint(Body=BODY, **INVOCATION)
    with pytest.raises((IncompleteReadError, ResponseStreamingError)):
        clients.runtime.invoke_endpoint(Body=BODY, **INVOCATION)["Body"].read()
    with pytest.raises(ReadTimeoutError):
        clients.runtime.invoke_endpoint(Body=BODY, **INVOCATION)
    assert clients.runtime.invoke_endpoint(Body=BODY, **INVOCATION)["Body"].read()


def test_async_goes_through_the_bucket(connect: Connect) -> None:
    clients = connect(kind="async")
    clients.s3.put_object(Bucket=BUCKET, Key="in/1", Body=BODY, ContentType=CSV)
    response = clients.runtime.invoke_endpoint_async(
        **INVOCATION, InputLocation=f"s3://{BUCKET}/in/1", Filename="one", InvocationTimeoutSeconds=60
    )
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert response["OutputLocation"].endswith("/one")
    key = response["OutputLocation"].removeprefix(f"s3://{BUCKET}/")
    clients.s3.get_waiter("object_exists").wait(Bucket=BUCKET, Key=key, WaiterConfig={"Delay": 1})
    assert len(codec.decode(clients.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read(), CSV)) == 2


def test_objects_are_put_once_listed_in_pages_and_removed(connect: Connect) -> None:
    s3 = connect().s3
    keys = [f"p/{number} & <é>" for number in range(5)]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x" * 100_000, Metadata={"a": "b"}, IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=BUCKET, Key=keys[0], Body=b"y", IfNoneMatch="*")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="p/", PaginationConfig={"PageSize": 2})
    assert [one["Key"] for page in pages for one in page["Contents"]] == keys
    head = s3.head_object(Bucket=BUCKET, Key=keys[0])
    assert (head["ContentLength"], head["Metadata"]) == (100_000, {"a": "b"})
    s3.delete_object(Bucket=BUCKET, Key=keys[0])
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys[1:4]]})
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="p/")["KeyCount"] == 1


def test_chunked_uploads_lose_their_frames() -> None:
    framed = b"5;chunk-signature=0a\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n"
    assert without_frames(framed) == b"hello!"


def test_the_command_serves_what_its_options_say(tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps([{"kind": "throttled_400", "operations": ["InvokeEndpoint"], "calls": 1}]))
    command = [sys.executable, "-m", "chem_endpoints.local.faults.served", "--faults", str(faults)]
    command += ["--client", "rows_per_chunk=7 max_in_flight=2", "--latency", "0.001"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            clients = clients_of(url)
            assert describe_endpoint(NAME, clients).settings.rows_per_chunk == 7
            with pytest.raises(ClientError, match="Throttling"):
                clients.runtime.invoke_endpoint(Body=BODY, **INVOCATION)
            assert clients.runtime.invoke_endpoint(Body=BODY, **INVOCATION)["Body"].read()
            with urllib.request.urlopen(url + JOURNAL_PATH) as told:
                records = json.load(told)
            invoked = [one["outcome"] for one in records if one["operation"] == Operation.INVOKE]
            assert invoked == ["ThrottlingException", "ok"]
            for client in (clients.sagemaker, clients.runtime, clients.s3):
                client.close()
        finally:
            process.kill()
