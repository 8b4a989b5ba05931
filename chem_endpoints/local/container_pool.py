"""Connections to the containers: kept open between requests, and opened no faster than a container takes them.

The kernel resets a connection that found a container's queue full (its listen backlog: five for Python's own servers),
although the container never saw it. So callers share the connections that are there and new ones are opened a few
at a time. A request of which the other side's kernel has acknowledged no byte has reached nobody: it may be sent again.
"""

import http.client
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

_SEND_BYTES = 1 << 18
_IDLE_SECONDS = 1.5
"""A connection that was idle for longer is not used again: servers close theirs after 2 s (gunicorn) or later."""
_SWEEP_SECONDS = 5.0
_OPENING = 4
"""Connections that may be opening at once: fewer than the shortest queue of a server in use has places."""
_OPENING_SECONDS = 0.01
"""After that long a new connection counts as accepted, unless an answer came before."""
_ACKNOWLEDGED_OFFSET = 120
"""Of ``tcpi_bytes_acked`` in Linux's ``struct tcp_info``."""


@dataclass(eq=False, kw_only=True)
class Kept:
    """A connection to a container, which one request at a time has for itself."""

    port: int
    connection: http.client.HTTPConnection
    since: float = field(default_factory=time.monotonic)
    """When it was opened, or became idle."""
    _acknowledged: int = -1
    _hold: socket.SocketIO | None = None

    @property
    def socket(self) -> socket.socket:
        """Its socket."""
        return self._socket

    def open(self, seconds: float) -> None:
        """Connects.

        Raises:
            OSError: no connection comes about.
        """
        self.connection.timeout = seconds
        self.connection.connect()
        self._socket: socket.socket = self.connection.sock  # The connection forgets it when the container closes.
        self._hold = self._socket.makefile("rb", buffering=0)  # What became of a request is asked after its failure.

    def close(self) -> None:
        """Closes it, unless it was never opened."""
        self.connection.close()
        if self._hold is not None:
            self._hold.close()

    def begin(self) -> None:
        """Notes where the request begins."""
        self._acknowledged = _acknowledged_bytes(self._socket)

    @property
    def is_untouched(self) -> bool:
        """Whether no byte of the request has reached the container's side."""
        return self._acknowledged != -1 and _acknowledged_bytes(self._socket) == self._acknowledged

    def is_usable(self) -> bool:
        """Whether it may serve another request; a container that has closed its end makes it readable."""
        if time.monotonic() - self.since > _IDLE_SECONDS:
            return False
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return not poll.poll(0)


class _Container:
    """The connections to one container."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        """Held by the one caller that may open a connection or waits until it may."""
        self._changed = threading.Condition()
        self._idle: list[Kept] = []
        self._opening: set[Kept] = set()

    def idle(self) -> Kept | None:
        """The connection that was idle for the shortest time."""
        with self._changed:
            return self._pop()

    def idle_or_new(self, new: Kept) -> Kept:
        """One that is idle, or the new one as soon as it may be opened."""
        with self._changed:
            while (kept := self._pop()) is None:
                now = time.monotonic()
                if sum(now - kept.since < _OPENING_SECONDS for kept in self._opening) < _OPENING:
                    new.since = now
                    self._opening.add(new)
                    return new
                self._changed.wait(_OPENING_SECONDS)
            return kept

    def _pop(self) -> Kept | None:
        while self._idle:
            kept = self._idle.pop()
            if kept.is_usable():
                return kept
            kept.close()
        return None

    def opened(self, kept: Kept) -> None:
        """It was answered on, or failed."""
        with self._changed:
            self._opening.discard(kept)
            self._changed.notify()

    def add(self, kept: Kept) -> None:
        """One more is idle."""
        with self._changed:
            kept.since = time.monotonic()
            self._idle.append(kept)
            self._changed.notify()

    def sweep(self, *, everything: bool = False) -> None:
        """Closes what nobody will use."""
        with self._changed:
            stale = [kept for kept in self._idle if everything or not kept.is_usable()]
            self._idle = [kept for kept in self._idle if kept not in stale]
        for kept in stale:
            kept.close()


class ContainerPool:
    """All connections to containers, by port."""

    def __init__(self) -> None:
        self._containers: dict[int, _Container] = {}
        self._lock = threading.Lock()
        self._swept = time.monotonic()

    def take(self, port: int, deadline: float) -> Kept:
        """A connection to the container that listens there; whoever takes it gives it back or drops it.

        Raises:
            ConnectionRefusedError: nobody listens: a request would have reached no container.
            OSError: no connection comes about otherwise.
        """
        container = self._container(port)
        kept = container.idle()
        if kept is None:
            new = Kept(port=port, connection=http.client.HTTPConnection("127.0.0.1", port, blocksize=_SEND_BYTES))
            with container.turn:
                kept = container.idle_or_new(new)
            if kept is new:
                self._open(container, new, deadline)
        kept.begin()
        return kept

    def _open(self, container: _Container, new: Kept, deadline: float) -> None:
        try:
            new.open(max(0.001, deadline - time.monotonic()))
        except OSError:
            container.opened(new)
            raise

    def answered(self, kept: Kept) -> None:
        """The container has begun to answer on it: it has accepted it."""
        self._container(kept.port).opened(kept)

    def give_back(self, kept: Kept) -> None:
        """Its answer is complete, and the container keeps it open."""
        self._container(kept.port).add(kept)
        self._sweep()

    def drop(self, kept: Kept) -> None:
        """Closes it."""
        kept.close()
        self._container(kept.port).opened(kept)

    def close(self) -> None:
        """Closes all that are idle."""
        with self._lock:
            containers = list(self._containers.values())
        for container in containers:
            container.sweep(everything=True)

    def _container(self, port: int) -> _Container:
        with self._lock:
            return self._containers.setdefault(port, _Container())

    def _sweep(self) -> None:
        with self._lock:
            if time.monotonic() - self._swept < _SWEEP_SECONDS:
                return
            self._swept = time.monotonic()
            containers = list(self._containers.values())
        for container in containers:
            container.sweep()


def _acknowledged_bytes(connection: socket.socket) -> int:
    """Bytes that the other side's kernel has acknowledged; -1 where the system does not tell."""
    option = getattr(socket, "TCP_INFO", None)
    if option is None:
        return -1
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, option, _ACKNOWLEDGED_OFFSET + 8)
    except OSError:
        return -1
    return int(struct.unpack_from("@Q", info, _ACKNOWLEDGED_OFFSET)[0]) if len(info) > _ACKNOWLEDGED_OFFSET else -1
