"""Messages between the HTTP process and a worker, over a socketpair: kind, descriptors, length, payload.

A worker first says ``hello`` (what it loaded, or why it could not). It is then asked one thing at a time:

- ``ask``: one request. The answer is any number of ``rows`` (a part of the response body) and then ``done``, or
  one ``error`` (a request-level error).
  A worker that is asked to share (`published`) says ``shared`` and from which row on it leaves the rest to another.
- ``ask_together``: small requests that wait anyway, answered by one ``answers``, or by ``split``: ask each alone.

A payload is a JSON head and bytes. Large bodies travel as descriptors of unlinked files (`spool`), not as bytes.
"""

import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import orjson

HEADER = struct.Struct("!BBI")
_HEAD_LENGTH = struct.Struct("!I")
READ_BYTES = 128 * 1024 - 256
_ANCILLARY_BYTES = socket.CMSG_SPACE(4 * 8)


class Kind(IntEnum):
    """What a frame carries."""

    HELLO = 1
    ASK = 2
    ASK_TOGETHER = 3
    ROWS = 4
    DONE = 5
    ERROR = 6
    ANSWERS = 7
    SPLIT = 8
    SHARED = 9


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: a JSON head, bytes, and open files where bodies are too large to copy.

    Attributes:
        kind: what it is.
        head: the JSON head.
        body: the bytes after it.
        descriptors: files that travel with it; whoever receives them closes them.
    """

    kind: Kind
    head: dict[str, Any] = field(default_factory=dict)
    body: bytes = b""
    descriptors: Sequence[int] = ()

    def to_bytes(self) -> bytes:
        """The frame as it travels, without its descriptors."""
        head = orjson.dumps(self.head)
        length = _HEAD_LENGTH.size + len(head) + len(self.body)
        return b"".join(
            (
                HEADER.pack(self.kind, len(self.descriptors), length),
                _HEAD_LENGTH.pack(len(head)),
                head,
                self.body,
            )
        )


def read_payload(kind: int, payload: bytes, descriptors: Sequence[int] = ()) -> Frame:
    """The frame of a payload as it travelled."""
    (length,) = _HEAD_LENGTH.unpack_from(payload)
    start = _HEAD_LENGTH.size
    return Frame(Kind(kind), orjson.loads(payload[start : start + length]), payload[start + length :], descriptors)


def send(connection: socket.socket, *frames: Frame) -> None:
    """Sends frames that carry no descriptors, blocking; several at once cost one call."""
    connection.sendall(b"".join(frame.to_bytes() for frame in frames))


def receive(connection: socket.socket) -> Frame | None:
    """Receives one frame, blocking; ``None`` when the other side has closed.

    A worker is asked one thing at a time, so what one read brings is the beginning of one frame.
    """
    data, ancillary, _, _ = connection.recvmsg(READ_BYTES, _ANCILLARY_BYTES)
    while data and len(data) < HEADER.size:
        more = connection.recv(READ_BYTES)
        data = data + more if more else b""
    if not data:
        return None
    kind, _, length = HEADER.unpack_from(data)
    payload = data[HEADER.size :]
    if len(payload) < length:
        rest = _exactly(connection, length - len(payload))
        if rest is None:
            return None
        payload += rest
    return read_payload(kind, payload, _descriptors(ancillary))


def _exactly(connection: socket.socket, length: int) -> bytes | None:
    buffer = bytearray(length)
    view, filled = memoryview(buffer), 0
    while filled < length:
        received = connection.recv_into(view[filled:])
        if received == 0:
            return None
        filled += received
    return bytes(buffer)


def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> tuple[int, ...]:
    found: list[int] = []
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found += memoryview(data[: len(data) - len(data) % 4]).cast("i").tolist()
    return tuple(found)


def close_all(descriptors: Sequence[int]) -> None:
    """Closes descriptors that came with a frame."""
    for descriptor in descriptors:
        os.close(descriptor)
