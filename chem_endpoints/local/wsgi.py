"""The little of WSGI that the local AWS needs: requests with a bounded body, replies in one piece or as they come."""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Protocol

from chem_endpoints.local.address import REGION

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]

_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request")
_PIECE = 1 << 20
_DRAIN_FACTOR = 4


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A complete answer."""

    status: int
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)

    def complete_headers(self) -> list[tuple[str, str]]:
        """The headers, with the body's length."""
        names = {name.lower() for name, _ in self.headers}
        length = [] if "content-length" in names else [("Content-Length", str(len(self.body)))]
        return [*self.headers, *length]


class Stream(Protocol):
    """A body that somebody must close."""

    def __iter__(self) -> Iterator[bytes]:
        """Its pieces."""

    def close(self) -> None:
        """Lets go of what makes the pieces."""


@dataclass(frozen=True, kw_only=True)
class StreamedReply:
    """An answer whose body is sent piece by piece, as it comes."""

    status: int
    body: Stream
    headers: list[tuple[str, str]]

    def complete_headers(self) -> list[tuple[str, str]]:
        """The headers; without ``Content-Length`` among them the body is sent in chunks."""
        return self.headers


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """No answer: the connection is reset. Or a part of one: the connection is closed before its end."""

    reply: Reply | StreamedReply | None = None
    """What is begun to be sent."""
    after_bytes: int | None = None
    """So much of its body is sent before; None: nothing at all, not even a status."""


Answer = Reply | StreamedReply | Dropped


def json_reply(status: int, content: object, *, content_type: str = "application/json") -> Reply:
    """An answer in JSON."""
    return Reply(status=status, body=json.dumps(content).encode(), headers=[("Content-Type", content_type)])


@dataclass(frozen=True)
class Request:
    """A WSGI request, as the local AWS looks at it."""

    environ: Environ
    received: float = field(default_factory=time.monotonic)
    """When it arrived."""

    @property
    def method(self) -> str:
        """``GET``, ``POST`` …"""
        return str(self.environ["REQUEST_METHOD"])

    @property
    def path(self) -> str:
        """The decoded path."""
        return str(self.environ.get("PATH_INFO", ""))

    @property
    def target(self) -> str:
        """``X-Amz-Target``: service and operation of the JSON protocols."""
        return str(self.environ.get("HTTP_X_AMZ_TARGET", ""))

    @property
    def operation(self) -> str:
        """The operation of the JSON protocols; of others only the method, since S3's paths hold keys."""
        return self.target.rpartition(".")[2] or self.method

    @property
    def service(self) -> str:
        """The service by which the request is signed; empty when it is not."""
        return self._scope()[1]

    @property
    def region(self) -> str:
        """The region by which the request is signed."""
        return self._scope()[0]

    def _scope(self) -> tuple[str, str]:
        found = _SCOPE.search(self.environ.get("HTTP_AUTHORIZATION", ""))
        return (found.group(1), found.group(2)) if found else (REGION, "")

    def header(self, name: str) -> str | None:
        """A header of the request."""
        key = name.upper().replace("-", "_")
        return self.environ.get(key if key == "CONTENT_TYPE" else f"HTTP_{key}") or None

    def headers(self, names: Iterable[str]) -> dict[str, str]:
        """Those of the headers that the request has."""
        return {name: value for name in names if (value := self.header(name)) is not None}

    @property
    def has_readable_length(self) -> bool:
        """Whether ``Content-Length`` is absent or a number."""
        declared = str(self.environ.get("CONTENT_LENGTH") or "0")
        return declared.isascii() and declared.isdecimal()

    def read_body(self, limit: int | None = None) -> bytes:
        """The body; of one over the limit, only the first bytes over it, to tell that it is too large.

        The rest is read and thrown away as far as it is not absurdly long: a client that still writes would miss
        the answer.
        """
        stream = self.environ["wsgi.input"]
        declared = self.environ.get("CONTENT_LENGTH")
        left = int(declared) if declared else None
        if left is None and not self.environ.get("wsgi.input_terminated"):
            return b""
        kept, total = BytesIO(), 0
        while left is None or left > 0:
            piece = stream.read(_PIECE if left is None else min(_PIECE, left))
            if not piece or (limit is not None and total > limit * _DRAIN_FACTOR):
                break
            total += len(piece)
            left = None if left is None else left - len(piece)
            if limit is None or kept.tell() <= limit:
                kept.write(piece)
        return kept.getvalue()


def call_app(app: App, environ: Environ, body: bytes | None = None) -> Reply:
    """Calls a WSGI application and collects its answer; ``body`` puts back what was read from the request."""
    if body is not None:
        environ = {**environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    head: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> None:
        head[:] = [int(status.split()[0]), headers]

    pieces = app(environ, start_response)
    try:
        content = b"".join(pieces)
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
    return Reply(status=head[0], body=content, headers=list(head[1]))
