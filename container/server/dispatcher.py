"""Hands requests to workers: in order, together where that costs nobody anything, and again when a worker dies."""

import asyncio
import signal
import time
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from chem_endpoints.wire.columns import Reason
from chem_endpoints.wire.rows import NO_ROW
from container.server.frames import Frame, Kind
from container.server.job import Death, Figures, Job
from container.server.pool import WorkerPool
from container.server.settings import Settings
from container.server.worker_process import WorkerProcess

TOGETHER_ROWS = 4096
TOGETHER_BYTES = 128 * 1024
"""What travels together fits into one read of a worker's socket."""

TOGETHER_SECONDS = 0.25
"""What predicting requests together should take, so that none waits long for the others."""

_WATCH_SECONDS = 0.1
TELL_SECONDS = 5.0
"""Time to write down, after the deadline, that the rows have timed out; SageMaker waits 10 s longer than we do."""

LONG_WAIT_SECONDS = 1.0
"""After this long it is worth a look whether the caller is still there."""

_OWN_FAULTS = {-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT, -signal.SIGFPE, -signal.SIGILL, -signal.SIGXCPU}
"""Ends that a process brings upon itself."""

Cause = Literal["row", "slice", "deadline", "drained", "abandoned"]


@dataclass(slots=True, eq=False)
class _Work:
    """What a busy worker is doing for us."""

    jobs: list[Job]
    together: bool
    killed_for: Cause | None = None
    seen: tuple[int, int, int] | None = None
    """What the worker was on when it was killed; it may just have moved on."""


class Dispatcher:
    """The queue in front of a pool.

    Attributes:
        admitted: requests that are being read, wait or are worked on; whoever admits one counts it here.
    """

    def __init__(self, settings: Settings, pool: WorkerPool) -> None:
        self._settings, self._pool = settings, pool
        self._row_seconds = settings.longest_row(pool.introduction.manifest)
        self._waiting: deque[Job] = deque()
        self._busy: dict[WorkerProcess, _Work] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._drain_until: float | None = None
        self._together_rows = TOGETHER_ROWS
        self.admitted = 0
        pool.on_free = self._pump
        self._watcher = asyncio.create_task(self._watch())

    @property
    def full(self) -> bool:
        """Whether as many requests wait as are allowed to."""
        return self.admitted >= self._settings.max_waiting + self._settings.workers

    @property
    def waiting(self) -> int:
        """Requests without a worker."""
        return len(self._waiting)

    @property
    def draining(self) -> bool:
        """Whether the server is on its way out."""
        return self._drain_until is not None

    def drain(self, seconds: float) -> None:
        """What is not done in so many seconds is given up."""
        self._drain_until = time.monotonic() + seconds

    def submit(self, job: Job) -> None:
        """Queues a job; its `done` and `parts` tell what becomes of it."""
        self._waiting.append(job)
        self._pump()

    def abandon(self, job: Job) -> None:
        """The caller has gone: nothing more is done for the job."""
        for segment in job.segments():
            segment.fail(
                status=400, code="client_disconnected", message="the caller has gone before the answer was ready"
            )
            for worker, work in self._busy.items():
                if work.jobs == [segment] and not work.together:
                    self._kill(worker, work, "abandoned")

    def forget(self, job: Job) -> None:
        """Nobody looks at the job any more, whether it is done or not."""
        if job.watch is not None:
            job.watch.cancel()
        if not all(segment.done.done() for segment in job.segments()):
            self.abandon(job)

    def _pump(self) -> None:
        while self._waiting:
            worker = self._pool.take()
            if worker is None:
                return
            job = self._waiting.popleft()
            if job.done.done():
                self._pool.give_back(worker)
            elif job.together is not None:
                self._ask_together(worker, self._companions(job))
            else:
                self._ask_alone(worker, job)

    def _companions(self, first: Job) -> list[Job]:
        """The job, and those behind it that may travel with it."""
        jobs, rows, size = [first], first.rows, len(first.body)
        if not self._settings.coalesce:
            return jobs
        stay: deque[Job] = deque()
        for job in self._waiting:
            fits = rows + job.rows <= self._together_rows and size + len(job.body) <= TOGETHER_BYTES
            if fits and job.together == first.together and not job.done.done():
                jobs.append(job)
                rows, size = rows + job.rows, size + len(job.body)
            else:
                stay.append(job)
        self._waiting = stay
        return jobs

    def _ask_together(self, worker: WorkerProcess, jobs: list[Job]) -> None:
        first = jobs[0]
        if first.together is None:
            raise RuntimeError("a job that travels alone was to travel with others")
        bodies = [job.body[job.header_bytes :] for job in jobs]
        head = {
            "header": len(first.together.header),
            "returned": first.together.returned,
            "sizes": [len(body) for body in bodies],
        }
        self._set_to_work(worker, _Work(jobs, together=True))
        worker.send(Frame(Kind.ASK_TOGETHER, head, first.together.header + b"".join(bodies)))

    def _ask_alone(self, worker: WorkerProcess, job: Job) -> None:
        job.forget_unfinished()
        files = [spool.descriptor for spool in (job.file, job.out, job.converted) if spool is not None]
        head = {**job.ask.to_head(), "body_file": job.file is not None}
        self._set_to_work(worker, _Work([job], together=False))
        worker.send(Frame(Kind.ASK, head, job.body, files))

    def _set_to_work(self, worker: WorkerProcess, work: _Work) -> None:
        self._busy[worker] = work
        worker.cells.since = time.monotonic()
        worker.on_frame = partial(self._heard, worker, work)
        worker.on_death = partial(self._died, worker, work)

    def _heard(self, worker: WorkerProcess, work: _Work, frame: Frame) -> None:
        job = work.jobs[0]
        if frame.kind is Kind.ROWS:
            job.take_part(frame)
            if frame.head.get("shareable") and not self._waiting and self._pool.has_free:
                worker.cells.share = 1
            return
        if frame.kind is Kind.SHARED:
            if not job.done.done():
                self._waiting.appendleft(job.share(frame.head["from"]))
                self._pump()
            return
        if frame.kind is Kind.DONE:
            job.finish(frame)
        elif frame.kind is Kind.ERROR:
            self._failed(job, frame)
        elif frame.kind is Kind.ANSWERS:
            _settle_all(work.jobs, frame)
            self._learn(sum(frame.head["rows"]), frame.head["milliseconds"]["predict"] / 1e3)
        elif frame.kind is Kind.SPLIT:
            self._ask_each_alone(work.jobs)
        self._busy.pop(worker, None)
        self._pool.give_back(worker)

    def _learn(self, rows: int, seconds: float) -> None:
        """So many rows took so long together: a slow model gets fewer next time."""
        if seconds > TOGETHER_SECONDS:
            self._together_rows = max(1, int(rows * TOGETHER_SECONDS / seconds))
        else:
            self._together_rows = min(TOGETHER_ROWS, self._together_rows * 2)

    def _failed(self, job: Job, frame: Frame) -> None:
        if (
            job.ask.streaming and job.ask.opened and not job.telling
        ):  # rows have been sent: the others are told in theirs
            job.tell_all(Reason.PREDICTION_FAILED.because(frame.head["message"]), seconds=TELL_SECONDS)
            self._waiting.appendleft(job)
        else:
            job.fail(**frame.head)

    def _ask_each_alone(self, jobs: list[Job]) -> None:
        for job in jobs:
            job.together = None
        self._waiting.extendleft(reversed(jobs))

    def _died(self, worker: WorkerProcess, work: _Work) -> None:
        self._busy.pop(worker, None)
        self._in_background(self._after_death(worker, work))

    async def _after_death(self, worker: WorkerProcess, work: _Work) -> None:
        row, start, stop = seen = _seen(worker)
        code = await worker.wait_for_exit()
        self._pool.replace(worker)
        if work.together:
            self._ask_each_alone(work.jobs)
        else:
            job = work.jobs[0]
            death = Death(
                row=row,
                start=start,
                stop=stop,
                own_fault=code in _OWN_FAULTS,
                too_slow=(work.killed_for in ("row", "slice") and work.seen == seen) or code == -signal.SIGXCPU,
            )
            self._go_on(job, work.killed_for, death)
            if not job.done.done():
                self._waiting.appendleft(job)
        self._pump()

    def _go_on(self, job: Job, cause: Cause | None, death: Death) -> None:
        if cause == "drained":
            _refuse_shutting_down(job)
        elif cause == "deadline" and job.telling:
            job.fail(status=503, code="deadline", message=f"{job.ask.fail_all}; retry later")
        elif cause == "deadline":
            job.tell_timeout(TELL_SECONDS)
        elif cause is None or cause in ("row", "slice"):
            job.learn_from(death)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            self._look_around(time.monotonic())

    def _look_around(self, now: float) -> None:
        """Deadlines, rows that take too long, callers that may have gone."""
        drained = self._drain_until is not None and now >= self._drain_until
        for worker, work in list(self._busy.items()):
            self._watch_worker(worker, work, now, drained=drained)
        for job in [job for job in self._waiting if drained or job.deadline <= now]:
            self._give_up_waiting(job, drained=drained)
        for job in [*self._waiting, *(job for work in self._busy.values() for job in work.jobs)]:
            if job.on_long_wait is not None and now - job.admitted > LONG_WAIT_SECONDS:
                job.watch, job.on_long_wait = job.on_long_wait(), None

    def _watch_worker(self, worker: WorkerProcess, work: _Work, now: float, *, drained: bool) -> None:
        cells = worker.cells
        overdue = now - cells.since > self._row_seconds
        if work.killed_for is not None:
            return
        if drained:
            for job in work.jobs:
                _refuse_shutting_down(job)
            self._kill(worker, work, "drained")
        elif min(job.deadline for job in work.jobs) <= now:
            self._kill(worker, work, "deadline")
        elif overdue and cells.row != NO_ROW:
            self._kill(worker, work, "row")
        elif overdue and cells.start >= 0:
            self._kill(worker, work, "slice")

    def _kill(self, worker: WorkerProcess, work: _Work, cause: Cause) -> None:
        work.killed_for, work.seen = cause, _seen(worker)
        worker.kill()

    def _give_up_waiting(self, job: Job, *, drained: bool) -> None:
        self._waiting.remove(job)
        if drained:
            _refuse_shutting_down(job)
        elif job.telling:
            job.fail(status=503, code="deadline", message=f"{job.ask.fail_all}; retry later")
        elif job.ask.opened or job.ask.known_bad:  # a worker had it: what it has finished is not thrown away
            job.tell_timeout(TELL_SECONDS)
            self._waiting.appendleft(job)
        else:
            job.fail(status=429, code="overloaded", message="no worker was free before the deadline; retry later")

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def close(self) -> None:
        """Ends the watch; no request is left by now."""
        self._watcher.cancel()
        await asyncio.gather(self._watcher, *self._background, return_exceptions=True)


def _seen(worker: WorkerProcess) -> tuple[int, int, int]:
    return worker.cells.row, worker.cells.start, worker.cells.stop


def _settle_all(jobs: list[Job], frame: Frame) -> None:
    head, start = frame.head, 0
    for job, size, rows, bad in zip(jobs, head["sizes"], head["rows"], head["bad"], strict=True):
        body = frame.body[start : start + size]
        start += size
        job.settle(Figures(rows=rows, bad_rows=bad, milliseconds=head["milliseconds"], pid=head["pid"], body=body))


def _refuse_shutting_down(job: Job) -> None:
    job.fail(status=503, code="shutting_down", message="the server stops before the answer is ready; retry elsewhere")
