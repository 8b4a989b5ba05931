"""The HTTP between the runtime and a container: an invocation goes out, its response comes back piece by piece."""

import http.client
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO

from chem_endpoints.local.container_pool import ContainerPool, Kept

_PIECE_BYTES = 1 << 16
_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. "
    "Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)
_BROKEN_OFF = "The container closed the connection before it answered."
_PREFIX = "X-Amzn-SageMaker-"
CUSTOM_ATTRIBUTES = _PREFIX + "Custom-Attributes"
INFERENCE_ID = _PREFIX + "Inference-Id"
SESSION_ID = _PREFIX + "Session-Id"
_TARGET_VARIANT = _PREFIX + "Target-Variant"
_COMPONENT = _PREFIX + "Inference-Component"
_FORWARDED_HEADERS = (
    "Content-Type",
    "Accept",
    CUSTOM_ATTRIBUTES,
    _PREFIX + "Target-Model",
    _TARGET_VARIANT,
    _PREFIX + "Target-Container-Hostname",
    INFERENCE_ID,
    _PREFIX + "Enable-Explanations",
    _COMPONENT,
    SESSION_ID,
    _PREFIX + "Prefix-Aware-Id",
)
"""Only these reach the container (botocore, InvokeEndpoint)."""

_STREAM_ACCEPT = _PREFIX + "Accept"
NEW_SESSION_ID = _PREFIX + "New-Session-Id"
CLOSED_SESSION_ID = _PREFIX + "Closed-Session-Id"
_RETURNED_HEADERS = (CUSTOM_ATTRIBUTES, NEW_SESSION_ID, CLOSED_SESSION_ID)

CALLERS_HEADERS = (*_FORWARDED_HEADERS, _STREAM_ACCEPT)
"""All headers that one of the synchronous operations reads."""


class NoAnswerError(Exception):
    """The container does not answer, or stops before its answer is complete."""

    def __init__(self, message: str, *, in_time: bool = True) -> None:
        super().__init__(message)
        self.in_time = in_time
        """False: its time was over."""


class NotReachedError(Exception):
    """No byte of the invocation reached the container: it may be sent again."""


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """What is sent to the container."""

    body: bytes | IO[bytes]
    """A file is sent from its beginning."""
    headers: dict[str, str]
    target_variant: str | None = None
    component: str | None = None
    received: float | None = None
    """When the caller's request arrived (`time.monotonic`); None: nobody waits for the answer."""

    @property
    def session(self) -> str | None:
        """The stateful session that it belongs to, or is to begin."""
        return self.headers.get(SESSION_ID)

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.seek(0, os.SEEK_END)


def invocation_from(headers: Mapping[str, str], body: bytes, received: float | None = None) -> Invocation:
    """An invocation with those of InvokeEndpoint's headers that SageMaker forwards."""
    forwarded = {name: headers[name] for name in _FORWARDED_HEADERS if name in headers}
    return Invocation(
        body=body,
        headers=forwarded,
        target_variant=headers.get(_TARGET_VARIANT),
        component=headers.get(_COMPONENT),
        received=received,
    )


def streamed_invocation_from(headers: Mapping[str, str], body: bytes, received: float | None = None) -> Invocation:
    """The same of InvokeEndpointWithResponseStream, which has ``Accept`` under a name of its own (botocore)."""
    renamed = {name: value for name, value in headers.items() if name != "Accept"}
    if _STREAM_ACCEPT in headers:
        renamed["Accept"] = headers[_STREAM_ACCEPT]
    return invocation_from(renamed, body, received)


class ContainerResponse:
    """A response whose status and headers are there, and whose body is read as it comes."""

    def __init__(self, pool: ContainerPool, port: int, invocation: Invocation, deadline: float) -> None:
        """Sends the invocation and waits for the response's head.

        Args:
            pool: where connections to containers come from.
            port: where the container listens.
            invocation: what is sent.
            deadline: when the end of the body must be there (`time.monotonic`).

        Raises:
            ConnectionRefusedError: nobody listens.
            NotReachedError: the container's queue of new connections is full.
            NoAnswerError: there is no response, or none in time.
        """
        self._pool, self._deadline, self._complete = pool, deadline, False
        try:
            self._kept: Kept | None = (kept := pool.take(port, deadline))
        except ConnectionRefusedError:
            raise
        except OSError as error:
            raise _no_answer(error) from error
        try:
            self._sent_whole = _send(kept.connection, invocation)
            self._limit_wait(kept)
            self._response = kept.connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            untouched = kept.is_untouched and not isinstance(error, TimeoutError)
            self._drop()
            raise (NotReachedError() if untouched else _no_answer(error)) from error
        pool.answered(kept)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status

    @property
    def content_type(self) -> str:
        """The body's media type."""
        return self._response.getheader("Content-Type", "application/octet-stream")

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Those of the headers that come back to the caller."""
        found = {name: self._response.getheader(name) for name in _RETURNED_HEADERS}
        found[NEW_SESSION_ID] = self.opened_session
        return [(name, value) for name, value in found.items() if value is not None]

    @property
    def opened_session(self) -> str | None:
        """The session that the container has opened, with its end; AWS's sample answers with the request's header."""
        return self._response.getheader(NEW_SESSION_ID) or self._response.getheader(SESSION_ID)

    @property
    def closed_session(self) -> str | None:
        """The session that the container has closed."""
        return self._response.getheader(CLOSED_SESSION_ID)

    def pieces(self) -> Iterator[bytes]:
        """The body in pieces, each as soon as it is there.

        Raises:
            NoAnswerError: the body breaks off, or is not complete in time.
        """
        left: int | None = self._response.length
        while left != 0:
            piece = self._read(_PIECE_BYTES if left is None else min(_PIECE_BYTES, left))
            if not piece:
                if left is not None:
                    raise NoAnswerError(_BROKEN_OFF)
                break
            left = None if left is None else left - len(piece)
            yield piece
        self._complete = True

    def _read(self, most: int) -> bytes:
        try:
            if self._kept is None:
                raise ConnectionError
            self._limit_wait(self._kept)
            return self._response.read1(most)
        except (OSError, http.client.HTTPException) as error:
            raise _no_answer(error) from error

    def _limit_wait(self, kept: Kept) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        kept.socket.settimeout(left)

    def close(self) -> None:
        """Lets go; a container that still answers sees its connection closed."""
        self._response.close()
        if self._complete and self._sent_whole and not self._response.will_close and self._kept is not None:
            self._pool.give_back(self._kept)
            self._kept = None
        else:
            self._drop()

    def _drop(self) -> None:
        if self._kept is not None:
            self._pool.drop(self._kept)
            self._kept = None


def _no_answer(error: Exception) -> NoAnswerError:
    if isinstance(error, TimeoutError):
        return NoAnswerError(_TIMED_OUT, in_time=False)
    return NoAnswerError(_BROKEN_OFF)


def _send(connection: http.client.HTTPConnection, invocation: Invocation) -> bool:
    """Sends the invocation; returns whether all of it was taken."""
    body, headers = invocation.body, invocation.headers
    if not isinstance(body, bytes):
        headers = {**headers, "Content-Length": str(invocation.size)}
        body.seek(0)
    try:
        connection.request("POST", "/invocations", body=body, headers=headers)
    except (BrokenPipeError, ConnectionResetError):
        return False  # It may have answered before it read all: a body that is too large, for instance.
    return True
