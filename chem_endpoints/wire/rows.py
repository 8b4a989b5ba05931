"""Lets a model script say which row it is on, so that a crash or a hang names its row at once.

A script that works row by row wraps its loop in `each_row`; the worker process listens and publishes the
row in shared memory. Outside a worker the announcements go nowhere.
"""

from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

NO_ROW = -1

_listener: ContextVar[Callable[[int], None]] = ContextVar("row_listener", default=lambda row: None)


def each_row(rows: Iterable[tuple[int, T]]) -> Iterator[tuple[int, T]]:
    """Yields ``(position, item)`` pairs, announcing each position before its item is worked on."""
    announce = _listener.get()
    try:
        for position, item in rows:
            announce(position)
            yield position, item
    finally:
        announce(NO_ROW)


def listen(listener: Callable[[int], None]) -> None:
    """Sends the announcements of this process to ``listener``; the worker calls it once."""
    _listener.set(listener)
