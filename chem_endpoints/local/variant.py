"""Variants of an endpoint: on instances, serverless, or a place for inference components."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

from chem_endpoints.local.instance import Instance
from chem_endpoints.local.model_folder import HostingError
from chem_endpoints.local.server_pool import NoInstanceError, ServerPool
from chem_endpoints.local.serverless_pool import ServerlessPool

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
    """A serverless variant: a server starts for each request that finds all others busy, and stops when it is idle.

    AWS gives each of the requests that run at once a container for itself, up to ``MaxConcurrency``. Here no more than
    ``processes`` servers run; beyond them requests share servers. ``MemorySizeInMB`` is not enforced.
    """

    def __init__(
        self, settings: dict[str, Any], pool: ServerlessPool, *, idle_seconds: float, processes: int | None
    ) -> None:
        """
        Args:
            settings: the production variant, as in the endpoint configuration.
            pool: its servers.
            idle_seconds: a server stops when it had no request for longer than that.
            processes: servers at most; None: as many as requests may run at once.
        """
        super().__init__(settings, pool)
        self._servers, self._idle_seconds, self._processes = pool, idle_seconds, processes
        self._changed = threading.Condition()
        self._running = self._starting = 0
        self._last_used: dict[int, float] = {}
        """By port."""
        self._setup_seconds: list[float] = []
        self.serverless: dict[str, Any] = dict(settings["ServerlessConfig"])
        """ServerlessConfig as it is now: scaling changes it."""
        self.desired = 0

    @property
    def max_concurrency(self) -> int:
        """Requests that it takes at once."""
        return int(self.serverless["MaxConcurrency"])

    @property
    def provisioned(self) -> int:
        """Its provisioned concurrency: so many servers are kept running, as far as there may be so many."""
        return int(self.serverless.get("ProvisionedConcurrency", 0))

    @property
    def _most(self) -> int:
        return self.max_concurrency if self._processes is None else min(self.max_concurrency, self._processes)

    @property
    def _kept(self) -> int:
        return min(self.provisioned, self._most)

    def take_setup_seconds(self) -> list[float]:
        """How long each server took to start since the last call; SageMaker's metric ModelSetupTime."""
        with self._changed:
            taken, self._setup_seconds = self._setup_seconds, []
        return taken

    @contextmanager
    def routed(self) -> Iterator[int]:
        """Port for one request, after a cold start if need be."""
        with self._changed:
            if self._running >= self.max_concurrency:
                raise ThrottledError("Rate exceeded")
            self._running += 1
        try:
            with ExitStack() as held:
                port = self._route(held)
                held.callback(self._note_use, port)
                yield port
        finally:
            with self._changed:
                self._running -= 1

    def _route(self, held: ExitStack) -> int:
        while True:
            self._await_server()
            try:
                return held.enter_context(self._servers.routed())
            except NoInstanceError:
                continue  # It was stopped, or died, between the two.

    def _note_use(self, port: int) -> None:
        self._last_used[port] = time.monotonic()

    def _await_server(self) -> None:
        """Starts a server when there are fewer than requests; waits when others start all that there may be."""
        with self._changed:
            while (ready := self._ready()) + self._starting >= min(self._running, self._most):
                if ready:
                    return
                self._changed.wait()
            self._starting += 1
        try:
            self._start()
        except HostingError as error:
            raise ColdStartError(str(error)) from error

    def _ready(self) -> int:
        """Servers that can take requests; a dead one is noticed here, before the supervisor comes round."""
        for instance in self._servers.instances:
            instance.ready = instance.ready and instance.process.alive
        return sum(instance.ready for instance in self._servers.instances)

    def _start(self) -> None:
        """Starts a server that is counted as starting.

        Raises:
            HostingError: it does not start.
        """
        begun = time.monotonic()
        try:
            self._note_use(self._servers.add(_NEVER).process.port)
            self._setup_seconds.append(time.monotonic() - begun)
        finally:
            with self._changed:
                self._starting -= 1
                self._changed.notify_all()

    def begin(self, count: int) -> None:
        """Starts the servers of provisioned concurrency."""
        super().begin(self._kept)

    def provision(self, serverless: dict[str, Any]) -> None:
        """Takes other limits, and starts servers when more concurrency is provisioned now.

        Raises:
            HostingError: one does not start; the limits stay as they were.
        """
        before, self.serverless = self.serverless, {**self.serverless, **serverless}
        try:
            while self._claim_provisioned():
                self._start()
        except BaseException:
            self.serverless = before
            raise

    def _claim_provisioned(self) -> bool:
        """Whether one more server is to be started now, which is then counted as starting."""
        with self._changed:
            missing = len(self._servers.instances) + self._starting < self._kept
            self._starting += missing
        return missing

    def supervise(self) -> None:
        """Stops idle servers and forgets dead ones; those of provisioned concurrency are restarted instead."""
        instances = self._servers.instances
        dead = [one for one in instances if not one.process.alive]
        unneeded = [*dead, *(one for one in instances if one not in dead and self._is_idle(one))]
        surplus = max(0, len(instances) - self._kept)
        if surplus and unneeded:
            self._servers.retire(unneeded[:surplus])
        super().supervise()

    def _is_idle(self, instance: Instance) -> bool:
        used = self._last_used.get(instance.process.port, instance.started)
        return not instance.outstanding and time.monotonic() - used > self._idle_seconds
