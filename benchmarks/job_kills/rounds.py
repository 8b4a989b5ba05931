"""One kill at a time, and what came of it."""

import math
import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.job_kills.victims import NAME, Place, fetch, rows, submit_and_fetch
from chem_endpoints.client.jobs.chunks import NAME_DIGITS
from chem_endpoints.client.jobs.job_store import RECORD
from chem_endpoints.local.faults.http_door import serving
from chem_endpoints.local.faults.journal import Journal
from chem_endpoints.local.faults.runtime import FaultyRuntime
from chem_endpoints.local.faults.schedule import Operation
from chem_endpoints.local.faults.settings import BUCKET, RuntimeSettings
from chem_endpoints.local.faults.simple_models import text_release
from chem_endpoints.spec.support_matrix import Kind

OVERHEAD_SECONDS = 2.0
SLOTS, CALL_SECONDS = 8, 0.02
"""Requests that the simulated endpoint works on at once, and how long each takes."""
HANGING_SECONDS = 300.0

PROCESSES = multiprocessing.get_context("forkserver")
"""Fresh processes that have imported everything already."""


@dataclass(kw_only=True)
class Assassin:
    """Kills a process at a number of calls.

    Attributes:
        at: which call; ``None``: none.
        pid: the process.
        killed_at: when, in seconds of the monotonic clock.
        calls: so far.
    """

    at: int | None = None
    pid: int | None = None
    killed_at: float | None = None
    calls: int = 0

    def called(self) -> None:
        """The server got a call."""
        self.calls += 1
        if self.calls == self.at and self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            self.killed_at = time.monotonic()


class WatchedJournal(Journal):
    """Tells of each call."""

    def __init__(self, told: Callable[[], None]) -> None:
        super().__init__()
        self._told = told

    def begin(self, operation: Operation) -> int:
        """See `Journal.begin`."""
        if operation is not Operation.ASYNC_WORK:
            self._told()
        return super().begin(operation)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What one kill came to.

    Attributes:
        killed: whether the process was still there at its call.
        submitted_again: the first process had not come to store the job.
        same: the result has the bytes of the uninterrupted run.
        sent_again: requests that were sent again although their answers were there.
        sent_twice: requests that were sent again while nobody had their answers.
        overhead: seconds over the uninterrupted run.
    """

    killed: bool
    submitted_again: bool
    same: bool
    sent_again: int
    sent_twice: int
    overhead: float

    def broken_promises(self) -> list[str]:
        """What should not have happened, in words."""
        broken = [] if self.same else ["another result than that of the uninterrupted run"]
        if self.sent_again:
            broken.append(f"{self.sent_again} finished requests sent again")
        if self.overhead > OVERHEAD_SECONDS and not self.submitted_again:
            broken.append(f"{self.overhead:.1f} s more than the uninterrupted run")
        return broken


@dataclass(kw_only=True)
class Kills:
    """Rounds on one frame.

    Attributes:
        kind: of the endpoint.
        count: rows.
        rows_per_chunk: rows of a request.
        seed: of the kill points.
        side_by_side: each round has an uninterrupted run of its own to compare its time with, as machines have moods.
    """

    kind: Kind
    count: int
    rows_per_chunk: int
    seed: int = 1
    side_by_side: bool = False
    frame: pd.DataFrame = field(init=False)

    def __post_init__(self) -> None:
        self.frame = rows(self.count)
        PROCESSES.set_forkserver_preload(["benchmarks.job_kills.victims"])

    @cached_property
    def uninterrupted(self) -> tuple[bytes, float, int]:
        """Result, seconds and calls of a run that nobody kills: the fastest of three, the first of which warms up."""
        runs = [self._run() for _ in range(3)]
        result, _, calls = runs[-1]
        return result, min(seconds for _, seconds, _ in runs), calls

    def round(self, number: int) -> Ending:
        """One kill."""
        expected, seconds, calls = self.uninterrupted
        if self.side_by_side:
            _, seconds, _ = self._run()
        drawn = random.Random(f"{self.seed}-{number}")  # noqa: S311 - a moment, no secret
        return self._killed(drawn.randint(1, calls), expected, seconds)

    def _run(self) -> tuple[bytes, float, int]:
        with self.served(Assassin()) as (_, place, assassin):
            self.work(submit_and_fetch, place, self.frame)
            return place.result.read_bytes(), float(place.seconds.read_text()), assassin.calls

    def _killed(self, at: int, expected: bytes, seconds: float) -> Ending:
        with self.served(Assassin(at=at)) as (machine, place, assassin):
            began, code = self.work(submit_and_fetch, place, self.frame, assassin=assassin)
            before = (assassin.killed_at or time.monotonic()) - began
            stored, journal = place.answers(), machine.journal
            seen = len(journal.records)
            job_id = stored_job(machine, place)
            if job_id is None:
                self.work(submit_and_fetch, place, self.frame)
            else:
                self.work(fetch, place, job_id)
            bodies = journal.answered_bodies()
            again = _sent_again(journal, stored, seen)
            return Ending(
                killed=code == -signal.SIGKILL,
                submitted_again=job_id is None,
                same=place.result.read_bytes() == expected,
                sent_again=again if job_id else 0,
                sent_twice=bodies.total() - len(bodies) - again if job_id else 0,
                overhead=before + float(place.seconds.read_text()) - seconds,
            )

    @contextmanager
    def served(self, assassin: Assassin) -> Iterator[tuple[FaultyRuntime, Place, Assassin]]:
        """A simulated AWS with an endpoint and nothing else, and a folder to work in."""
        settings = RuntimeSettings(
            name=NAME,
            kind=self.kind,
            slots=SLOTS,
            latency=0.0,
            call_seconds=CALL_SECONDS,
            client_settings={"rows_per_chunk": self.rows_per_chunk, "max_in_flight": SLOTS},
        )
        machine = FaultyRuntime(text_release(), settings, journal=WatchedJournal(assassin.called))
        with tempfile.TemporaryDirectory() as folder, serving(machine) as url:
            yield machine, Place(url=url, folder=Path(folder)), assassin

    @staticmethod
    def work(
        does: Callable[..., None], place: Place, what: Any, *, assassin: Assassin | None = None
    ) -> tuple[float, int | None]:
        """Runs a process to its end; returns when it began to work, and its exit code."""
        go = PROCESSES.Event()
        process = PROCESSES.Process(target=does, args=(place, what, go))
        process.start()
        if assassin is not None:
            assassin.pid = process.pid
        began = time.monotonic()
        go.set()
        process.join(HANGING_SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise RuntimeError(f"a process did not end in {HANGING_SECONDS:.0f} s")
        if assassin is None and process.exitcode != 0:
            raise RuntimeError("a process that nobody killed failed")
        return began, process.exitcode


def stored_job(machine: FaultyRuntime, place: Place) -> str | None:
    """The stored job, wherever it lies."""
    keys = [*machine.bucket.objects.keys(BUCKET, "", math.inf), *map(str, place.folder.rglob(RECORD))]
    found = [key.split("/")[-2] for key in keys if key.endswith(f"/{RECORD}")]
    return found[0] if found else None


def _sent_again(journal: Journal, stored: set[str], seen: int) -> int:
    """Requests that were sent although their answers were there."""
    later = [record for record in journal.records[seen:] if record.operation is Operation.INVOKE]
    again = sum(record.body_sha256[:NAME_DIGITS] in stored for record in later)
    answered: dict[str, float] = {}
    invoked = {record.number: record.at for record in journal.of(Operation.INVOKE_ASYNC) if record.outcome == "ok"}
    for work in journal.of(Operation.ASYNC_WORK):
        if invoked[work.number] > answered.get(work.body_sha256, math.inf):
            again += 1
        answered.setdefault(work.body_sha256, work.at + work.seconds)
    return again
