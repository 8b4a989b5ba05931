"""From ASGI to WSGI: what moto's applications, and our own handlers, see of a request that uvicorn received.

Every request is handled on a thread of its own. Handlers call this same server (CloudFormation makes buckets, for
instance), so a pool with a bound would wait for itself in the end.
"""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import closing
from typing import Any
from urllib.parse import unquote_to_bytes

from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from werkzeug.exceptions import ClientDisconnected

from chem_endpoints.local.wsgi import App, Environ, Reply, StreamedReply

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

_READ_AHEAD_BYTES = 1 << 20
"""A body of at most this length is there before its thread starts."""
_BUFFER_BYTES = 1 << 18
_STREAM_BYTES = 1 << 20
"""A longer answer is passed on in pieces."""


class CallersBody(io.RawIOBase):
    """A request's body that is read as it comes, by another thread than the event loop's."""

    def __init__(self, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        self._receive, self._loop = receive, loop
        self._left, self._more = memoryview(b""), True

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes; none at the end.

        Raises:
            ClientDisconnected: the caller went away before the end.
        """
        while not self._left and self._more:
            self._take(asyncio.run_coroutine_threadsafe(_next_message(self._receive), self._loop).result())
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size

    def _take(self, message: Message) -> None:
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        self._left, self._more = memoryview(message.get("body", b"")), message.get("more_body", False)


async def _next_message(receive: Receive) -> Message:
    return await receive()


async def body_of(scope: Scope, receive: Receive) -> io.BufferedIOBase:
    """A request's body: a short one is waited for, any other is read as its handler asks for it."""
    headers = dict(scope["headers"])
    declared = headers.get(b"content-length", b"0" if b"transfer-encoding" not in headers else b"")
    if b"expect" in headers or not declared.isdigit() or int(declared) > _READ_AHEAD_BYTES:
        return io.BufferedReader(CallersBody(receive, asyncio.get_running_loop()), _BUFFER_BYTES)
    body = io.BytesIO()
    while int(declared):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        body.write(message.get("body", b""))
        if not message.get("more_body", False):
            break
    body.seek(0)
    return body


def environ_from(scope: Scope, body: io.BufferedIOBase) -> Environ:
    """The WSGI environment of a request.

    Header names with an underscore are dropped, as HTTP servers do, but for S3's metadata: moto takes these from an
    entry of its own (``moto.moto_server.werkzeug_app.MotoRequestHandler``).
    """
    raw_path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    server, caller = scope.get("server") or ("localhost", 0), scope.get("client") or ("", 0)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": f"{raw_path}?{query}" if query else raw_path,
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": caller[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    environ.update(_joined((name, value) for name, value in headers if "_" not in name))
    kept = [(name, value) for name, value in headers if should_preserve_original_header_name(name)]
    kept = [(name, value) for name, value in kept if environ_key_for_header(name) not in environ]
    environ.update(_joined(kept))
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = {environ_key_for_header(name): name for name, _ in kept}
    return environ


def _joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        key = environ_key_for_header(name)
        joined[key] = f"{joined[key]},{value}" if key in joined else value
    return joined


class _AppBody:
    """The body that a WSGI application gives."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    def close(self) -> None:
        """Closes what the application gave."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()


def open_app(app: App, environ: Environ) -> Reply | StreamedReply:
    """Calls a WSGI application; a long answer is not collected but passed on as it comes."""
    head: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> None:
        head[:] = [int(status.split()[0]), headers]

    body = _AppBody(app(environ, start_response))
    if head and _length(head[1]) > _STREAM_BYTES and environ["REQUEST_METHOD"] != "HEAD":
        return StreamedReply(status=head[0], body=body, headers=list(head[1]))
    with closing(body):
        content = b"".join(body)
    return Reply(status=head[0], body=content, headers=list(head[1]))


def _length(headers: Iterable[tuple[str, str]]) -> int:
    return next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
