"""What a worker is doing, in memory that the HTTP process can read while the worker hangs and after it has died."""

import ctypes
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import Any, TypeVar

from chem_endpoints.wire.rows import NO_ROW
from container.server.limits import allow_processor_seconds

NO_SLICE = -1

_RENEWED_SECONDS = 0.25
"""How often the processor time of a row is allowed anew: a call to the kernel for each row would cost quick models."""

T = TypeVar("T")


class Cells(ctypes.Structure):
    """Positions count from the start of the request; ``since`` is CLOCK_MONOTONIC, which all processes share.

    ``share`` alone is written by the HTTP process: 1 asks the worker to leave half of its rows to another one.
    """

    _fields_ = (
        ("row", ctypes.c_longlong),
        ("start", ctypes.c_longlong),
        ("stop", ctypes.c_longlong),
        ("since", ctypes.c_double),
        ("share", ctypes.c_longlong),
    )


def shared_cells(context: ForkServerContext | SpawnContext) -> Any:
    """Cells that a process of this context will share with us."""
    cells = context.RawValue(Cells)
    cells.row, cells.start, cells.stop = NO_ROW, NO_SLICE, NO_SLICE
    return cells


class PublishedWork:
    """The worker's side: says which rows the model has, and which of them it is on."""

    def __init__(self, cells: Any) -> None:
        self._cells = cells
        self._rows: list[int] = []
        self._row_seconds: float | None = None
        self._allowed_at = 0.0
        self.model_seconds = 0.0
        """What the model itself has taken, since `begin`."""
        self.last = NO_ROW
        """The last row that the model said it was on, since `expect`."""

    def take_share_request(self) -> bool:
        """Whether the rest of the rows is to be shared; asking takes the request away."""
        asked, self._cells.share = bool(self._cells.share), 0
        return asked

    def begin(self, start: int, stop: int, *, row_seconds: float | None = None) -> None:
        """Rows ``start`` to ``stop`` of the request are worked on; each may take ``row_seconds`` of the processor."""
        self._cells.row, self._cells.start, self._cells.stop = NO_ROW, start, stop
        self._row_seconds, self._allowed_at = row_seconds, 0.0
        self._move_on()
        self.model_seconds = 0.0

    def timed(self, call: Callable[[], T]) -> T:
        """Calls the model and takes its time, also where it raises."""
        started = time.perf_counter()
        try:
            return call()
        finally:
            self.model_seconds += time.perf_counter() - started

    def expect(self, rows: list[int]) -> None:
        """The model is about to see these rows of the request."""
        self._rows = rows
        self.last = self._cells.row = rows[0] if len(rows) == 1 else NO_ROW
        self._move_on()

    def announce(self, position: int) -> None:
        """The model works on this one of them."""
        self.last = self._cells.row = self._rows[position] if 0 <= position < len(self._rows) else NO_ROW
        self._move_on()

    def end(self) -> None:
        """Nothing is worked on."""
        self._cells.row, self._cells.start, self._cells.stop = NO_ROW, NO_SLICE, NO_SLICE
        self._cells.since = time.monotonic()
        if self._row_seconds is not None:
            self._row_seconds = None
            allow_processor_seconds(None)

    def _move_on(self) -> None:
        """The time of what is worked on counts from now: both the one that the HTTP process sees and the kernel's."""
        now = self._cells.since = time.monotonic()
        if self._row_seconds is not None and now - self._allowed_at > _RENEWED_SECONDS:
            self._allowed_at = now
            allow_processor_seconds(self._row_seconds)
