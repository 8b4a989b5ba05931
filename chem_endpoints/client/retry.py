"""One table of what is tried again, and one loop that does it.

Sources: InvokeEndpoint and InvokeEndpointAsync API references (errors); botocore itself retries none of
``ModelNotReadyException`` and ``InternalDependencyException``, and repeats a timed-out prediction three times.
"""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

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

from chem_endpoints.errors import (
    AccessRefusedError,
    EndpointError,
    EndpointNotFoundError,
    InvocationTimeoutError,
    ModelFailedError,
    NoCapacityError,
    RequestRefusedError,
)

T = TypeVar("T")

ATTEMPTS = {
    "ThrottlingException": 8,
    "ModelNotReadyException": 8,
    "ServiceUnavailable": 6,
    "ServiceUnavailableException": 6,
    "InternalFailure": 6,
    "InternalDependencyException": 3,
    "SlowDown": 8,
    "InternalError": 6,
    "connection": 4,
    "overloaded": 8,
    "model": 2,
}
"""How often a request is made in all, by what went wrong; anything else is made once."""

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 20.0
OVERLOADED = (429, 503)

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


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What went wrong: how it is retried, and what it becomes when retrying did not help."""

    kind: str
    error: EndpointError


def with_retries(operation: Callable[[], T], *, sleep: Callable[[float], object] = time.sleep) -> tuple[T, int]:
    """Calls until it succeeds or its kind of failure has had its attempts; returns the result and the retries.

    Raises:
        EndpointError: the last failure.
    """
    tried = 0
    while True:
        tried += 1
        try:
            return operation(), tried - 1
        except (BotoCoreError, ClientError) as error:
            failure = classify(error)
            if tried >= ATTEMPTS.get(failure.kind, 1):
                raise failure.error from error
            if sleep(pause(tried)):  # an event that was set: nothing more is to be sent
                raise failure.error from error


def call(operation: Callable[..., T], *arguments: Any, **parameters: Any) -> T:
    """Calls an operation of a service, with retries; its errors become ours."""
    return with_retries(lambda: operation(*arguments, **parameters))[0]


def pause(tried: int) -> float:
    """Seconds before the next try: doubling, with jitter, so that callers do not come back in step."""
    longest = min(FIRST_PAUSE_SECONDS * 2.0 ** (tried - 1), LONGEST_PAUSE_SECONDS)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret


def classify(error: Exception) -> Failure:
    """Sorts an error of botocore by the table above."""
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
    return Failure(kind="refused", error=EndpointError(f"the call cannot be made: {error}"))


def _of_service(response: Any) -> Failure:
    code, message = response["Error"]["Code"], response["Error"]["Message"]
    if code == "ModelError":
        return _of_container(int(response.get("OriginalStatusCode", 0)), str(response.get("OriginalMessage", message)))
    if code.startswith("Validation") and NO_CAPACITY in message:
        return Failure(kind="no capacity", error=NoCapacityError("no copy of the model runs at present"))
    if code.startswith("Validation") and any(words in message for words in ABSENT):
        advice = "Check the name, AWS_PROFILE and AWS_REGION"
        return Failure(kind=code, error=EndpointNotFoundError(f"there is no such endpoint here: {message} {advice}"))
    if code in REFUSED:
        return Failure(kind=code, error=AccessRefusedError(f"AWS refused the call ({code}): {message}"))
    if code in ATTEMPTS:
        return Failure(kind=code, error=ModelFailedError(f"{code} again after retries: {message}"))
    return Failure(kind=code, error=RequestRefusedError(message, status=400, code=code))


def _of_container(status: int, text: str) -> Failure:
    document = _document(text)
    code, message = str(document.get("code", "model_error")), str(document.get("message", text))
    if status in OVERLOADED:
        return Failure(kind="overloaded", error=ModelFailedError(f"the model's server stayed overloaded: {message}"))
    if 400 <= status < 500:
        return Failure(kind="refused", error=RequestRefusedError(message, status=status, code=code))
    return Failure(kind="model", error=ModelFailedError(f"the model's server failed (status {status}): {message}"))


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
