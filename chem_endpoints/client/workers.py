"""Who makes the calls, and whose clock counts: threads and the real time, or a test's virtual time.

The engine (`chem_endpoints.client.engine`) decides in one thread; workers only run what it starts.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
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

    They are daemons: a process that ends does not wait for a request that takes another minute.

    Args:
        threads: calls that run at once at most; further ones wait their turn.
    """

    def __init__(self, threads: int) -> None:
        self._most = threads
        self._started: SimpleQueue[tuple[Hashable, Callable[[], Any]] | None] = SimpleQueue()
        self._ended: SimpleQueue[Finished] = SimpleQueue()
        self._under_way = self._threads = 0
        self._closed = Event()

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def start(self, key: Hashable, call: Callable[[], Any]) -> None:
        """Begins a call in a thread."""
        self._under_way += 1
        self._started.put((key, call))
        if self._threads < min(self._most, self._under_way):
            self._threads += 1
            Thread(target=self._work, name="chem-endpoints", daemon=True).start()

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
        self._closed.set()
        for _ in range(self._threads):
            self._started.put(None)

    def _work(self) -> None:
        while (given := self._started.get()) is not None and not self._closed.is_set():
            key, call = given
            try:
                self._ended.put(Finished(key=key, value=call()))
            except BaseException as error:  # noqa: BLE001 - whoever waits takes it, and decides
                self._ended.put(Finished(key=key, error=error))


def real_workers(threads: int) -> Workers:
    """Workers for so many calls at once."""
    return InlineWorkers() if threads == 1 else ThreadWorkers(threads)
