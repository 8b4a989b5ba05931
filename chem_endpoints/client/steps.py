"""Work that pauses: a generator that yields how many seconds to wait, and returns a result.

What runs between two pauses makes short blocking calls. Nobody sleeps inside: threads, the calling thread, or the
virtual clock of a test go on with the work when its pause is over (`chem_endpoints.client.workers`).
"""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

Steps = Generator[float, None, T]
"""Yields pauses in seconds, returns a ``T``."""


@dataclass(frozen=True)
class Paused:
    """The steps are to go on after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Returned(Generic[T]):
    """The steps have ended with this."""

    value: T


def one_step(steps: Steps[T]) -> Paused | Returned[T]:
    """Goes on until the next pause or the end."""
    try:
        return Paused(next(steps))
    except StopIteration as end:
        return Returned(end.value)


def finish(steps: Steps[T], *, sleep: Callable[[float], object] = time.sleep) -> T:
    """Runs the steps to their end in this thread, and returns their result."""
    while isinstance(reached := one_step(steps), Paused):
        sleep(reached.seconds)
    return reached.value
