"""What the endpoints did since the last minute: counted by the runtime, published by the scaler.

The runtime calls it so, once per request that a container takes::

    with traffic.request(region, endpoint, variant, component) as request:
        request.status = send_to_the_container()
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Served:
    """Who serves: a variant of an endpoint, or a component that has its copies there."""

    region: str
    endpoint: str
    variant: str
    component: str | None = None


@dataclass(kw_only=True)
class CountedRequest:
    """A request on its way; whoever sends it sets `status`."""

    status: int = 0
    """The container's HTTP status; 0: no answer, which counts as a 5xx."""
    model_seconds: float | None = None
    """Time in the container; default: the time between entry and exit of the `with`."""
    overhead_seconds: float = 0.0
    """Time that the local AWS itself added."""
    broke_off: bool = False
    """Whether a streamed answer ended early after it had begun."""


@dataclass(kw_only=True)
class AsyncResult:
    """How an asynchronous request ends; filled in as it goes on. Times are seconds; None: it did not come so far."""

    failed: bool = False
    expired: bool = False
    download_failed: bool = False
    upload_failed: bool = False
    notice_failed: bool = False
    backlog_seconds: float | None = None
    """In the queue."""
    download_seconds: float | None = None
    upload_seconds: float | None = None
    total_seconds: float | None = None
    """From its arrival until the notice was sent."""


@dataclass(kw_only=True)
class Minute:
    """One clock minute of a variant or component."""

    invocations: int = 0
    client_errors: int = 0
    server_errors: int = 0
    model_seconds: list[float] = field(default_factory=list)
    overhead_seconds: list[float] = field(default_factory=list)
    busiest: int = 0
    """Most requests in flight at once."""
    broken_streams: int = 0
    """Streamed answers that ended early after they had begun."""
    results: list[AsyncResult] = field(default_factory=list)
    """Of asynchronous requests that ended, well or not."""

    def plus(self, other: "Minute") -> "Minute":
        """Both together."""
        return Minute(
            invocations=self.invocations + other.invocations,
            client_errors=self.client_errors + other.client_errors,
            server_errors=self.server_errors + other.server_errors,
            model_seconds=[*self.model_seconds, *other.model_seconds],
            overhead_seconds=[*self.overhead_seconds, *other.overhead_seconds],
            busiest=self.busiest + other.busiest,
            broken_streams=self.broken_streams + other.broken_streams,
            results=[*self.results, *other.results],
        )


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Everything counted since the last time that somebody asked."""

    minutes: dict[Served, Minute]
    no_capacity: dict[tuple[str, str], int]
    """Requests refused since a component had no copy, by region and component."""


class Traffic:
    """Counters; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minutes: dict[Served, Minute] = {}
        self._in_flight: dict[Served, int] = {}
        self._no_capacity: dict[tuple[str, str], int] = {}

    @contextmanager
    def request(
        self, region: str, endpoint: str, variant: str, component: str | None = None
    ) -> Iterator[CountedRequest]:
        """Counts one request from its start to its end; one whose sender raises reached nobody, and is not counted."""
        served, counted, started = Served(region, endpoint, variant, component), CountedRequest(), time.monotonic()
        with self._lock:
            self._in_flight[served] = self._in_flight.get(served, 0) + 1
            minute = self._minute(served)
            minute.busiest = max(minute.busiest, self._in_flight[served])
        try:
            yield counted
        finally:
            with self._lock:
                self._in_flight[served] -= 1
        if counted.model_seconds is None:
            counted.model_seconds = time.monotonic() - started
        with self._lock:
            minute = self._minute(served)  # Of the present: the request may have begun in an earlier one.
            minute.invocations += 1
            minute.client_errors += 400 <= counted.status < 500
            minute.server_errors += not 200 <= counted.status < 500
            minute.broken_streams += counted.broke_off
            minute.model_seconds.append(counted.model_seconds)
            minute.overhead_seconds.append(counted.overhead_seconds)

    def no_capacity(self, region: str, component: str) -> None:
        """Counts a request that was refused since its component has no copy."""
        with self._lock:
            key = (region, component)
            self._no_capacity[key] = self._no_capacity.get(key, 0) + 1

    def finished_async(self, region: str, endpoint: str, variant: str, result: AsyncResult) -> None:
        """Counts an asynchronous request whose result or failure is known."""
        with self._lock:
            self._minute(Served(region, endpoint, variant)).results.append(result)

    def in_flight(self, region: str, endpoint: str) -> int:
        """Requests that an endpoint's containers work on now."""
        with self._lock:
            return sum(
                number
                for served, number in self._in_flight.items()
                if (served.region, served.endpoint) == (region, endpoint)
            )

    def take(self) -> Counts:
        """The counts since the last call; what is in flight goes on counting as busy."""
        with self._lock:
            counts = Counts(minutes=self._minutes, no_capacity=self._no_capacity)
            self._minutes, self._no_capacity = {}, {}
            self._in_flight = {served: number for served, number in self._in_flight.items() if number}
            for served, number in self._in_flight.items():
                self._minute(served).busiest = number
        return counts

    def _minute(self, served: Served) -> Minute:
        return self._minutes.setdefault(served, Minute())
