"""Promise: a request to an async endpoint is answered or fails for a stated reason, however long it had to queue."""

import re
from dataclasses import replace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from chem_endpoints.client.asynchronous import (
    FIRST_POLL_SECONDS,
    INLINE_BYTES,
    LONGEST_POLL_SECONDS,
    QUEUE_SECONDS,
    Arrival,
    AsyncTransport,
    failure_of,
    longest_wait,
    reply_of,
)
from chem_endpoints.client.description import describe_endpoint
from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.client.retry import FailedInvocation
from chem_endpoints.client.steps import finish
from chem_endpoints.client.transport import Invocation
from chem_endpoints.errors import AccessRefusedError, InvocationTimeoutError, RequestRefusedError
from chem_endpoints.local.faults.clients import SimulatedClients
from chem_endpoints.local.faults.runtime import FaultyRuntime
from chem_endpoints.local.faults.schedule import Fault, FaultKind, Operation, Schedule
from chem_endpoints.local.faults.settings import BUCKET, RuntimeSettings
from chem_endpoints.local.faults.simple_models import text_release, text_value
from chem_endpoints.local.invocation_errors import EXPIRED, model_error
from chem_endpoints.wire.content_types import ARROW, CSV
from chem_endpoints.wire.options import MODEL_DIGEST_KEY
from simulated import SimulatedWorkers

NAME = RuntimeSettings().name
LONGEST_ROW_SECONDS = 20.0


def simulated(*faults: Fault, **settings: Any) -> SimulatedClients:
    described = {"client_settings": {"rows_per_chunk": 10}, **settings}
    return SimulatedClients(FaultyRuntime(text_release(), RuntimeSettings(kind="async", **described), Schedule(faults)))


def endpoint(clients: Any) -> Endpoint:
    return Endpoint(NAME, clients=clients, workers=lambda threads: SimulatedWorkers(clients.clock, threads))


def frame(rows: int) -> pd.DataFrame:
    return pd.DataFrame({"smiles": [f"C{row}" for row in range(rows)]})


def asked(body: bytes = b"__row__,smiles\n0,CCO\n") -> Invocation:
    return Invocation(body=body, content_type=CSV, accept=ARROW, attributes="return=added")


def assert_answered(out: pd.DataFrame) -> None:
    assert out["prediction"].tolist() == [text_value(text) for text in out["smiles"]]
    assert (out["prediction_error"] == "").all()


def test_a_request_lies_below_the_input_place_under_a_name_that_tells_nothing() -> None:
    clients = simulated()
    assert_answered(endpoint(clients).inference(frame(25)))
    journal = clients.machine.journal
    keys = [record.key for record in journal.of(Operation.PUT)]
    assert len(keys) == 3
    assert all(re.fullmatch(rf"async/{NAME}/input/[0-9a-f]{{32}}\.csv", key) for key in keys)
    assert journal.calls(Operation.INVOKE_ASYNC) == 3  # one for each request: nothing is sent to warm it up
    assert journal.calls(Operation.DELETE, Operation.DELETE_MANY) == 0  # the declaration's retention does that


def test_without_an_input_place_a_request_travels_inside_the_call_which_limits_it() -> None:
    clients: Any = simulated()
    transport = AsyncTransport(replace(describe_endpoint(NAME, clients), input_uri=None), clients)
    assert transport.body_limit == INLINE_BYTES
    assert finish(transport.invoke(asked()), sleep=clients.clock.spend).body
    assert clients.machine.journal.calls(Operation.PUT) == 0


def test_an_answer_that_may_not_be_seen_yet_is_waited_for() -> None:
    """Without s3:ListBucket S3 says 403 of an object that is not there."""
    assert_answered(endpoint(simulated(hides_absence=True, row_seconds=2.0)).inference(frame(25)))


def test_the_deadline_counts_the_queue() -> None:
    """One place, 640 rows of 20 s: the last request has waited for hours before its minutes of work begin."""
    clients = simulated(slots=1, row_seconds=LONGEST_ROW_SECONDS)
    assert_answered(endpoint(clients).inference(frame(640)))
    assert clients.clock.now() > 3 * 3600


def test_a_request_that_vanished_ends_when_sagemaker_would_have_given_it_up() -> None:
    clients = simulated(Fault(kind=FaultKind.LOST))
    with pytest.raises(InvocationTimeoutError, match=r"neither s3://\S+ nor a failure appeared in 7\.0 hours"):
        endpoint(clients).inference(frame(5))
    assert longest_wait(3600) <= clients.clock.now() < longest_wait(3600) + 300


def test_a_failure_is_seen_at_once_and_only_its_row_pays() -> None:
    """The row that breaks the container is found; the request's other rows have their answers."""
    rows = frame(40)
    rows.loc[17, "smiles"] = "bad"
    clients = simulated(on_bad_row="crash", restart_seconds=1.0)
    out = endpoint(clients).inference(rows)
    assert out["prediction_error"].str.startswith("prediction_failed").tolist() == [row == 17 for row in range(40)]
    assert_answered(out.drop(index=17))
    assert clients.clock.now() < 600
    dropped = endpoint(simulated(on_bad_row="crash", restart_seconds=1.0)).inference(rows, drop_error_rows=True)
    assert dropped.index.tolist() == [row for row in range(40) if row != 17]


def test_a_request_that_the_server_refuses_is_an_error_and_no_row_of_nan() -> None:
    class Blank(SimulatedClients):
        """A bucket that loses the content of what is put."""

        def __init__(self) -> None:
            super().__init__(simulated().machine)
            put = self.s3.put_object
            self.s3.put_object = lambda **put_as: put(**{**put_as, "Body": b"nonsense\n1\n"})  # type: ignore[method-assign]

    with pytest.raises(RequestRefusedError):
        endpoint(Blank()).inference(frame(5))


def test_waiting_is_cheap() -> None:
    """An hour of work takes some hundred looks, not thousands; the first ones come soon."""

    clients = simulated()
    arrival = Arrival(s3=clients.s3, output=f"s3://{BUCKET}/none", failure=f"s3://{BUCKET}/neither")
    pauses: list[float] = []
    with pytest.raises(FailedInvocation, match="neither"):
        finish(arrival.wait(3600.0), sleep=pauses.append)
    assert pauses[0] == FIRST_POLL_SECONDS
    assert max(pauses) == LONGEST_POLL_SECONDS
    assert sum(pauses) >= 3600
    assert len(pauses) < 400
    assert pauses == sorted(pauses)


def test_an_arrow_answer_names_its_model() -> None:
    table = pa.table({"y": [1.0]}).replace_schema_metadata({MODEL_DIGEST_KEY: "d" * 64})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    body = sink.getvalue().to_pybytes()
    assert reply_of(body, ARROW).digest == "d" * 64
    assert reply_of(b"y\n1\n", CSV).digest == ""
    out = endpoint(clients := simulated()).inference(frame(5))
    assert out.attrs["report"]["models"] == [clients.machine.releases[0].digest]


SERVER_DOCUMENT = '{"code": "invalid_body", "message": "the body is no CSV"}'


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, SERVER_DOCUMENT, "refused"),
        (413, "too large", "too large"),
        (429, "overloaded", "overloaded"),
        (503, "starting", "overloaded"),
        (500, "Internal Server Error", "model"),
        (0, "Your invocation timed out while waiting for a response from container primary", "timeout"),
        (0, "the model's process died", "model"),
    ],
)
def test_the_words_of_a_containers_failure_are_understood(status: int, message: str, kind: str) -> None:
    """They are those that the local AWS stores, which are SageMaker's."""
    error = model_error(endpoint=NAME, variant="v", region="r", status=status, message=message)
    assert failure_of(str(error).encode()).kind == kind


def test_a_request_that_expired_says_nothing_about_its_rows() -> None:
    assert failure_of(EXPIRED.encode()).kind == "unavailable"


def test_credentials_that_may_not_invoke_are_an_error_at_once() -> None:
    clients = simulated()

    def refuse(**_: Any) -> Any:
        from botocore.exceptions import ClientError

        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "InvokeEndpointAsync")

    clients.runtime.invoke_endpoint_async = refuse  # type: ignore[method-assign]
    with pytest.raises(AccessRefusedError):
        endpoint(clients).inference(frame(5))


def test_the_queue_is_asked_for_its_longest_patience() -> None:
    clients = simulated()
    seen: list[dict[str, Any]] = []
    invoke = clients.runtime.invoke_endpoint_async

    def recorded(**named: Any) -> Any:
        seen.append(named)
        return invoke(**named)

    clients.runtime.invoke_endpoint_async = recorded  # type: ignore[method-assign]
    endpoint(clients).inference(frame(5))
    assert seen[0]["RequestTTLSeconds"] == QUEUE_SECONDS
