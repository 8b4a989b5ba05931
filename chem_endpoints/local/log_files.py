"""Reads the log files of a local AWS: its own, and those of the containers, while they grow and are renamed."""

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_SERVICE_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}")
_SUFFIXES = (".starting.log", ".log")


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """A line and where it comes from."""

    source: str
    """The file's name without its suffix: variant or component, and the number of the instance."""
    text: str
    time: datetime | None
    """Its own, or that of the nearest line above that has one."""


class LogFile:
    """One file that grows."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._rest = b""
        self._time: datetime | None = None
        self.source = next((path.name.removesuffix(end) for end in _SUFFIXES if path.name.endswith(end)), path.name)
        self.identity = _identity(os.fstat(self._file.fileno()))

    def lines(self, *, last: bool) -> Iterator[LogLine]:
        """The complete lines since the last call; with ``last`` also one without an end."""
        content = self._rest + self._file.read()
        whole, _, self._rest = content.rpartition(b"\n")
        if last and self._rest:
            whole, self._rest = content, b""
        for text in whole.decode(errors="replace").splitlines():
            self._time = line_time(text) or self._time
            yield LogLine(source=self.source, text=text, time=self._time)

    def close(self) -> None:
        """Closes it."""
        self._file.close()


class LogFiles:
    """All files of one service or endpoint, those that appear later too."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], LogFile] = {}

    def look(self, paths: Iterable[Path]) -> None:
        """Opens the files that are new; a file that was renamed is not."""
        for path in paths:
            try:
                if _identity(path.stat()) not in self._open:
                    file = LogFile(path)
                    self._open[file.identity] = file
            except FileNotFoundError:
                continue  # Renamed just now: the next look finds it.

    @property
    def several(self) -> bool:
        """Whether lines must say where they come from."""
        return len(self._open) > 1

    def lines(self, *, last: bool = False) -> Iterator[LogLine]:
        """What is new in all of them."""
        for file in self._open.values():
            yield from file.lines(last=last)

    def close(self) -> None:
        """Closes all."""
        for file in self._open.values():
            file.close()


def container_logs(folder: Path, endpoint: str) -> list[Path]:
    """The log files of an endpoint's containers.

    Args:
        folder: ``logs`` of the local AWS.
        endpoint: its name, in any case.
    """
    for place in sorted(folder.glob("*")):
        if place.name.lower() == endpoint.lower():
            return sorted(place.glob("*.log"))
    return []


def logged_endpoints(folder: Path) -> list[str]:
    """The endpoints whose containers have logs."""
    return sorted(place.name for place in folder.glob("*") if place.is_dir())


def line_time(text: str) -> datetime | None:
    """When a line was written: by the service's own form, or by ``time`` of a JSON object."""
    if found := _SERVICE_TIME.match(text):
        return datetime.strptime(found.group(), "%Y-%m-%d %H:%M:%S,%f").astimezone(UTC)
    if not text.startswith("{"):
        return None
    try:
        time = datetime.fromisoformat(json.loads(text)["time"])
    except (ValueError, KeyError, TypeError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
