"""When requests leave: decided before the first is sent, so that a slow answer delays none of those after it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_ROUNDING = 9
"""Decimals of rate times seconds that count: 0.1/s for 30 s are 3 requests, not 3.0000000000000004."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A stretch of constant rate.

    Attributes:
        rate: requests per second.
        seconds: length of the stretch.
        counted: whether its answers are reported; those of the warm-up are not.
    """

    rate: float
    seconds: float
    counted: bool = True

    @property
    def requests(self) -> int:
        """Arrivals of the step: at least one."""
        return max(1, math.ceil(round(self.rate * self.seconds, _ROUNDING)))


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A request's place in the schedule.

    Attributes:
        step: position of its step.
        at: seconds after the start of the run.
    """

    step: int
    at: float


def schedule(steps: Sequence[Step]) -> Iterator[Arrival]:
    """The arrivals of one step after the other, evenly spaced; a function of the steps alone."""
    start = 0.0
    for number, step in enumerate(steps):
        for position in range(step.requests):
            yield Arrival(step=number, at=start + position / step.rate)
        start += step.seconds
