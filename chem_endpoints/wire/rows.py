"""Lets a model script say which row it is on, so that a crash or a hang names its row at once.

A script that works row by row wraps its loop in `each_row`; the worker process listens and publishes the
row in shared memory. Outside a worker the announcements go nowhere.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

NO_ROW = -1

_listeners: list[Callable[[int], None]] = []


def each_row(rows: Iterable[tuple[int, T]]) -> Iterator[tuple[int, T]]:
    """Yields ``(position, item)`` pairs, announcing each position before its item is worked on.

    A loop that an exception ends leaves the announcement standing: it names the row that raised.
    """
    for position, item in rows:
        _announce(position)
        yield position, item
    _announce(NO_ROW)


def _announce(position: int) -> None:
    for listener in _listeners:
        listener(position)


def listen(listener: Callable[[int], None] | None) -> None:
    """Sends the announcements of this process, from any thread, to ``listener``; ``None`` ends that."""
    _listeners[:] = [] if listener is None else [listener]
