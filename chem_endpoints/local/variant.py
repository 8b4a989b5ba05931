"""Variants of an endpoint: on instances, serverless, or a place for inference components."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from chem_endpoints.local.instance import Instance
from chem_endpoints.local.model_folder import HostingError
from chem_endpoints.local.server_pool import NoInstanceError, ServerPool

SERVERLESS_STARTUP_SECONDS = 180.0
"""A serverless container answers its health check within that (SageMaker developer guide)."""

_NEVER: Callable[[], bool] = lambda: False  # noqa: E731


class ThrottledError(Exception):
    """More requests at once than the variant may take."""


class ColdStartError(Exception):
    """The server of a serverless variant did not start; the message says why."""


class Variant:
    """A production or shadow variant; of this class itself: a place for inference components."""

    def __init__(self, settings: dict[str, Any], pool: ServerPool | None = None) -> None:
        self.settings = settings
        self.pool = pool
        self.weight = float(settings.get("InitialVariantWeight", 1.0))
        """Its share of the traffic, relative to the others'."""
        self.desired = int(settings.get("InitialInstanceCount", 0)) if pool is not None else 0
        self.resolved = datetime.now(UTC)

    @property
    def name(self) -> str:
        """The variant's name."""
        return str(self.settings["VariantName"])

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Its servers that have been healthy once."""
        return self.pool.instances if self.pool is not None else ()

    @property
    def max_concurrency(self) -> int | None:
        """Requests that it takes at once; None: as many as come."""
        return None

    @contextmanager
    def routed(self) -> Iterator[int]:
        """Port for one request.

        Raises:
            NoInstanceError: no server can take it.
            ThrottledError: a serverless variant has enough to do.
            ColdStartError: a serverless variant's server did not start.
        """
        if self.pool is None:
            raise NoInstanceError(f"Variant {self.name} has no model of its own")
        with self.pool.routed() as port:
            yield port

    def begin(self, count: int) -> None:
        """Starts its servers, without waiting for them.

        Raises:
            HostingError: they cannot be started.
        """
        if self.pool is not None:
            self.pool.begin(count)

    def await_begun(self, cancelled: Callable[[], bool]) -> None:
        """Waits until its servers are healthy.

        Raises:
            HostingError: they are not.
        """
        if self.pool is not None:
            self.pool.await_begun(cancelled)

    def resize(self, count: int, cancelled: Callable[[], bool]) -> None:
        """Starts or stops servers until there are so many.

        Raises:
            HostingError: a new one does not come up; the others stay.
        """
        if self.pool is not None:
            self.pool.resize(count, cancelled)

    def supervise(self) -> None:
        """Restarts what died."""
        if self.pool is not None:
            self.pool.supervise()

    def stop(self) -> None:
        """Stops its servers."""
        if self.pool is not None:
            self.pool.stop()


class ServerlessVariant(Variant):
    """A serverless variant: its one server starts with the first request and stops when it is idle.

    AWS gives each request that runs at once an environment of its own; here one server takes up to ``MaxConcurrency``.
    """

    def __init__(self, settings: dict[str, Any], pool: ServerPool, idle_seconds: float) -> None:
        super().__init__(settings, pool)
        self._servers = pool
        self._idle_seconds = idle_seconds
        self._load, self._starting = threading.Lock(), threading.Lock()
        self._running = 0
        self._last_used = time.monotonic()
        self.serverless: dict[str, Any] = dict(settings["ServerlessConfig"])
        """ServerlessConfig as it is now: scaling changes it."""
        self.desired = 0

    @property
    def max_concurrency(self) -> int | None:
        """Requests that it takes at once."""
        return int(self.serverless["MaxConcurrency"])

    @property
    def provisioned(self) -> int:
        """Its provisioned concurrency: with any, the server is kept running."""
        return int(self.serverless.get("ProvisionedConcurrency", 0))

    @contextmanager
    def routed(self) -> Iterator[int]:
        """Port for one request, after a cold start if need be."""
        with self._load:
            if self._running >= int(self.serverless["MaxConcurrency"]):
                raise ThrottledError("Rate exceeded")
            self._running += 1
        try:
            self._warm_up()
            with self._servers.routed() as port:
                yield port
        finally:
            with self._load:
                self._running -= 1
                self._last_used = time.monotonic()

    def _warm_up(self) -> None:
        with self._starting:
            if self._servers.instances:
                return
            try:
                self._servers.resize(1, _NEVER)
            except HostingError as error:
                raise ColdStartError(str(error)) from error

    def begin(self, count: int) -> None:
        """Starts the server, if the variant has provisioned concurrency."""
        super().begin(1 if self.provisioned else 0)

    def provision(self, serverless: dict[str, Any]) -> None:
        """Takes other limits, and starts the server when some concurrency is provisioned now.

        Raises:
            HostingError: it does not start; the limits stay as they were.
        """
        before, self.serverless = self.serverless, {**self.serverless, **serverless}
        try:
            if self.provisioned:
                self._warm_up()
        except BaseException as error:
            self.serverless = before
            if isinstance(error, ColdStartError):
                raise HostingError(str(error)) from error
            raise

    def supervise(self) -> None:
        """Stops an idle server; restarts one that died."""
        super().supervise()
        if not self._starting.acquire(blocking=False):
            return  # It starts just now, for a request.
        try:
            with self._load:
                idle = time.monotonic() - self._last_used
                unused = not self._running and not self.provisioned and idle > self._idle_seconds
            if unused:
                self._servers.resize(0, _NEVER)
        finally:
            self._starting.release()
