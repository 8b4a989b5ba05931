"""Starts a local AWS as a process of its own, and stops it: for the command line, the demonstration and tests."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chem_endpoints.local.address import (
    DEFAULT_PORT,
    FOLDER_VARIABLE,
    Address,
    find_running,
    local_folder,
)

START_SECONDS = 60
STOP_SECONDS = 90
_POLL_SECONDS = 0.1


class NotStartedError(Exception):
    """The local AWS did not come up; the message says why."""


class NotStoppedError(Exception):
    """The local AWS still finishes requests."""


@dataclass(frozen=True, kw_only=True)
class ServiceOptions:
    """How a local AWS is started."""

    root: Path
    """The clone whose code runs behind the endpoints; without a clone, any folder."""
    port: int = DEFAULT_PORT
    """0 picks a free one."""
    folder: Path | None = None
    """Where state, logs and models lie; None: as `local_folder` says."""
    idle_minutes: float | None = None
    """Stops after that long without a request; None: never."""
    clock_speed: float = 1.0
    """Clock seconds per real second; 0: only by hand."""
    keep: bool = False
    """Whether its state outlives it."""

    @property
    def log(self) -> Path:
        """What the service says."""
        return (self.folder or local_folder(self.root)) / "service.log"

    def command(self) -> list[str]:
        """The command line of the service."""
        command = [sys.executable, "-m", "chem_endpoints.local", "--port", str(self.port), "--root", str(self.root)]
        command += ["--clock-speed", str(self.clock_speed)]
        if self.idle_minutes is not None:
            command += ["--idle-minutes", str(self.idle_minutes)]
        return [*command, "--keep"] if self.keep else command

    def environment(self) -> dict[str, str]:
        """The environment of the service."""
        return {**os.environ, **({FOLDER_VARIABLE: str(self.folder)} if self.folder else {})}


_STARTED: list["subprocess.Popen[bytes]"] = []
"""They go on without us, by intent: a Popen that nobody holds would warn of that, an error of strict tests."""


def start_in_background(options: ServiceOptions) -> Address:
    """Starts a local AWS and waits until it answers.

    Raises:
        NotStartedError: it did not; names its log, unless it said in one line why.
    """
    try:
        options.log.parent.mkdir(parents=True, exist_ok=True)
        log = options.log.open("wb")
    except OSError as error:
        raise NotStartedError(f"{options.log.parent}: cannot be written: {error.strerror}") from error
    with log as sink:
        process = subprocess.Popen(
            options.command(),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            env=options.environment(),
            start_new_session=True,
        )
    _STARTED.append(process)
    running: Address | None = None

    def settled() -> bool:
        nonlocal running
        running = find_running(options.root, options.folder)
        return running is not None or process.poll() is not None

    _wait(settled, START_SECONDS)
    if running is None:
        raise NotStartedError(_why(options.log))
    return running


def _why(log: Path) -> str:
    said = log.read_text(errors="replace").strip().splitlines()
    if len(said) == 1 and not said[0].startswith("local AWS ready"):
        return said[0]
    return f"the local AWS did not come up: {' '.join(said[-1:])} (log: {log})"


def stop(running: Address, folder: Path | None = None) -> None:
    """Ends a local AWS; returns when its process is gone, and with it its port and its lock.

    Raises:
        NotStoppedError: it takes longer than `STOP_SECONDS`.
    """
    os.kill(running.pid, signal.SIGTERM)
    if not _wait(lambda: find_running(running.root, folder) is None and not _is_alive(running.pid), STOP_SECONDS):
        raise NotStoppedError(f"process {running.pid} still finishes requests after {STOP_SECONDS} s")


def _wait(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not (ended := done()) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return ended


def _is_alive(pid: int) -> bool:
    """False also for a process that has ended and that only waits for its parent to take notice."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        state = ""
    if state == "Z":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
