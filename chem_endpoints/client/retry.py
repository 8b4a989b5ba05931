"""One table of what is tried again, how, and how often; and what an error becomes in the end.

Sources: InvokeEndpoint and InvokeEndpointAsync API references (errors); botocore itself retries none of
``ModelNotReadyException`` and ``InternalDependencyException``, and repeats a timed-out prediction three times.
"""

import json
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ReadTimeoutError,
)

from chem_endpoints.client.steps import Steps, finish
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

T = TypeVar("T")

Scope = Literal["endpoint", "request", "size", "never"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is done about one kind of failure.

    Attributes:
        scope: ``endpoint``: it says nothing about the request, so all requests slow down and one of them probes;
            ``request``: the rows that break this request are searched, a row alone is tried again first; ``size``: its
            rows are cut at once; ``never``: the run ends.
        attempts: tries in all (of an endpoint: in a row without one success).
        slows: ``halve``: half as many requests at once; ``stop``: one probe at a time.
        waits: until there is capacity, for as long as the caller's patience lasts, whatever ``attempts`` says.
    """

    scope: Scope
    attempts: int = 1
    slows: Literal["halve", "stop"] = "stop"
    waits: bool = False


RULES: dict[str, Rule] = {
    "throttled": Rule(scope="endpoint", attempts=8, slows="halve"),
    "overloaded": Rule(scope="endpoint", attempts=8, slows="halve"),
    "not ready": Rule(scope="endpoint", waits=True),
    "no capacity": Rule(scope="endpoint", waits=True),
    "unavailable": Rule(scope="endpoint", attempts=6),
    "dependency": Rule(scope="endpoint", attempts=3),
    "connection": Rule(scope="endpoint", attempts=4),
    "model": Rule(scope="request", attempts=2),
    "answer": Rule(scope="request", attempts=2),
    "timeout": Rule(scope="size"),
    "too large": Rule(scope="size"),
    "refused": Rule(scope="never"),
}
"""Kind of failure → what is done."""

KINDS = {
    "ThrottlingException": "throttled",
    "Throttling": "throttled",
    "TooManyRequestsException": "throttled",
    "RequestLimitExceeded": "throttled",
    "SlowDown": "throttled",
    "ModelNotReadyException": "not ready",
    "ServiceUnavailable": "unavailable",
    "ServiceUnavailableException": "unavailable",
    "InternalFailure": "unavailable",
    "InternalError": "unavailable",
    "InternalServerError": "unavailable",
    "InternalDependencyException": "dependency",
    "RequestTimeout": "connection",
    "413": "too large",
    "RequestEntityTooLarge": "too large",
}
"""Error code of a service → kind; other codes are refusals, unless the status is one of a gateway."""

GATEWAY = {429: "throttled", 500: "unavailable", 502: "unavailable", 503: "unavailable", 504: "unavailable"}
"""Status of an answer with an unknown code, as front ends give it → kind."""

OVERLOADED = (429, 503)
TOO_LARGE = 413

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 20.0

REFUSED = (
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "Forbidden",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
"""Codes of the services that mean credentials or permissions."""

ABSENT = ("Could not find endpoint", "not found")
NO_CAPACITY = "no capacity"
"""Words of the refusal by an inference component without copies; its code is that of a wrong request."""
TIMED_OUT = ("timed out", "did not answer", "ModelInvocationTimeExceeded")
"""Words of a ``ModelError`` without status (0) when the container did not answer in time."""

_CONTAINER = re.compile(r'Received (?:client|server) error \((\d+)\) from \S+ with message "(.*)"', re.DOTALL)
"""How SageMaker words a failure of the container, also in the failure object of an async endpoint."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What went wrong: its kind (a key of `RULES`), and what it becomes when nothing helps."""

    kind: str
    error: EndpointError

    @property
    def rule(self) -> Rule:
        """What is done about it."""
        return RULES[self.kind]


class FailedInvocation(EndpointError):  # noqa: N818 - it never reaches a caller: the engine turns it into its error
    """An invocation that failed elsewhere than in a call of botocore."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure.error))
        self.failure = failure


def retried(operation: Callable[[], T]) -> Steps[T]:
    """Steps that call until it succeeds, or its kind of failure has had its attempts; for calls beside invocations.

    Raises:
        EndpointError: the last failure.
    """
    tried = 0
    while True:
        tried += 1
        try:
            return operation()
        except (BotoCoreError, ClientError) as error:
            failure = classify(error)
            if failure.rule.scope == "never" or tried >= max(failure.rule.attempts, 2):
                raise failure.error from error
            yield pause(tried)


def call(operation: Callable[..., T], *arguments: Any, **parameters: Any) -> T:
    """Calls an operation of a service in this thread, with retries; its errors become ours."""
    return finish(retried(lambda: operation(*arguments, **parameters)), sleep=time.sleep)


def pause(tried: int, draw: Callable[[float, float], float] = random.uniform) -> float:
    """Seconds before the next try: doubling, with jitter, so that callers do not come back in step."""
    longest = min(FIRST_PAUSE_SECONDS * 2.0 ** (tried - 1), LONGEST_PAUSE_SECONDS)
    return longest * draw(0.5, 1.0)


def classify(error: BaseException) -> Failure:
    """Sorts an error by the tables above.

    Raises:
        BaseException: the error itself, when it is none of a service, a connection or an answer.
    """
    if isinstance(error, FailedInvocation):
        return error.failure
    if isinstance(error, AnswerMismatchError):
        return Failure(kind="answer", error=error)
    if isinstance(error, ClientError):
        return _of_service(error.response)
    if isinstance(error, ReadTimeoutError):
        return Failure(
            kind="timeout",
            error=InvocationTimeoutError(
                "the endpoint did not answer in time; send fewer rows, or use an async endpoint"
            ),
        )
    if isinstance(error, NoCredentialsError | PartialCredentialsError | NoRegionError):
        return Failure(kind="refused", error=AccessRefusedError(f"{error} Check AWS_PROFILE and AWS_REGION"))
    if isinstance(error, HTTPClientError | ConnectionError | IncompleteReadError):
        return Failure(kind="connection", error=ModelFailedError(f"the connection to AWS failed: {error}"))
    if isinstance(error, BotoCoreError):
        return Failure(kind="refused", error=EndpointError(f"the call cannot be made: {error}"))
    raise error


def of_container(status: int, text: str) -> Failure:
    """The failure that an error answer of the container means.

    Args:
        status: its HTTP status; 0: it did not answer.
        text: its body, our server's error document or anything else.
    """
    document = _document(text)
    code, message = str(document.get("code", "model_error")), str(document.get("message", text))
    if status in OVERLOADED:
        return Failure(kind="overloaded", error=ModelFailedError(f"the model's server stayed overloaded: {message}"))
    if status == TOO_LARGE:
        return Failure(kind="too large", error=RequestRefusedError(message, status=status, code=code))
    if 400 <= status < 500:
        return Failure(kind="refused", error=RequestRefusedError(message, status=status, code=code))
    if status == 0 and any(words in text for words in TIMED_OUT):
        return Failure(kind="timeout", error=InvocationTimeoutError(f"the model did not answer in time: {message}"))
    return Failure(kind="model", error=ModelFailedError(f"the model's server failed (status {status}): {message}"))


def of_words(text: str) -> Failure:
    """The failure that the words of a failure object mean, which an async endpoint leaves in S3."""
    if found := _CONTAINER.search(text):
        return of_container(int(found.group(1)), found.group(2))
    return of_container(0, text)


def _of_service(response: Any) -> Failure:
    code, message = response["Error"]["Code"], response["Error"]["Message"]
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code == "ModelError":
        return of_container(int(response.get("OriginalStatusCode", 0)), str(response.get("OriginalMessage", message)))
    if code.startswith("Validation") and NO_CAPACITY in message:
        return Failure(kind="no capacity", error=NoCapacityError("no copy of the model runs at present"))
    if code.startswith("Validation") and any(words in message for words in ABSENT):
        advice = "Check the name, AWS_PROFILE and AWS_REGION"
        return Failure(
            kind="refused", error=EndpointNotFoundError(f"there is no such endpoint here: {message} {advice}")
        )
    if code in REFUSED:
        return Failure(kind="refused", error=AccessRefusedError(f"AWS refused the call ({code}): {message}"))
    if kind := KINDS.get(code) or ("too large" if status == TOO_LARGE else GATEWAY.get(status)):
        if kind == "too large":
            return Failure(kind=kind, error=RequestRefusedError(message, status=TOO_LARGE, code=code))
        if kind == "not ready":
            return Failure(kind=kind, error=NoCapacityError(f"the model is being loaded ({message})"))
        return Failure(kind=kind, error=ModelFailedError(f"{code} again after retries: {message}"))
    return Failure(kind="refused", error=RequestRefusedError(message, status=status or 400, code=code))


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
