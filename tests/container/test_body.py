"""Promise: a body is waited for no longer than a request may take, and refused as soon as it is too large."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from container.server.body import read_body
from container.server.job import RequestError


def refused(*messages: dict[str, Any], **options: Any) -> RequestError:
    """The error of a body of which these pieces arrive, and then nothing."""
    left = list(messages)

    async def receive() -> dict[str, Any]:
        return left.pop(0) if left else await asyncio.Event().wait() or {}

    async def read() -> None:
        await asyncio.wait_for(read_body(receive, **{"declared": 0, "limit": 100, "seconds": 0.05, **options}), 10)

    with pytest.raises(RequestError) as told:
        asyncio.run(read())
    return told.value


def piece(data: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


@pytest.mark.parametrize("pieces", [[], [piece(b"smiles\n")]], ids=["nothing", "a piece"])
def test_a_body_that_does_not_arrive_is_given_up(pieces: list[dict[str, Any]]) -> None:
    error = refused(*pieces, declared=50)
    assert (error.status, error.code) == (408, "body_timeout")


def test_a_body_that_grows_too_large_is_refused_before_its_end() -> None:
    assert refused(declared=101).code == "body_too_large"
    assert refused(piece(b"x" * 60), piece(b"x" * 60)).code == "body_too_large"
    assert refused(piece(b"x" * 101, more=False)).code == "body_too_large"


def test_a_caller_that_goes_in_the_middle_is_not_waited_for() -> None:
    assert refused(piece(b"x"), {"type": "http.disconnect"}).code == "client_disconnected"


def test_a_caller_that_sends_no_body_gives_its_place_back(
    start_server: Callable[..., Any], own_script_bundle: Callable[..., Path]
) -> None:
    server = start_server(own_script_bundle(), CHEM_ENDPOINTS_REQUEST_SECONDS="1", CHEM_ENDPOINTS_MAX_WAITING="1")
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as caller:
        caller.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 5\r\n\r\n")
        assert caller.recv(1000).startswith(b"HTTP/1.1 408")
    assert server.post("smiles\nCCC\n").status_code == 200
