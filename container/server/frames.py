"""Messages between the HTTP process and a worker, over a socketpair: kind, length, payload.

A request is ``request`` (JSON head) then ``body``; its answer is any number of ``rows`` (bytes of the response body)
and then ``done`` (JSON: what was done), or one ``error`` (JSON: a request-level error). A worker's first message is
``hello`` (JSON: what it loaded, or why it could not).
"""

import json
import socket
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

HEADER = struct.Struct("!BQ")


class Kind(IntEnum):
    """What a frame carries."""

    HELLO = 1
    REQUEST = 2
    BODY = 3
    ROWS = 4
    DONE = 5
    ERROR = 6


@dataclass(frozen=True)
class Frame:
    """One message."""

    kind: Kind
    payload: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The payload of a frame that carries JSON."""
        document: dict[str, Any] = json.loads(self.payload)
        return document

    def to_bytes(self) -> bytes:
        """The frame as it travels."""
        return HEADER.pack(self.kind, len(self.payload)) + self.payload


def json_frame(kind: Kind, document: dict[str, Any]) -> Frame:
    """A frame that carries JSON."""
    return Frame(kind, json.dumps(document).encode())


def send(connection: socket.socket, frame: Frame) -> None:
    """Sends one frame, blocking."""
    connection.sendall(frame.to_bytes())


def receive(connection: socket.socket) -> Frame | None:
    """Receives one frame, blocking; ``None`` when the other side has closed."""
    header = _exactly(connection, HEADER.size)
    if header is None:
        return None
    kind, length = HEADER.unpack(header)
    payload = _exactly(connection, length)
    return None if payload is None else Frame(Kind(kind), payload)


def _exactly(connection: socket.socket, length: int) -> bytes | None:
    buffer = bytearray(length)
    view, filled = memoryview(buffer), 0
    while filled < length:
        received = connection.recv_into(view[filled:])
        if received == 0:
            return None
        filled += received
    return bytes(buffer)
