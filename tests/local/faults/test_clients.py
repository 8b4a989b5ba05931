"""Promise: over the state machine the client's code meets what boto3 gives and raises, fault by fault."""

from typing import Any

import pandas as pd
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from chem_endpoints.client.description import describe_endpoint
from chem_endpoints.local.faults.clients import SimulatedClients
from chem_endpoints.local.faults.runtime import FaultyRuntime
from chem_endpoints.local.faults.schedule import Fault, FaultKind, Operation
from chem_endpoints.local.faults.settings import RuntimeSettings
from chem_endpoints.local.faults.simple_models import BAD_REASON, number_release, text_release, text_value
from chem_endpoints.wire import codec
from chem_endpoints.wire.columns import PREDICTION, PREDICTION_ERROR, ROW_NUMBER
from chem_endpoints.wire.content_types import ARROW, CSV
from chem_endpoints.wire.options import parse_attributes
from simulated_calls import NAME, invoke, simulated


@pytest.mark.parametrize("content_type", [CSV, ARROW])
def test_an_answer_is_that_of_our_server(content_type: str) -> None:
    clients = simulated()
    response = invoke(clients, content_type=content_type)
    answer = codec.decode(response["Body"].read(), response["ContentType"])
    assert list(answer.columns) == [ROW_NUMBER, PREDICTION, PREDICTION_ERROR]
    assert answer[ROW_NUMBER].astype(int).tolist() == [5, 6, 7]
    assert answer[PREDICTION_ERROR].fillna("").tolist() == ["", BAD_REASON, ""]
    assert float(answer[PREDICTION].iloc[2]) == text_value("CCN")
    assert parse_attributes(response["CustomAttributes"])["model-sha256"] == text_release().digest


@pytest.mark.parametrize("kind", ["realtime", "serverless", "async", "inference_component"])
def test_the_client_finds_out_what_the_endpoint_is(kind: Any) -> None:
    clients: Any = simulated(kind=kind, client_settings={"rows_per_chunk": 7}, captured=kind == "realtime")
    description = describe_endpoint(NAME, clients)
    assert (description.kind, description.digest) == (kind, text_release().digest)
    assert description.manifest == text_release().manifest
    assert description.settings.rows_per_chunk == 7
    assert description.captured is (kind == "realtime")
    assert (description.input_uri is not None) is (kind == "async")


def test_an_endpoint_of_another_name_is_not_there() -> None:
    with pytest.raises(ClientError, match="Could not find endpoint"):
        simulated().sagemaker.describe_endpoint(EndpointName="other")


@pytest.mark.parametrize(
    ("kind", "code", "status", "original"),
    [
        (FaultKind.THROTTLED_400, "ThrottlingException", 400, None),
        (FaultKind.THROTTLED_429, "ThrottlingException", 429, None),
        (FaultKind.MODEL_NOT_READY, "ModelNotReadyException", 429, None),
        (FaultKind.SERVICE_UNAVAILABLE, "ServiceUnavailable", 503, None),
        (FaultKind.INTERNAL_FAILURE, "InternalFailure", 500, None),
        (FaultKind.INTERNAL_DEPENDENCY, "InternalDependencyException", 530, None),
        (FaultKind.NO_CAPACITY, "ValidationError", 400, None),
        (FaultKind.MODEL_OVERLOADED, "ModelError", 424, 429),
        (FaultKind.MODEL_UNAVAILABLE, "ModelError", 424, 503),
        (FaultKind.MODEL_FAILED, "ModelError", 424, 500),
        (FaultKind.MODEL_SILENT, "ModelError", 424, 0),
    ],
)
def test_a_service_error_has_botocores_shape(kind: FaultKind, code: str, status: int, original: int | None) -> None:
    clients = simulated(Fault(kind=kind, calls=1))
    with pytest.raises(ClientError) as raised:
        invoke(clients)
    response: Any = raised.value.response
    assert response["Error"]["Code"] == code
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert response.get("OriginalStatusCode") == original
    assert invoke(clients)["Body"].read()


@pytest.mark.parametrize(
    ("kind", "error", "worked"),
    [
        (FaultKind.UNREACHABLE, EndpointConnectionError, 0),
        (FaultKind.RESET_BEFORE, ConnectionClosedError, 0),
        (FaultKind.RESET_AFTER, ConnectionClosedError, 3),
        (FaultKind.READ_TIMEOUT, ReadTimeoutError, 3),
    ],
)
def test_a_connection_breaks_before_or_after_the_work(kind: FaultKind, error: type[Exception], worked: int) -> None:
    clients = simulated(Fault(kind=kind, calls=1))
    with pytest.raises(error):
        invoke(clients)
    assert clients.machine.journal.records[-1].rows == worked
    assert (clients.clock.now() >= 70) is (kind is FaultKind.READ_TIMEOUT)


def test_a_body_that_breaks_off_is_told_when_it_is_read() -> None:
    response = invoke(simulated(Fault(kind=FaultKind.TRUNCATED)))
    with pytest.raises((IncompleteReadError, ResponseStreamingError)):
        response["Body"].read()


def test_a_request_longer_than_sagemaker_waits_times_out() -> None:
    clients = simulated(row_seconds=25.0, foreign=True, on_bad_row="refuse")
    with pytest.raises(ClientError, match="timed out"):
        invoke(clients, ["C", "CC", "CCC"])
    assert clients.clock.now() == pytest.approx(60.02)


def test_our_server_answers_at_its_deadline_with_the_rows_it_has() -> None:
    response = invoke(simulated(row_seconds=20.0), ["C", "CC", "CCC"])
    errors = codec.decode(response["Body"].read(), CSV)[PREDICTION_ERROR].fillna("").tolist()
    assert errors[:2] == ["", ""]
    assert errors[2].startswith("timeout: request deadline")


def test_requests_wait_for_a_place_and_are_refused_past_the_queue() -> None:
    clients = simulated(slots=1, max_waiting=1, row_seconds=1.0)
    with clients.clock.aside():
        invoke(clients, ["C", "CC"])
    with clients.clock.aside():
        invoke(clients, ["C", "CC"])
        assert clients.clock.now() > 4
    with pytest.raises(ClientError) as raised:
        invoke(clients)
    response: Any = raised.value.response
    assert response["OriginalStatusCode"] == 429


def test_a_serverless_endpoint_throttles_past_its_concurrency() -> None:
    clients = simulated(kind="serverless", slots=1, row_seconds=1.0)
    with clients.clock.aside():
        invoke(clients)
    with pytest.raises(ClientError, match="Throttling"):
        invoke(clients)


def test_a_component_at_zero_is_woken_by_its_first_request() -> None:
    clients = simulated(kind="inference_component", wake_seconds=720.0)
    with pytest.raises(ClientError, match="no capacity"):
        invoke(clients, InferenceComponentName=NAME)
    clients.clock.spend(700)
    with pytest.raises(ClientError, match="no capacity"):
        invoke(clients, InferenceComponentName=NAME)
    clients.clock.spend(20)
    assert invoke(clients, InferenceComponentName=NAME)["Body"].read()


@pytest.mark.parametrize(("on_bad_row", "status"), [("refuse", 500), ("crash", 0)])
def test_a_foreign_server_fails_whole_requests(on_bad_row: str, status: int) -> None:
    clients = simulated(foreign=True, on_bad_row=on_bad_row)
    with pytest.raises(ClientError) as raised:
        invoke(clients)
    response: Any = raised.value.response
    assert response["OriginalStatusCode"] == status
    answer = codec.decode(invoke(clients, ["CCO"])["Body"].read(), CSV)
    assert list(answer.columns) == [ROW_NUMBER, "smiles", PREDICTION]


def test_a_foreign_endpoint_has_no_tags() -> None:
    clients = simulated(foreign=True, on_bad_row="refuse")
    arn = clients.sagemaker.describe_endpoint(EndpointName=NAME)["EndpointArn"]
    assert clients.sagemaker.list_tags(ResourceArn=arn) == {"Tags": []}


def test_too_large_a_body_is_refused_by_the_front_end() -> None:
    with pytest.raises(ClientError) as raised:
        invoke(simulated(request_bytes=20))
    assert raised.value.response["Error"]["Code"] == "413"


def test_a_redeployment_changes_model_and_digest() -> None:
    old, new = text_release(), text_release(at=100.0, offset=1000.0)
    clients = SimulatedClients(FaultyRuntime([old, new], RuntimeSettings()))
    digests = []
    for _ in range(2):
        response = invoke(clients, ["C"])
        digests.append(parse_attributes(response["CustomAttributes"])["model-sha256"])
        clients.clock.spend(100)
    value = float(codec.decode(response["Body"].read(), CSV)[PREDICTION].iloc[0])
    assert digests == [old.digest, new.digest]
    assert value == text_value("C") + 1000


# -- the schedule and the journal ------------------------------------------------------------------------------------


def test_the_same_seed_meets_the_same_luck() -> None:
    def outcomes(seed: int) -> list[str]:
        clients = simulated(Fault(kind=FaultKind.THROTTLED_400, probability=0.5), seed=seed)
        for _ in range(40):
            try:
                invoke(clients)
            except ClientError:
                continue
        return [record.outcome for record in clients.machine.journal.records]

    assert outcomes(1) == outcomes(1)
    assert outcomes(1) != outcomes(2)
    assert {*outcomes(1)} == {"ok", "ThrottlingException"}


def test_a_fault_that_cannot_happen_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot strike"):
        Fault(kind=FaultKind.SLOW_DOWN, operations=frozenset({Operation.INVOKE}))


def test_the_journal_counts_calls_bodies_and_rows() -> None:
    clients = simulated(Fault(kind=FaultKind.RESET_AFTER, calls=1), keeps_rows=True)
    with pytest.raises(ConnectionClosedError):
        invoke(clients)
    invoke(clients)
    invoke(clients, ["CCC"])
    journal = clients.machine.journal
    assert journal.calls(Operation.INVOKE) == journal.calls() == 3
    assert [(record.outcome, record.rows) for record in journal.records] == [("reset", 3), ("ok", 3), ("ok", 1)]
    assert sorted(journal.answered_bodies().values()) == [1, 1]
    assert journal.records[-1].sent["smiles"].tolist() == ["CCC"]  # type: ignore[index]


def test_a_model_that_reads_few_columns_answers_wide_rows() -> None:
    clients = SimulatedClients(FaultyRuntime(number_release(3)))
    rows = pd.DataFrame({ROW_NUMBER: [0, 1], "x0": [1.0, -2.5], "x1": [0.0, 1.0], "x2": [3.0, 4.0]})
    response = clients.runtime.invoke_endpoint(
        EndpointName=NAME, Body=codec.encode(rows, ARROW), ContentType=ARROW, CustomAttributes="return=added"
    )
    assert codec.decode(response["Body"].read(), ARROW)[PREDICTION].tolist() == [0.5, -1.25]
