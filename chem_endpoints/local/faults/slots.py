"""Who works when: places at the instances, and the queue before them, worked out ahead."""

import bisect
import heapq


class Slots:
    """Places that each take one request at a time, first come first served.

    Args:
        number: how many there are.
        opens: seconds from which on they work.
    """

    def __init__(self, number: int, *, opens: float = 0.0) -> None:
        self.number = number
        self._free = [opens] * number
        self._ends: list[float] = []

    def open_at(self, opens: float) -> None:
        """Nothing works before this time."""
        self._free = [max(free, opens) for free in self._free]
        heapq.heapify(self._free)

    def start(self, now: float) -> float:
        """When a request that comes now would begin."""
        return max(now, self._free[0])

    def occupy(self, start: float, seconds: float) -> float:
        """Takes the next free place from ``start`` on; returns when it is free again."""
        end = start + seconds
        heapq.heapreplace(self._free, max(end, self._free[0]))
        bisect.insort(self._ends, end)
        return end

    def unfinished(self, now: float) -> int:
        """Requests that wait or run."""
        return len(self._ends) - bisect.bisect_right(self._ends, now)
