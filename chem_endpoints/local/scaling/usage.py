"""How busy an endpoint's server processes are: processor, memory and disk, from ``/proc`` (Linux)."""

import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, kw_only=True)
class Usage:
    """In percent of this machine, as if each instance were all of it."""

    cpu: float | None
    """Of one core, so up to 100 times the cores; None: not known yet."""
    memory: float
    disk: float

    def published(self) -> dict[str, float]:
        """By the names that SageMaker gives them."""
        known = {"MemoryUtilization": self.memory, "DiskUtilization": self.disk}
        normalized = {"MemoryUtilizationNormalized": self.memory, "DiskUtilizationNormalized": self.disk}
        if self.cpu is None:
            return {**known, **normalized}
        share = min(100.0, self.cpu / (os.cpu_count() or 1))
        return {**known, **normalized, "CPUUtilization": self.cpu, "CPUUtilizationNormalized": share}


class UsageMeter:
    """Reads what processes and their children use; processor time between two readings."""

    def __init__(self) -> None:
        self._before: dict[int, float] = {}
        """Processor seconds by process group, at the last reading."""
        self._at: float | None = None

    def read(self, groups: Collection[int], now: float, folder: Path) -> dict[int, Usage]:
        """The usage of process groups; of those that have ended, nothing.

        Args:
            groups: their ids.
            now: real time in seconds, from any one clock.
            folder: a place on the disk in question.
        """
        members = _members(groups) if groups else {}
        disk = shutil.disk_usage(folder) if members else None
        pages = os.sysconf("SC_PHYS_PAGES")
        found = {}
        for group, (seconds, resident) in members.items():
            known = self._at is not None and now > self._at and group in self._before
            cpu = 100 * max(0.0, seconds - self._before[group]) / (now - (self._at or 0.0)) if known else None
            used = 100 * disk.used / disk.total if disk else 0.0
            found[group] = Usage(cpu=cpu, memory=100 * resident / pages, disk=used)
        self._before, self._at = {group: seconds for group, (seconds, _) in members.items()}, now
        return found


def _members(groups: Collection[int]) -> dict[int, tuple[float, int]]:
    """Processor seconds and resident pages of process groups, in one pass over all processes."""
    hertz = os.sysconf("SC_CLK_TCK")
    found: dict[int, tuple[float, int]] = {}
    for place in _PROC.glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # It has ended meanwhile.
        group = int(fields[2])
        if group in groups:
            seconds, resident = found.get(group, (0.0, 0))
            found[group] = (seconds + (int(fields[11]) + int(fields[12])) / hertz, resident + int(fields[21]))
    return found
