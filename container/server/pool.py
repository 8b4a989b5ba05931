"""The worker processes: started from a host that has loaded the model, replaced when they die."""

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Coroutine
from typing import Any

from container.server.captured_output import OutputCount
from container.server.host import start_host
from container.server.log import log_event
from container.server.settings import Settings
from container.server.worker_process import (
    Introduction,
    ProcessContext,
    StartupError,
    WorkerProcess,
    start_worker,
)

SECONDS_BETWEEN_FAILED_RESTARTS = 1.0


class WorkerPool:
    """The model host and its workers.

    Attributes:
        introduction: what the model is; set by `start`.
        on_free: called when a worker becomes free.
        restarts: workers that were replaced.
        started_at: when the golden rows were replayed and all workers were up, seconds since the epoch.
    """

    introduction: Introduction

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._context: ProcessContext = multiprocessing.get_context("forkserver")
        self._output = OutputCount(settings.endpoint_name)
        self._workers: set[WorkerProcess] = set()
        self._free: list[WorkerProcess] = []
        self._background: set[asyncio.Task[None]] = set()
        self._failed_restarts = 0
        self.on_free: Callable[[], None] = _nobody_waits
        self.restarts = 0
        self.started_at: float | None = None

    async def start(self) -> Introduction:
        """Loads the model, replays the golden rows in the first worker, then starts the others.

        Raises:
            StartupError: the model must not be served.
        """
        start_host()
        first = await self._add_worker(check_golden_rows=True)
        if first.introduction is None:
            raise StartupError("the worker has not introduced itself")
        self.introduction = first.introduction
        if self.introduction.why_not_forkable is not None:
            # Forking from a process with threads can hang the child: from here on each worker loads its own model.
            log_event("not_forked", endpoint=self._settings.endpoint_name, reason=self.introduction.why_not_forkable)
            self._context = multiprocessing.get_context("spawn")
        others = (self._add_worker(check_golden_rows=False) for _ in range(self._settings.workers - 1))
        await asyncio.gather(*others)
        self.started_at = time.time()
        return self.introduction

    @property
    def alive(self) -> bool:
        """Whether the model can be expected to answer: workers are there, or their replacement does not fail."""
        return self.started_at is not None and (bool(self._workers) or self._failed_restarts == 0)

    @property
    def last_golden_check(self) -> float | None:
        """When the golden rows were last replayed, seconds since the epoch."""
        return self.started_at

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return sorted(worker.pid for worker in self._workers)

    @property
    def has_free(self) -> bool:
        """Whether a worker has nothing to do."""
        return any(not worker.gone for worker in self._free)

    def take(self) -> WorkerProcess | None:
        """A free worker, the one that was busy last (its memory is warm), or ``None``."""
        while self._free:
            worker = self._free.pop()
            if not worker.gone:
                return worker
        return None

    def give_back(self, worker: WorkerProcess) -> None:
        """The worker is free again."""
        worker.on_death = lambda: self.replace(worker)
        if worker.gone:
            self.replace(worker)
            return
        self._free.append(worker)
        self.on_free()

    def replace(self, worker: WorkerProcess) -> None:
        """The worker is of no use any more: another one takes its place."""
        if worker in self._workers:
            self._workers.discard(worker)
            self.restarts += 1
            self._in_background(self._restart(worker))

    async def _add_worker(self, *, check_golden_rows: bool) -> WorkerProcess:
        worker = await start_worker(self._context, self._settings, self._output, check_golden_rows=check_golden_rows)
        try:
            await worker.introduce()
        except StartupError:
            await worker.close()
            raise
        self._workers.add(worker)
        self.give_back(worker)
        return worker

    async def _restart(self, worker: WorkerProcess) -> None:
        worker.kill()
        await worker.close()
        while True:
            try:
                await self._add_worker(check_golden_rows=False)
            except Exception as error:  # noqa: BLE001 - whatever hinders a restart must not end the restarting
                self._failed_restarts += 1
                reason = str(error) if isinstance(error, StartupError) else type(error).__name__
                log_event("worker_restart_failed", reason=reason, failures=self._failed_restarts)
                await asyncio.sleep(SECONDS_BETWEEN_FAILED_RESTARTS)
            else:
                self._failed_restarts = 0
                return

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def close(self) -> None:
        """Ends the workers; requests are done by now."""
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        workers, self._workers = self._workers, set()
        for worker in workers:
            worker.kill()
        await asyncio.gather(*(worker.close() for worker in workers))


def _nobody_waits() -> None:
    """No request is queued before the start is over."""
