"""How many processes an endpoint had and how many requests waited, over the last hour of the clock."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from chem_endpoints.local.scaling.clock import Clock

_LOGGER = logging.getLogger(__name__)
WINDOW_SECONDS = 3600.0
"""Of the clock: so far back the console looks."""

_MOST_POINTS = 600
"""Changes that are kept of one endpoint; of more, the newest."""

_SAMPLE_SECONDS = 0.5

Key = tuple[str, str]
"""Region and name of an endpoint."""


class Level(NamedTuple):
    """What is watched of one endpoint."""

    instances: int
    """Processes that take requests."""
    backlog: int | None
    """Requests that wait or run; None: it has no queue."""


class Point(NamedTuple):
    """A level that began."""

    at: float
    """Seconds of the clock since 1970."""
    instances: int
    backlog: int | None


class History:
    """Looks twice a second, and after each minute over which the clock is moved; keeps what has changed."""

    def __init__(self, clock: Clock, levels: Callable[[], Iterable[tuple[Key, Level]]]) -> None:
        """
        Args:
            clock: whose time counts.
            levels: what all endpoints are at now.
        """
        self._clock, self._levels = clock, levels
        self._points: dict[Key, deque[Point]] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Looks in the background from now on."""
        threading.Thread(target=self._follow, name="history", daemon=True).start()

    def stop(self) -> None:
        """Ends that."""
        self._stopping.set()

    def note(self) -> None:
        """Looks once. Endpoints that are gone are forgotten."""
        with self._lock:
            levels, now = dict(self._levels()), self._clock.seconds()
            for gone in self._points.keys() - levels.keys():
                del self._points[gone]
            for key, level in levels.items():
                points = self._points.setdefault(key, deque(maxlen=_MOST_POINTS))
                if not points or points[-1][1:] != level:
                    points.append(Point(now, *level))

    def of(self, region: str, name: str) -> list[Point]:
        """The changes of the last hour, oldest first, and the one before them, by which the hour began."""
        since = self._clock.seconds() - WINDOW_SECONDS
        with self._lock:
            points = list(self._points.get((region, name), ()))
        before = sum(point.at < since for point in points)
        return points[max(0, before - 1) :]

    def _follow(self) -> None:
        while not self._stopping.wait(_SAMPLE_SECONDS):
            try:
                self.note()
            except Exception:
                _LOGGER.exception("The console's history has a gap; the next look follows")
