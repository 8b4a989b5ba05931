"""Ends the server processes of a local AWS that was killed: ``python -m chem_endpoints.local.guard``.

The guard reads lines from its standard input: ``+PGID``, a process group has started, and ``-PGID``, it has ended.
Only the local AWS holds the other end of that pipe, so the end of the input means that the local AWS is gone,
however it went. Linux's parent-death signal cannot do this: it is sent when the forking *thread* ends.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable

GRACE_SECONDS = 5.0
"""Time between SIGTERM and SIGKILL."""

_POLL_SECONDS = 0.05
_LOGGER = logging.getLogger(__name__)


class Guard:
    """The local AWS's end: starts the guard, and tells it what runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        inner, outer = os.pipe()
        with os.fdopen(inner, "rb") as theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "chem_endpoints.local.guard"],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._pipe = os.fdopen(outer, "wb", buffering=0)

    def started(self, group: int) -> None:
        """A process group runs."""
        self._tell(f"+{group}\n")

    def ended(self, group: int) -> None:
        """It has ended; its number may be another's soon."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """Ends the guard, and with it whatever still runs."""
        with self._lock:
            self._pipe.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        try:
            with self._lock:
                self._pipe.write(line.encode())
        except (OSError, ValueError):
            _LOGGER.warning("The guard has ended: servers would outlive this local AWS if it were killed")


def groups_left(lines: Iterable[str]) -> set[int]:
    """The process groups that run when the input ends."""
    groups: set[int] = set()
    for line in lines:
        (groups.add if line.startswith("+") else groups.discard)(int(line[1:]))
    return groups


def end_groups(groups: set[int], seconds: float = GRACE_SECONDS) -> None:
    """SIGTERM to all, SIGKILL to those that have not ended after that long."""
    left = {group for group in groups if _signal(group, signal.SIGTERM)}
    deadline = time.monotonic() + seconds
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        left = {group for group in left if _signal(group, 0)}
    for group in left:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    end_groups(groups_left(sys.stdin))
