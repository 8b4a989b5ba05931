"""Promise: every failure has one row in the table of what is tried again, and each error says what to do."""

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

from chem_endpoints.client.retry import (
    KINDS,
    LONGEST_PAUSE_SECONDS,
    RULES,
    FailedInvocation,
    classify,
    of_container,
    of_words,
    pause,
    retried,
)
from chem_endpoints.client.steps import finish
from chem_endpoints.errors import (
    AccessRefusedError,
    AnswerMismatchError,
    EndpointError,
    EndpointNotFoundError,
    InvocationTimeoutError,
    ModelFailedError,
    NoCapacityError,
    RequestRefusedError,
)


def service_error(code: str, message: str = "m", status: int = 400, **more: Any) -> ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}
    return ClientError(response, "InvokeEndpoint")  # type: ignore[arg-type] # the rest of the metadata is not read


def model_error(status: int, message: str = "m") -> ClientError:
    return service_error("ModelError", status=424, OriginalStatusCode=status, OriginalMessage=message)


@pytest.mark.parametrize(
    ("error", "kind", "becomes"),
    [
        (service_error("ThrottlingException"), "throttled", ModelFailedError),
        (service_error("ThrottlingException", status=429), "throttled", ModelFailedError),
        (service_error("ModelNotReadyException", status=429), "not ready", NoCapacityError),
        (service_error("InternalDependencyException", status=530), "dependency", ModelFailedError),
        (service_error("ServiceUnavailable", status=503), "unavailable", ModelFailedError),
        (service_error("InternalFailure", status=500), "unavailable", ModelFailedError),
        (service_error("Unheard", status=502), "unavailable", ModelFailedError),
        (service_error("Unheard", status=429), "throttled", ModelFailedError),
        (service_error("Unheard", status=418), "refused", RequestRefusedError),
        (service_error("413", status=413), "too large", RequestRefusedError),
        (service_error("ValidationError", "Endpoint x of account 1 not found."), "refused", EndpointNotFoundError),
        (service_error("ValidationError", "bad header"), "refused", RequestRefusedError),
        (service_error("ValidationError", "Inference Component has no capacity to p"), "no capacity", NoCapacityError),
        (service_error("AccessDeniedException", status=403), "refused", AccessRefusedError),
        (service_error("SlowDown", status=503), "throttled", ModelFailedError),
        (service_error("ValidationException", "Could not find endpoint x"), "refused", EndpointNotFoundError),
        (service_error("ExpiredTokenException"), "refused", AccessRefusedError),
        (service_error("ExpiredToken"), "refused", AccessRefusedError),
        (model_error(400), "refused", RequestRefusedError),
        (model_error(422), "refused", RequestRefusedError),
        (model_error(413), "too large", RequestRefusedError),
        (model_error(429), "overloaded", ModelFailedError),
        (model_error(503), "overloaded", ModelFailedError),
        (model_error(500), "model", ModelFailedError),
        (model_error(0, "connection closed"), "model", ModelFailedError),
        (model_error(0, "Your invocation timed out while waiting for a response"), "timeout", InvocationTimeoutError),
        (ReadTimeoutError(endpoint_url="x"), "timeout", InvocationTimeoutError),
        (EndpointConnectionError(endpoint_url="x"), "connection", ModelFailedError),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), "connection", ModelFailedError),
        (ConnectTimeoutError(endpoint_url="x"), "connection", ModelFailedError),
        (NoCredentialsError(), "refused", AccessRefusedError),
        (ParamValidationError(report="x"), "refused", EndpointError),
        (AnswerMismatchError("m"), "answer", AnswerMismatchError),
        (FailedInvocation(of_container(503, "m")), "overloaded", ModelFailedError),
    ],
)
def test_each_error_has_its_kind(error: Exception, kind: str, becomes: type[EndpointError]) -> None:
    failure = classify(error)
    assert (failure.kind, type(failure.error)) == (kind, becomes)


def test_every_kind_has_its_rule() -> None:
    assert set(KINDS.values()) <= set(RULES)
    assert [kind for kind, rule in RULES.items() if rule.waits] == ["not ready", "no capacity"]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ('Received server error (503) from primary with message "busy". See x.', "overloaded"),
        ('Received client error (422) from primary with message "{}".', "refused"),
        ('Received server error (0) from primary with message "Your invocation timed out".', "timeout"),
        ("something else", "model"),
    ],
)
def test_the_words_of_a_failure_object_are_understood(words: str, kind: str) -> None:
    assert of_words(words).kind == kind


def test_the_servers_own_words_reach_the_caller() -> None:
    told = json.dumps({"code": "columns_do_not_match", "message": "feature 'smiles' has no column"})
    error = classify(model_error(422, told)).error
    assert isinstance(error, RequestRefusedError)
    assert (error.status, error.code, str(error)) == (422, "columns_do_not_match", "feature 'smiles' has no column")


def calls_until_given_up(error: Exception) -> int:
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise error

    with pytest.raises(EndpointError):
        finish(retried(fail), sleep=lambda seconds: None)
    return len(calls)


@pytest.mark.parametrize(
    ("error", "calls"),
    [
        (service_error("ThrottlingException"), 8),
        (service_error("InternalFailure", status=500), 6),
        (EndpointConnectionError(endpoint_url="x"), 4),
        (service_error("AccessDenied", status=403), 1),
        (service_error("ValidationException", "Could not find endpoint x"), 1),
    ],
)
def test_calls_beside_invocations_are_tried_as_often_as_the_table_says(error: Exception, calls: int) -> None:
    assert calls_until_given_up(error) == calls


def test_a_success_after_failures_is_a_success() -> None:
    failures = [service_error("ThrottlingException"), service_error("SlowDown")]

    def operation() -> str:
        if failures:
            raise failures.pop()
        return "done"

    waits: list[float] = []
    assert finish(retried(operation), sleep=waits.append) == "done"
    assert len(waits) == 2


def test_pauses_grow_and_stay_bounded() -> None:
    for tried in range(1, 40):
        assert 0 < pause(tried) <= LONGEST_PAUSE_SECONDS
    assert min(pause(6) for _ in range(50)) > max(pause(1) for _ in range(50))


def test_a_mistake_in_our_own_code_is_not_retried() -> None:
    with pytest.raises(ZeroDivisionError):
        finish(retried(lambda: 1 // 0))
    with pytest.raises(KeyError):
        classify(KeyError("x"))
