"""Work of one thread beside the engine's: the next piece is read, and the last part written, while requests travel."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class ReadAhead(Generic[T]):
    """An iterator that has its next item ready, if there was time.

    Args:
        items: what is read; only ever in one thread.
    """

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="chem-endpoints-read")
        self._next: Future[T | None] = self._pool.submit(next, items, None)

    def next(self) -> T | None:
        """The next item, waited for; ``None``: there is none.

        Raises:
            Exception: what the iterator raised.
        """
        item = self._next.result()
        if item is not None:
            self._next = self._pool.submit(next, self._items, None)
        return item

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


class WriteBehind:
    """Writes in order, in a thread; at most one part waits for the one that is being written, so memory is bounded."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="chem-endpoints-write")
        self._parts: list[Future[None]] = []
        self._others: list[Future[None]] = []

    def part(self, write: Callable[[], None]) -> None:
        """Writes something large.

        Raises:
            Exception: what an earlier write raised.
        """
        while self._parts:
            self._parts.pop(0).result()
        self._check_others()
        self._parts.append(self._pool.submit(write))

    def small(self, write: Callable[[], None]) -> None:
        """Writes something small.

        Raises:
            Exception: what an earlier write raised.
        """
        self._check_others()
        self._others.append(self._pool.submit(write))

    def finish(self) -> None:
        """Waits until all is written.

        Raises:
            Exception: what a write raised.
        """
        for one in (*self._others, *self._parts):
            one.result()

    def _check_others(self) -> None:
        while self._others and self._others[0].done():
            self._others.pop(0).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True)
