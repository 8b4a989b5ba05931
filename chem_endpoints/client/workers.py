"""Who makes the calls, and whose clock counts: threads and the real time, or a test's virtual time.

The engine (`chem_endpoints.client.engine`) decides in one thread; workers only run what it starts.
"""

import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A call that ended.

    Attributes:
        key: what it was started under.
        value: what it returned; ``None`` after an error.
        error: what it raised.
    """

    key: Hashable
    value: Any = None
    error: BaseException | None = None


class Workers(Protocol):
    """Runs calls beside each other, and tells the time."""

    def now(self) -> float:
        """Seconds of a clock that never goes back."""
        ...

    def start(self, key: Hashable, call: Callable[[], Any]) -> None:
        """Begins a call; `wait` tells of its end under the key."""
        ...

    def wait(self, until: float | None) -> list[Finished]:
        """Waits until a call has ended or the clock has come to ``until``; returns the calls that ended, in order.

        ``None``: only for a call. Without a call under way and without ``until`` it returns at once.
        """
        ...

    def close(self) -> None:
        """Ends the workers; nobody waits for calls that are under way."""
        ...


class InlineWorkers:
    """The calling thread and the real clock: one call at a time, for which no thread has to be started."""

    def __init__(self) -> None:
        self._ended: list[Finished] = []

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def start(self, key: Hashable, call: Callable[[], Any]) -> None:
        """Makes the call."""
        try:
            self._ended.append(Finished(key=key, value=call()))
        except Exception as error:  # noqa: BLE001 - as a thread's future does; whoever takes it decides
            self._ended.append(Finished(key=key, error=error))

    def wait(self, until: float | None) -> list[Finished]:
        """See `Workers.wait`."""
        if not self._ended and until is not None:
            time.sleep(max(0.0, until - self.now()))
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """Nothing is left to end."""


class ThreadWorkers:
    """Threads and the real clock.

    Args:
        threads: calls that run at once at most; further ones wait their turn.
    """

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="chem-endpoints")
        self._ended: SimpleQueue[Finished] = SimpleQueue()
        self._under_way = 0

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def start(self, key: Hashable, call: Callable[[], Any]) -> None:
        """Begins a call in a thread."""
        self._under_way += 1
        self._pool.submit(call).add_done_callback(lambda future: self._told(key, future))

    def wait(self, until: float | None) -> list[Finished]:
        """See `Workers.wait`."""
        if not self._under_way:
            if until is not None:
                time.sleep(max(0.0, until - self.now()))
            return []
        ended: list[Finished] = []
        try:
            ended.append(self._ended.get(timeout=None if until is None else max(0.0, until - self.now())))
            while True:
                ended.append(self._ended.get_nowait())
        except Empty:
            pass
        self._under_way -= len(ended)
        return ended

    def close(self) -> None:
        """Takes no more calls, and drops those that have not begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _told(self, key: Hashable, future: "Future[Any]") -> None:
        if future.cancelled():
            return
        error = future.exception()
        self._ended.put(Finished(key=key, error=error) if error else Finished(key=key, value=future.result()))


def real_workers(threads: int) -> Workers:
    """Workers for so many calls at once."""
    return InlineWorkers() if threads == 1 else ThreadWorkers(threads)
