"""Several steps at once on workers, for the calls beside a run: uploads, sending, reading what is there."""

import heapq
from collections.abc import Iterable
from typing import Any, TypeVar

from chem_endpoints.client.steps import Paused, Steps, one_step
from chem_endpoints.client.workers import Finished, Workers

T = TypeVar("T")


def together(calls: Iterable[Steps[T]], *, workers: Workers, places: int) -> list[T]:
    """Runs the steps, so many at once; they are taken from the iterable as places become free.

    Returns:
        The results, in the order of the steps.

    Raises:
        BaseException: what the first of them raised; no other is begun then.
    """
    waiting, under_way, paused = enumerate(calls), dict[int, Steps[T]](), list[tuple[float, int]]()
    results: dict[int, T] = {}
    more = True
    while more or under_way:
        while more and len(under_way) < places:
            following = next(waiting, None)
            if following is None:
                more = False
            else:
                number, under_way[number] = following
                _step(workers, number, under_way[number])
        while paused and paused[0][0] <= workers.now():
            number = heapq.heappop(paused)[1]
            _step(workers, number, under_way[number])
        for finished in workers.wait(paused[0][0] if paused else None):
            _take(finished, under_way, paused, results, workers.now())
    return [results[number] for number in sorted(results)]


def _step(workers: Workers, number: int, steps: Steps[Any]) -> None:
    workers.start(number, lambda: one_step(steps))


def _take(
    finished: Finished,
    under_way: dict[int, Steps[T]],
    paused: list[tuple[float, int]],
    results: dict[int, T],
    now: float,
) -> None:
    number: Any = finished.key
    if finished.error is not None:
        raise finished.error
    if isinstance(finished.value, Paused):
        heapq.heappush(paused, (now + finished.value.seconds, number))
        return
    under_way.pop(number)
    results[number] = finished.value.value
