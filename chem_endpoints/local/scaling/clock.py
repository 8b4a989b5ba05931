"""The time of the local AWS: real, faster than real, or only moved by hand."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

MINUTE = 60.0
"""CloudWatch's shortest standard period, in seconds."""


class Clock:
    """What metrics, alarms, cooldowns, schedules and queues take for the time."""

    def __init__(self, *, speed: float = 1.0, real: Callable[[], float] = time.time) -> None:
        """
        Args:
            speed: clock seconds per real second; 0: only `advance` moves it.
            real: real time in seconds since 1970.
        """
        if speed < 0:
            raise ValueError("A clock cannot run backwards")
        self.speed = speed
        self._real, self._start = real, real()
        self._advanced = 0.0
        self._lock = threading.Lock()

    def seconds(self) -> float:
        """Seconds since 1970."""
        with self._lock:
            return self._start + (self._real() - self._start) * self.speed + self._advanced

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.fromtimestamp(self.seconds(), UTC)

    def advance(self, seconds: float) -> None:
        """Moves the clock forward."""
        if seconds < 0:
            raise ValueError("A clock cannot run backwards")
        with self._lock:
            self._advanced += seconds

    def snapshot(self) -> float:
        """How far it is ahead of the real time."""
        return max(0.0, self.seconds() - self._real())

    def restore(self, kept: float) -> None:
        """Goes on as far ahead as another clock was: time never goes back."""
        self.advance(max(0.0, kept - self.snapshot()))

    def real_seconds(self, seconds: float) -> float | None:
        """How long these clock seconds take; None: for ever."""
        return seconds / self.speed if self.speed else None
