"""Latencies of /ping, taken by a process of its own, which no client's work can slow down."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load.summary import percentile

ROOT = Path(__file__).parents[1]


@dataclass(kw_only=True)
class Pings:
    """What the pinger saw.

    Attributes:
        milliseconds: latencies in ascending order, each from its scheduled moment.
        missed: pings without an answer 200 within 2 s.
        late_milliseconds: how late the pinger itself was, in ascending order; part of the latencies.
    """

    milliseconds: list[float] = field(default_factory=list)
    missed: int = 0
    late_milliseconds: list[float] = field(default_factory=list)

    def read(self, written: bytes) -> None:
        """Takes what `benchmarks.pinger` writes."""
        pairs = json.loads(written)
        self.milliseconds = sorted(latency for latency, _ in pairs if latency is not None)
        self.missed = len(pairs) - len(self.milliseconds)
        self.late_milliseconds = sorted(late for _, late in pairs)

    def __str__(self) -> str:
        p50, p99, p999, most = (percentile(self.milliseconds, percent) for percent in (50, 99, 99.9, 100))
        return (
            f"{len(self.milliseconds) + self.missed} pings, {self.missed} missed; "
            f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, p99.9 {p999:.1f} ms, max {most:.1f} ms "
            f"(the pinger's own lateness: p99.9 {percentile(self.late_milliseconds, 99.9):.1f} ms)"
        )


def ping(port: int, *, count: int, interval: float) -> Pings:
    """Pings ``count`` times, one every ``interval`` seconds."""
    pings = Pings()
    with _pinger(port, interval, count) as process:
        assert process.stdout is not None
        pings.read(process.stdout.read())
    return pings


@contextlib.contextmanager
def pinging(port: int, *, interval: float) -> Iterator[Pings]:
    """Pings as long as the block lasts; what was seen is there when it has ended."""
    pings = Pings()
    with _pinger(port, interval) as process:
        try:
            yield pings
        finally:
            written, _ = process.communicate()
        pings.read(written)


@contextlib.contextmanager
def _pinger(port: int, interval: float, *count: int) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "benchmarks.pinger", *map(str, (port, interval, *count))]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
