"""Brings what containers print to CloudWatch Logs, as SageMaker does: one thread follows their log files.

A file that is followed may be renamed. A stream begins with its first lines, and its group is made then if there is
none; afterwards nothing makes the group again, so that what is deleted stays deleted. `LogShipper.finish` brings the
rest before it returns, and nothing comes later.
"""

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.container_logs import LogStream
from chem_endpoints.local.emf import EmbeddedMetrics
from chem_endpoints.local.own_clients import OwnClients

_LOGGER = logging.getLogger(__name__)
SHIP_SECONDS = 0.5
"""Time between two looks at the files."""

KEPT_EVENTS, KEPT_BYTES = 2000, 1 << 20
"""So much of a stream is kept, its newest lines: moto keeps all in memory. The files have everything."""

EVENT_BYTES = 256 * 1024
"""A longer line is cut (CloudWatch Logs quotas)."""

_READ_BYTES = 1 << 20
_PUT_BYTES = 1 << 19


@dataclass(eq=False)
class _Follower:
    """One log file, and how far it has been read."""

    file: IO[bytes]
    stream: LogStream
    begun: bool = False
    """Whether its stream exists."""
    rest: bytes = b""
    """A line that has no end yet."""

    def read_lines(self, *, last: bool) -> list[str]:
        """Complete lines since the last call; with ``last`` also one without an end."""
        whole, _, self.rest = (self.rest + self.file.read(_READ_BYTES)).rpartition(b"\n")
        if last or len(self.rest) > EVENT_BYTES:
            whole, self.rest = whole + b"\n" + self.rest, b""
        cut = (line.strip(b"\r")[:EVENT_BYTES].decode(errors="replace") for line in whole.split(b"\n"))
        return [line for line in cut if line.strip()]


class LogShipper:
    """Follows the log files of all containers."""

    def __init__(self, clients: OwnClients) -> None:
        self._clients = clients
        self.metrics = EmbeddedMetrics()
        """Those of the lines that were brought."""
        self._followers: dict[object, _Follower] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begins to look at the files in the background."""
        threading.Thread(target=self._ship_on, name="log shipper", daemon=True).start()

    def stop(self) -> None:
        """Ends it; what was not brought yet stays in the files."""
        self._stopping.set()
        with self._lock:
            for follower in self._followers.values():
                follower.file.close()
            self._followers.clear()

    def follow(self, owner: object, log: Path, stream: LogStream) -> None:
        """Follows a log file from its beginning.

        Args:
            owner: whose log it is; `finish` names it again.
            log: the file, which exists.
            stream: where its lines go.
        """
        with self._lock:
            if self._stopping.is_set() or owner in self._followers:
                return
            self._followers[owner] = _Follower(log.open("rb"), stream)

    def finish(self, owner: object) -> None:
        """Brings the last lines of an owner that has ended, and forgets it."""
        with self._lock:
            follower = self._followers.pop(owner, None)
            if follower is None:
                return
            self._ship_safely(follower, last=True)
            follower.file.close()

    def ship(self) -> None:
        """Brings what is new in all files."""
        with self._lock:
            for follower in list(self._followers.values()):
                self._ship_safely(follower)

    def _ship_on(self) -> None:
        while not self._stopping.wait(SHIP_SECONDS):
            self.ship()

    def _ship_safely(self, follower: _Follower, *, last: bool = False) -> None:
        try:
            self._ship(follower, last=last)
        except (ClientError, BotoCoreError, OSError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            _LOGGER.warning("Log lines for %s were lost: %s", follower.stream.group, code)
        except Exception:
            _LOGGER.exception("Log lines were lost, inside the local AWS")

    def _ship(self, follower: _Follower, *, last: bool) -> None:
        lines = follower.read_lines(last=last)
        for line in lines:
            self.metrics.add(follower.stream.region, line)
        kept = _newest(lines)
        if not kept:
            return
        logs = self._clients("logs", follower.stream.region)
        if not follower.begun:
            _begin(logs, follower.stream)
            follower.begun = True
        _put(logs, follower.stream, kept)
        _forget_oldest(follower.stream)


def _newest(lines: list[str]) -> list[str]:
    """The last lines that fit into what is kept of a stream."""
    kept: list[str] = []
    left = KEPT_BYTES
    for line in reversed(lines[-KEPT_EVENTS:]):
        left -= len(line)
        if left < 0:
            break
        kept.append(line)
    return kept[::-1]


def _begin(logs: Any, stream: LogStream) -> None:
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=stream.group)
    logs.create_log_stream(logGroupName=stream.group, logStreamName=stream.name)


def _put(logs: Any, stream: LogStream, lines: list[str]) -> None:
    """The lines as events of now; in several calls when they are many bytes."""
    events: list[dict[str, Any]] = []
    size, now = 0, int(time.time() * 1000)
    for line in lines:
        if events and size + len(line) > _PUT_BYTES:
            logs.put_log_events(logGroupName=stream.group, logStreamName=stream.name, logEvents=events)
            events, size = [], 0
        events.append({"timestamp": now, "message": line})
        size += len(line)
    logs.put_log_events(logGroupName=stream.group, logStreamName=stream.name, logEvents=events)


def _forget_oldest(stream: LogStream) -> None:
    """Drops what is beyond the limits from moto's memory; CloudWatch has no operation for that."""
    from moto.logs.models import logs_backends

    group = logs_backends[ACCOUNT][stream.region].groups.get(stream.group)
    kept = group.streams.get(stream.name) if group is not None else None
    if kept is None:
        return
    fitting = len(_newest([event.message for event in kept.events]))
    del kept.events[: len(kept.events) - fitting]
