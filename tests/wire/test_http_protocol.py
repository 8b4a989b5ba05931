"""Promise: an offer of another protocol (curl --http2, Java's client) costs no request its body, on either server."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed: pip install -e '.[server]'")

from threading import Thread  # noqa: E402

from chem_endpoints.wire.http_protocol import Http1Protocol  # noqa: E402

OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"


async def echo(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    told = b"%s %s %s" % (scope["method"].encode(), scope["path"].encode(), body)
    names = b",".join(name for name, _ in scope["headers"])
    headers = [(b"content-length", str(len(told)).encode()), (b"x-headers", names)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": told})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    config = uvicorn.Config(echo, http=Http1Protocol, ws="none", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


def asked(port: int, pieces: list[bytes], *, answers: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 20) as raw:
        raw.settimeout(20)
        seen = b""
        for piece in pieces:
            raw.sendall(piece)
            seen += b"" if len(pieces) == 1 else _at_once(raw)
        while seen.count(b"HTTP/1.1 ") < answers or not seen.split(b"\r\n\r\n")[-1]:
            seen += raw.recv(65536)
        return seen


def _at_once(raw: socket.socket) -> bytes:
    raw.settimeout(0.02)
    try:
        return raw.recv(65536)
    except TimeoutError:
        return b""
    finally:
        raw.settimeout(20)


POST = b"POST /rows HTTP/1.1\r\nHost: here\r\n" + OFFER + b"Content-Length: 6\r\n\r\nsmiles"
CHUNKED = (
    b"POST /rows HTTP/1.1\r\nHost: here\r\n" + OFFER + b"Transfer-Encoding: chunked\r\n\r\n6\r\nsmiles\r\n0\r\n\r\n"
)


@pytest.mark.parametrize("request_", [POST, CHUNKED], ids=["length", "chunked"])
@pytest.mark.parametrize("size", [1, 7, 1000], ids=str)
def test_the_body_arrives_however_it_is_cut(port: int, request_: bytes, size: int) -> None:
    seen = asked(port, [request_[at : at + size] for at in range(0, len(request_), size)], answers=1)
    assert seen.endswith(b"POST /rows smiles")
    assert b"upgrade" not in seen.lower()
    assert b"http2-settings" not in seen.lower()


def test_requests_follow_each_other_on_one_connection(port: int) -> None:
    plain = b"POST /plain HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\nCCO"
    seen = asked(port, [POST + plain + POST], answers=3)
    assert seen.count(b"POST /rows smiles") == 2
    assert seen.count(b"POST /plain CCO") == 1


def test_a_request_without_a_body_is_answered(port: int) -> None:
    assert b"GET /ping " in asked(port, [b"GET /ping HTTP/1.1\r\nHost: here\r\n" + OFFER + b"\r\n"], answers=1)


def test_what_else_is_asked_of_the_connection_is_kept(port: int) -> None:
    closing = POST.replace(b"Connection: Upgrade", b"Connection: close, Upgrade")
    assert b"connection: close" in asked(port, [closing], answers=1).lower()


@pytest.mark.parametrize(
    "bad", [b"CONNECT here:443 HTTP/1.1\r\nHost: here\r\n\r\n", b"no request\r\n\r\n"], ids=["tunnel", "noise"]
)
def test_what_is_not_served_is_refused(port: int, bad: bytes) -> None:
    assert asked(port, [bad], answers=1).startswith(b"HTTP/1.1 400 ")
