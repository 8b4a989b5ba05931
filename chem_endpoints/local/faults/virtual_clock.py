"""A clock that only moves when something takes time: a call spends what the state machine says it takes."""

from collections.abc import Iterator
from contextlib import contextmanager


class VirtualClock:
    """Seconds from the beginning."""

    def __init__(self, at: float = 0.0) -> None:
        self._at = at

    def now(self) -> float:
        """The time."""
        return self._at

    def spend(self, seconds: float) -> None:
        """Lets time pass; also what a test uses for ``time.sleep``."""
        self._at += max(0.0, seconds)

    def advance_to(self, at: float) -> None:
        """Lets time pass until then; it never goes back."""
        self._at = max(self._at, at)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What runs inside spends time that does not count outside: it runs beside other things."""
        before = self._at
        try:
            yield
        finally:
            self._at = before
