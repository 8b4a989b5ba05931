"""One local AWS: one process, loopback only, stopped by SIGTERM, SIGINT or idleness."""

import fcntl
import json
import logging
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from chem_endpoints.local.address import (
    CLEARED_VARIABLES,
    client_variables,
    endpoint_url,
    find_running,
    has_ipv6_loopback,
    require_loopback,
    state_file,
)
from chem_endpoints.local.allocator import give_memory_back
from chem_endpoints.local.service_log import configure_log
from chem_endpoints.local.settings import Settings

if TYPE_CHECKING:
    from chem_endpoints.local.assembly import Parts
    from chem_endpoints.local.front_door import FrontDoor

_IDLE_CHECK_SECONDS = 1.0
_BIND_ATTEMPTS = 20
_TURN_SECONDS = 2.0
"""Time that another local AWS of this folder has to tell its address, or to end."""


class CannotStartError(Exception):
    """The local AWS cannot start; the message says what to do."""


class LocalAws:
    """A local AWS that is being served."""

    def __init__(self, settings: Settings) -> None:
        require_loopback(settings.host)
        self.settings = settings
        self._done = threading.Event()
        self.port = settings.port

    def run(self) -> None:
        """Serves until it is told to stop."""
        with self._folder_to_itself():
            self._run()

    def _run(self) -> None:
        sockets = _bind(self.settings.port)
        self.port = sockets[0].getsockname()[1]
        _point_own_clients_here(self.port, self.settings)
        shutil.rmtree(self.settings.models, ignore_errors=True)
        parts = _assemble(self.settings, self.port)
        parts.restore()
        with self._serving(parts.front_door, sockets), self._signals(), self._state():
            parts.start()
            print(f"local AWS ready on {endpoint_url(self.port)}", flush=True)
            self._wait(parts.front_door)
            parts.stop()

    def stop(self) -> None:
        """Ends `run`."""
        self._done.set()

    @contextmanager
    def _folder_to_itself(self) -> Iterator[None]:
        """Holds the folder's lock, which goes with the process however it ends."""
        try:
            self.settings.folder.mkdir(parents=True, exist_ok=True)
            lock_file = (self.settings.folder / "lock").open("w")
        except OSError as error:
            raise CannotStartError(f"{self.settings.folder}: cannot be written: {error.strerror}") from error
        with lock_file as lock:
            deadline = time.monotonic() + _TURN_SECONDS
            while not _try_lock(lock):
                self._refuse_second()
                if time.monotonic() > deadline:
                    raise CannotStartError(f"Another local AWS starts or ends in {self.settings.folder}: try again")
                time.sleep(0.05)
            yield

    def _refuse_second(self) -> None:
        running = find_running(self.settings.root)
        if running is not None:
            raise CannotStartError(f"A local AWS of this clone is up already: {running.url} (process {running.pid})")

    def _wait(self, front_door: "FrontDoor") -> None:
        minutes = self.settings.idle_minutes
        while not self._done.wait(_IDLE_CHECK_SECONDS):
            if minutes is not None and front_door.idle_seconds > 60 * minutes:
                logging.getLogger(__name__).info("no request for %g minutes: stopping", minutes)
                return

    @contextmanager
    def _serving(self, front_door: "FrontDoor", sockets: list[socket.socket]) -> Iterator[None]:
        from chem_endpoints.local.asgi_door import AsgiDoor
        from chem_endpoints.local.http_server import HttpServer

        server = HttpServer(AsgiDoor(front_door.answer), sockets)
        server.start()
        try:
            yield
        finally:
            server.stop()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        previous = {number: signal.signal(number, lambda *_: self.stop()) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    @contextmanager
    def _state(self) -> Iterator[None]:
        path = state_file(self.settings.root)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"port": self.port, "pid": os.getpid()})
        draft = path.with_suffix(".tmp")
        draft.write_text(text)
        draft.replace(path)
        try:
            yield
        finally:
            if path.is_file() and path.read_text() == text:
                path.unlink()


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _bind(port: int) -> list[socket.socket]:
    """Sockets on both loopback addresses with one port: ``localhost`` resolves to either, and only to these."""
    for _ in range(_BIND_ATTEMPTS if port == 0 else 1):
        first = _listen(socket.AF_INET, "127.0.0.1", port)
        if not has_ipv6_loopback():
            return [first]
        try:
            return [first, _listen(socket.AF_INET6, "::1", first.getsockname()[1])]
        except CannotStartError:
            first.close()
    raise CannotStartError(f"Port {port} is taken on ::1. Choose another with --port, or stop what listens there")


def _listen(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        message = f"Port {port} is taken. Choose another with --port, or stop what listens there"
        raise CannotStartError(message) from error
    return listening


def _point_own_clients_here(port: int, settings: Settings) -> None:
    """moto calls itself through boto3 here and there; no such call may ever leave this machine."""
    from chem_endpoints.local.moto_fixes import MOTO_ENVIRONMENT

    os.environ.update({**client_variables(port, settings.root), **MOTO_ENVIRONMENT})
    for name in CLEARED_VARIABLES:
        os.environ.pop(name, None)


def _assemble(settings: Settings, port: int) -> "Parts":
    from chem_endpoints.local.assembly import assemble  # imports moto, which takes a second

    return assemble(settings, port)


def serve(settings: Settings) -> None:
    """Serves a local AWS until SIGTERM, SIGINT or idleness.

    Raises:
        CannotStartError: the port is taken, its folder cannot be written, or one of this clone is up already.
        NotLoopbackError: other machines could reach it.
    """
    configure_log()
    give_memory_back()
    LocalAws(settings).run()
