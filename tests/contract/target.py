"""The server that the clauses are asked of."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPResponse
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import httpx

CSV = "text/csv"
JSON = "application/json"
TIMEOUT_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Target:
    """A server at an address, and bodies that its model takes.

    Attributes:
        base_url: ``http://host:port``.
        csv: a header line and at least two different rows.
        json: a JSON body; ``None``: the server is not asked for JSON.
        ours: whether the wire format is that of Chem Endpoints.
    """

    base_url: str
    csv: bytes
    json: bytes | None
    ours: bool
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        # Each request has its own connection: a server may close one after an error (C30 asks for several on one).
        alone = httpx.Limits(max_keepalive_connections=0)
        client = httpx.Client(base_url=self.base_url, timeout=TIMEOUT_SECONDS, limits=alone)
        del client.headers["accept"]  # a clause that wants one says so
        object.__setattr__(self, "client", client)

    @property
    def rows(self) -> int:
        """Rows of `csv`."""
        return len(self.csv.splitlines()) - 1

    def post(self, body: bytes, content_type: str | None = CSV, **headers: str) -> httpx.Response:
        """POST /invocations; header names are written with ``_`` for ``-``."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if content_type is not None:
            sent["Content-Type"] = content_type
        return self.client.post("/invocations", content=body, headers=sent)

    @contextlib.contextmanager
    def conversation(self, *, timeout: float = TIMEOUT_SECONDS) -> Iterator["Conversation"]:
        """A bare connection; a silence of more than ``timeout`` seconds fails the test."""
        address = urlsplit(self.base_url)
        connection = socket.create_connection((address.hostname, address.port or 80), timeout=timeout)
        with contextlib.closing(Conversation(connection)) as conversation:
            yield conversation

    def close(self) -> None:
        """Closes the connections."""
        self.client.close()

    def still_serves(self) -> bool:
        """Whether a plain invocation is answered."""
        return self.post(self.csv).status_code == 200


def written_request(body: bytes, *lines: str, version: str = "HTTP/1.1") -> bytes:
    """The bytes of POST /invocations; ``lines`` are further header lines."""
    head = [f"POST /invocations {version}", "Host: contract", f"Content-Type: {CSV}", *lines, "", ""]
    return "\r\n".join(head).encode("latin-1") + body


def length_of(body: bytes) -> str:
    """The header line."""
    return f"Content-Length: {len(body)}"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer as it came over a bare connection."""

    status: int
    headers: Message
    body: bytes


class Conversation:
    """A bare connection: bytes are sent as they are, and answers read one after the other."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file = connection.makefile("rb")

    def send(self, *parts: bytes) -> None:
        """Sends the bytes."""
        self._connection.sendall(b"".join(parts))

    def end_sending(self) -> None:
        """Tells the server that nothing more comes."""
        self._connection.shutdown(socket.SHUT_WR)

    def line(self) -> bytes:
        """The next line, whatever it is; empty: the server has closed the connection."""
        return self._file.readline()

    def answer(self) -> Answer:
        """The next answer; interim ones are passed over."""
        response = HTTPResponse(_LeftOpen(self._file), method="POST")  # type: ignore[arg-type]
        response.begin()
        return Answer(status=response.status, headers=response.headers, body=response.read())

    def close(self) -> None:
        """Hangs up."""
        self._file.close()
        self._connection.close()


class _LeftOpen:
    """A connection's file as `HTTPResponse` wants it, which closes it after one answer; this one stays open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def makefile(self, _mode: str) -> "_LeftOpen":
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def close(self) -> None:
        pass


def lines_of(body: bytes) -> list[bytes]:
    """The lines of a CSV answer that are not blank: its rows, below its header line if it has one."""
    return [line for line in body.splitlines() if line.strip()]
