"""Calls beside each other in virtual time: an hour of waiting takes no time, and goes the same way each time."""

import heapq
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any

from chem_endpoints.client.workers import Finished
from chem_endpoints.local.faults.virtual_clock import VirtualClock

LONGEST_RUN_SECONDS = 30 * 24 * 3600.0
"""Virtual time after which a test gives up: something waits for ever."""


class SimulatedWorkers:
    """`chem_endpoints.client.workers.Workers` over a `VirtualClock`.

    A call runs at once against the state machine, and ends at the virtual time that its calls add up to.

    Args:
        clock: the clock that the simulated clients spend time on.
        threads: calls that run at once at most; further ones wait their turn.
    """

    def __init__(self, clock: VirtualClock, threads: int = 64) -> None:
        self._clock, self._threads = clock, threads
        self._under_way: list[tuple[float, int, Finished]] = []
        self._waiting: deque[tuple[Hashable, Callable[[], Any]]] = deque()
        self._number = 0
        self.closed = False

    def now(self) -> float:
        """Virtual seconds."""
        return self._clock.now()

    def start(self, key: Hashable, call: Callable[[], Any]) -> None:
        """Begins a call, or lets it wait for a thread."""
        assert not self.closed, "a call after the end"
        if len(self._under_way) >= self._threads:
            self._waiting.append((key, call))
            return
        self._number += 1
        with self._clock.aside():
            try:
                finished = Finished(key=key, value=call())
            except BaseException as error:  # noqa: BLE001 - as a thread's future does
                finished = Finished(key=key, error=error)
            ends = self._clock.now()
        heapq.heappush(self._under_way, (ends, self._number, finished))

    def wait(self, until: float | None) -> list[Finished]:
        """Lets time pass until a call ends, or until then."""
        assert self.now() < LONGEST_RUN_SECONDS, "a run that does not end"
        if not self._under_way or (until is not None and until < self._under_way[0][0]):
            if until is not None:
                self._clock.advance_to(until)
            return []
        self._clock.advance_to(self._under_way[0][0])
        ended = []
        while self._under_way and self._under_way[0][0] <= self.now():
            ended.append(heapq.heappop(self._under_way)[2])
        while self._waiting and len(self._under_way) < self._threads:
            self.start(*self._waiting.popleft())
        return ended

    def close(self) -> None:
        """Takes no more calls."""
        self.closed = True
        self._waiting.clear()
