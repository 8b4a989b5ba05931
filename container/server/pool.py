"""The workers together: hands requests out, replaces workers that die, keeps to the deadline."""

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from chem_endpoints.wire.columns import Reason
from chem_endpoints.wire.rows import NO_ROW
from container.server.log import log_event
from container.server.requests import Request
from container.server.settings import Settings
from container.server.threads import limit_threads
from container.server.worker_process import (
    Answer,
    Introduction,
    ProcessContext,
    RequestError,
    StartupError,
    WorkerDiedError,
    WorkerProcess,
    start_worker,
)

DEATHS_BEFORE_BLAME = 2
"""A first death is forgiven: it may have come from outside. A row on which a second worker dies is at fault."""


PRELOADED = ["container.server.worker", "container.server.preload"]

SECONDS_BETWEEN_FAILED_RESTARTS = 1.0

TELL_TIMEOUT_SECONDS = 5.0
"""Time to write down, after the deadline, that the rows have timed out; SageMaker waits 10 s longer than we do."""


class OverloadedError(Exception):
    """As many requests wait as are allowed to."""


class WorkerPool:
    """The model host and its workers.

    Attributes:
        introduction: what the model is; set by `start`.
    """

    introduction: Introduction

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._context: ProcessContext = multiprocessing.get_context("forkserver")
        self._workers: set[WorkerProcess] = set()
        self._idle: asyncio.Queue[WorkerProcess] = asyncio.Queue()
        self._waiting = 0
        self._replacements: set[asyncio.Task[None]] = set()
        self._failed_restarts = 0
        self.restarts = 0
        self.started_at: float | None = None

    async def start(self) -> Introduction:
        """Loads the model, replays the golden rows in the first worker, then starts the others.

        Raises:
            StartupError: the model must not be served.
        """
        limit_threads()
        multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)
        first = await self._add_worker(check_golden_rows=True)
        self.introduction = _introduced(first)
        if not self.introduction.forkable:
            # Forking from a process with threads can hang the child: from here on each worker loads its own model.
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
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return sorted(worker.pid for worker in self._workers)

    @property
    def waiting(self) -> int:
        """Requests without a worker."""
        return self._waiting

    async def predict(self, request: Request) -> Answer:
        """Answers a request before the deadline; rows that are not done by then come back as timed out.

        Raises:
            OverloadedError: too many requests wait, or no worker was free before the deadline.
            RequestError: the request, or the model script, is at fault.
        """
        deadline = asyncio.get_running_loop().time() + self._settings.request_seconds
        try:
            async with asyncio.timeout_at(deadline):
                worker = await self._acquire()
        except TimeoutError:
            raise OverloadedError from None
        try:
            async with asyncio.timeout_at(deadline):
                return await self._predict_surviving_deaths(request, worker)
        except TimeoutError:
            return await self._tell_timeout(request)

    async def _tell_timeout(self, request: Request) -> Answer:
        told = Reason.TIMEOUT.because("request deadline; send fewer rows, or use an async endpoint")
        try:
            async with asyncio.timeout(TELL_TIMEOUT_SECONDS):
                return await self._ask(await self._acquire(), replace(request, fail_all=told))
        except (TimeoutError, WorkerDiedError):
            raise RequestError(status=503, code="deadline", message=f"{told}; retry later") from None

    async def _predict_surviving_deaths(self, request: Request, worker: WorkerProcess) -> Answer:
        deaths: Counter[int] = Counter()
        blamed = dict(request.known_bad)
        while True:
            try:
                return await self._ask(worker, replace(request, known_bad=blamed))
            except WorkerDiedError as death:
                deaths[death.row] += 1
                if deaths[death.row] >= DEATHS_BEFORE_BLAME:
                    if death.row == NO_ROW:
                        raise RequestError(
                            status=500,
                            code="worker_crashed",
                            message="the model's process died twice on this request without naming a row;"
                            " send fewer rows",
                        ) from None
                    blamed[death.row] = Reason.WORKER_CRASHED.because("the model's process died on this row")
            worker = await self._acquire()

    async def _ask(self, worker: WorkerProcess, request: Request) -> Answer:
        try:
            answer = await worker.ask(request)
        except RequestError:
            self._idle.put_nowait(worker)
            raise
        except BaseException:  # died, or the deadline struck: either way it cannot be asked again
            self._replace(worker)
            raise
        self._idle.put_nowait(worker)
        return answer

    async def _acquire(self) -> WorkerProcess:
        if self._idle.empty() and self._waiting >= self._settings.max_waiting:
            raise OverloadedError
        self._waiting += 1
        try:
            while (worker := await self._idle.get()).gone:  # died while nobody asked it anything
                self._replace(worker)
            return worker
        finally:
            self._waiting -= 1

    async def _add_worker(self, *, check_golden_rows: bool) -> WorkerProcess:
        worker = await start_worker(self._context, check_golden_rows=check_golden_rows)
        try:
            await worker.introduce()
        except StartupError:
            await worker.kill()
            raise
        self._workers.add(worker)
        self._idle.put_nowait(worker)
        return worker

    def _replace(self, worker: WorkerProcess) -> None:
        self._workers.discard(worker)
        self.restarts += 1
        self._in_background(self._restart(worker))

    async def _restart(self, worker: WorkerProcess) -> None:
        await worker.kill()
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
        self._replacements.add(task)
        task.add_done_callback(self._replacements.discard)

    async def close(self) -> None:
        """Ends the workers; requests are done by now."""
        for task in list(self._replacements):
            task.cancel()
        await asyncio.gather(*self._replacements, return_exceptions=True)
        await asyncio.gather(*(worker.close() for worker in self._workers))


def _introduced(worker: WorkerProcess) -> Introduction:
    if worker.introduction is None:
        raise StartupError("the worker has not introduced itself")
    return worker.introduction
