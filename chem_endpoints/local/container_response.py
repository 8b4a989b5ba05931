"""The HTTP between the runtime and a container: an invocation goes out, its response comes back piece by piece."""

import http.client
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO

_PIECE_BYTES = 1 << 16
_SEND_BYTES = 1 << 18
_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. "
    "Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)
_BROKEN_OFF = "The container closed the connection before it answered."
_PREFIX = "X-Amzn-SageMaker-"
CUSTOM_ATTRIBUTES = _PREFIX + "Custom-Attributes"
_TARGET_VARIANT = _PREFIX + "Target-Variant"
_COMPONENT = _PREFIX + "Inference-Component"
_FORWARDED_HEADERS = (
    "Content-Type",
    "Accept",
    CUSTOM_ATTRIBUTES,
    _PREFIX + "Target-Model",
    _TARGET_VARIANT,
    _PREFIX + "Target-Container-Hostname",
    _PREFIX + "Inference-Id",
    _PREFIX + "Enable-Explanations",
    _COMPONENT,
    _PREFIX + "Session-Id",
    _PREFIX + "Prefix-Aware-Id",
)
"""Only these reach the container (botocore, InvokeEndpoint)."""

_STREAM_ACCEPT = _PREFIX + "Accept"
_RETURNED_HEADERS = (CUSTOM_ATTRIBUTES, _PREFIX + "New-Session-Id", _PREFIX + "Closed-Session-Id")


CALLERS_HEADERS = (*_FORWARDED_HEADERS, _STREAM_ACCEPT)
"""All headers that one of the synchronous operations reads."""


class NoAnswerError(Exception):
    """The container does not answer, or stops before its answer is complete."""

    def __init__(self, message: str, *, in_time: bool = True) -> None:
        super().__init__(message)
        self.in_time = in_time
        """False: its time was over."""


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """What is sent to the container."""

    body: bytes | IO[bytes]
    """A file is sent from its beginning."""
    headers: dict[str, str]
    target_variant: str | None = None
    component: str | None = None

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.seek(0, os.SEEK_END)


def invocation_from(headers: Mapping[str, str], body: bytes) -> Invocation:
    """An invocation with those of InvokeEndpoint's headers that SageMaker forwards."""
    forwarded = {name: headers[name] for name in _FORWARDED_HEADERS if name in headers}
    return Invocation(
        body=body, headers=forwarded, target_variant=headers.get(_TARGET_VARIANT), component=headers.get(_COMPONENT)
    )


def streamed_invocation_from(headers: Mapping[str, str], body: bytes) -> Invocation:
    """The same of InvokeEndpointWithResponseStream, which has ``Accept`` under a name of its own (botocore)."""
    renamed = {name: value for name, value in headers.items() if name != "Accept"}
    if _STREAM_ACCEPT in headers:
        renamed["Accept"] = headers[_STREAM_ACCEPT]
    return invocation_from(renamed, body)


def connect(port: int, seconds: float) -> http.client.HTTPConnection:
    """A connection to the container that listens there.

    Raises:
        ConnectionRefusedError: nobody listens: a request would have reached no container.
        NoAnswerError: no connection comes about otherwise.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds, blocksize=_SEND_BYTES)
    try:
        connection.connect()
    except ConnectionRefusedError:
        raise
    except OSError as error:
        raise NoAnswerError(_BROKEN_OFF) from error
    return connection


class ContainerResponse:
    """A response whose status and headers are there, and whose body is read as it comes."""

    def __init__(self, connection: http.client.HTTPConnection, invocation: Invocation, seconds: float) -> None:
        """Sends the invocation and waits for the response's head.

        Args:
            connection: to the container, used for nothing else.
            invocation: what is sent.
            seconds: time until the end of the body.

        Raises:
            NoAnswerError: there is no response, or none in time.
        """
        self._deadline = time.monotonic() + seconds
        self._socket = connection.sock  # The connection forgets it once the container wants to close it.
        try:
            _send(connection, invocation)
            self._limit_wait()
            self._response = connection.getresponse()
        except TimeoutError as error:
            raise NoAnswerError(_TIMED_OUT, in_time=False) from error
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswerError(_BROKEN_OFF) from error

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
        found = ((name, self._response.getheader(name)) for name in _RETURNED_HEADERS)
        return [(name, value) for name, value in found if value is not None]

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
                return
            left = None if left is None else left - len(piece)
            yield piece

    def _read(self, most: int) -> bytes:
        try:
            self._limit_wait()
            return self._response.read1(most)
        except TimeoutError as error:
            raise NoAnswerError(_TIMED_OUT, in_time=False) from error
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswerError(_BROKEN_OFF) from error

    def _limit_wait(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)

    def close(self) -> None:
        """Lets go; a container that still answers sees its connection closed."""
        self._response.close()


def _send(connection: http.client.HTTPConnection, invocation: Invocation) -> None:
    body, headers = invocation.body, invocation.headers
    if not isinstance(body, bytes):
        headers = {**headers, "Content-Length": str(invocation.size)}
        body.seek(0)
    try:
        connection.request("POST", "/invocations", body=body, headers=headers)
    except (BrokenPipeError, ConnectionResetError):
        return  # It may have answered before it read all: a body that is too large, for instance.
