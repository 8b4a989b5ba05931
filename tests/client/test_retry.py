"""Promise: what may pass is tried again as often as the table says, all else once; the error says what to do."""

import json
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from chem_endpoints.client.retry import ATTEMPTS, LONGEST_PAUSE_SECONDS, pause, with_retries
from chem_endpoints.errors import (
    AccessRefusedError,
    EndpointError,
    EndpointNotFoundError,
    InvocationTimeoutError,
    ModelFailedError,
    NoCapacityError,
    RequestRefusedError,
)


def service_error(code: str, message: str = "m", **more: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}, **more}, "InvokeEndpoint")


def model_error(status: int, message: str = "m") -> ClientError:
    return service_error("ModelError", OriginalStatusCode=status, OriginalMessage=message)


def calls_until_given_up(error: Exception) -> tuple[int, EndpointError]:
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise error

    with pytest.raises(EndpointError) as refusal:
        with_retries(fail, sleep=lambda seconds: None)
    return len(calls), refusal.value


@pytest.mark.parametrize(
    ("error", "calls", "becomes"),
    [
        (service_error("ThrottlingException"), 8, ModelFailedError),
        (service_error("ModelNotReadyException"), 8, ModelFailedError),
        (service_error("InternalDependencyException"), 3, ModelFailedError),
        (service_error("ServiceUnavailable"), 6, ModelFailedError),
        (service_error("ValidationError", "Endpoint x of account 1 not found."), 1, EndpointNotFoundError),
        (service_error("ValidationError", "bad header"), 1, RequestRefusedError),
        (service_error("ValidationError", "Inference Component has no capacity to process"), 1, NoCapacityError),
        (service_error("AccessDeniedException"), 1, AccessRefusedError),
        (model_error(400), 1, RequestRefusedError),
        (model_error(422), 1, RequestRefusedError),
        (model_error(429), 8, ModelFailedError),
        (model_error(503), 8, ModelFailedError),
        (model_error(500), 2, ModelFailedError),
        (ReadTimeoutError(endpoint_url="x"), 1, InvocationTimeoutError),
        (EndpointConnectionError(endpoint_url="x"), 4, ModelFailedError),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), 4, ModelFailedError),
        (service_error("SlowDown"), 8, ModelFailedError),
        (service_error("ValidationException", "Could not find endpoint x"), 1, EndpointNotFoundError),
        (service_error("ExpiredTokenException"), 1, AccessRefusedError),
        (service_error("ExpiredToken"), 1, AccessRefusedError),
        (NoCredentialsError(), 1, AccessRefusedError),
        (ParamValidationError(report="x"), 1, EndpointError),
        (ConnectTimeoutError(endpoint_url="x"), 4, ModelFailedError),
    ],
)
def test_the_table_of_retries(error: Exception, calls: int, becomes: type[EndpointError]) -> None:
    made, raised = calls_until_given_up(error)
    assert (made, type(raised)) == (calls, becomes)


def test_the_servers_own_words_reach_the_caller() -> None:
    told = json.dumps({"code": "columns_do_not_match", "message": "feature 'smiles' has no column"})
    _, raised = calls_until_given_up(model_error(422, told))
    assert isinstance(raised, RequestRefusedError)
    assert (raised.status, raised.code, str(raised)) == (422, "columns_do_not_match", "feature 'smiles' has no column")


def test_a_success_after_failures_says_how_many_there_were() -> None:
    failures = [service_error("ThrottlingException"), model_error(503)]

    def operation() -> str:
        if failures:
            raise failures.pop()
        return "done"

    assert with_retries(operation, sleep=lambda seconds: None) == ("done", 2)


def test_pauses_grow_and_stay_bounded() -> None:
    for tried in range(1, 40):
        assert 0 < pause(tried) <= LONGEST_PAUSE_SECONDS
    assert min(pause(6) for _ in range(50)) > max(pause(1) for _ in range(50))


def test_a_mistake_in_our_own_code_is_not_retried() -> None:
    with pytest.raises(ZeroDivisionError):
        with_retries(lambda: 1 // 0)
    assert max(ATTEMPTS.values()) == 8
