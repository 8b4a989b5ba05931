"""Some processes of one model: started together, resized, routed to, supervised, stopped."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chem_endpoints.local.container_logs import LogStream
from chem_endpoints.local.guard import Guard
from chem_endpoints.local.instance import CANCELLED, Instance
from chem_endpoints.local.log_shipper import LogShipper
from chem_endpoints.local.model_folder import HostingError, ModelFolder, check_image
from chem_endpoints.local.server_process import ServerProcess
from chem_endpoints.local.settings import Settings

DEFAULT_STARTUP_SECONDS = 480.0
_POLL_SECONDS = 0.02
_STARTING = ".starting.log"
"""Until the servers are in service a log has a name of its own: a predecessor may still write to its file."""


class NoInstanceError(Exception):
    """No instance can take a request now."""


@dataclass(frozen=True, kw_only=True)
class ServerStart:
    """What every server of a pool needs to start."""

    endpoint: str
    """Its logs lie in a folder of this name."""
    name: str
    """The variant or component, as logs and messages call it."""
    owner: str
    """The same as SageMaker's messages call it, such as ``production variant AllTraffic``."""
    model: ModelFolder
    startup_seconds: float
    region: str
    settings: Settings
    guard: Guard
    logs: LogShipper
    log_group: str
    """The log group that SageMaker would write its output to."""
    log_variant: str
    """The variant that its log streams are named after."""
    ending: threading.Event
    """Set when the local AWS ends: requests under way are not waited for then."""

    def instance(self, number: int) -> Instance:
        """A server that is not started yet."""
        log = self.settings.logs / self.endpoint / f"{self.name}-{number}{_STARTING}"
        log.unlink(missing_ok=True)
        return Instance(
            number=number,
            process=self._process(log),
            startup_seconds=self.startup_seconds,
            check_seconds=self.settings.health_check_seconds,
            check_image=partial(check_image, self.model.image, self.region, self.settings),
        )

    def run(self, instance: Instance) -> None:
        """Starts a server's process; its output goes to a log stream of its own."""
        instance.process.start()
        stream = LogStream(region=self.region, group=self.log_group, variant=self.log_variant)
        self.logs.follow(instance.process, instance.process.log, stream)

    def _process(self, log: Path) -> ServerProcess:
        return ServerProcess(
            command=self.settings.server_command,
            folder=self.settings.root,
            environment=self.model.environment,
            log=log,
            guard=self.guard,
        )


class ServerPool:
    """The servers of one model. One thread at a time may resize it; all else may happen at any time."""

    def __init__(self, start: ServerStart) -> None:
        self.start = start
        self.instances: tuple[Instance, ...] = ()
        """Those that have been healthy once, the oldest first."""
        self._starting: list[Instance] = []
        self._routing = threading.Lock()
        self._processes = threading.Lock()
        """Held while a process is started or stopped, so that nothing is started after the end."""
        self._stopped = False

    @property
    def starting(self) -> tuple[Instance, ...]:
        """Those that have been started and were not healthy yet."""
        return tuple(self._starting)

    @contextmanager
    def routed(self, port: int | None = None) -> Iterator[int]:
        """Port for one request: of the ready server with the fewest outstanding requests, or of the one that is named.

        Raises:
            NoInstanceError: none is ready.
        """
        with self._routing:
            ready = [item for item in self.instances if item.ready and port in (None, item.process.port)]
            if not ready:
                raise NoInstanceError(f"{self.start.owner} has no healthy instance at present")
            instance = min(ready, key=lambda item: (item.outstanding, item.served))
            instance.outstanding += 1
            instance.served += 1
        try:
            yield instance.process.port
        except NoInstanceError:
            instance.ready = False  # Nobody listened: the supervisor sees to it.
            raise
        finally:
            with self._routing:
                instance.outstanding -= 1

    def resize(self, count: int, cancelled: Callable[[], bool]) -> None:
        """Starts or stops servers until there are so many; new ones take requests once all are healthy.

        Raises:
            HostingError: a new one cannot be started or is not healthy; the others stay as they were.
        """
        if count > len(self.instances):
            self.begin(count - len(self.instances))
            self.await_begun(cancelled)
            self.settle_logs()
        elif count < len(self.instances):
            with self._routing:
                self.instances, retired = self.instances[:count], list(self.instances[count:])
            self._end(retired)

    def begin(self, count: int) -> None:
        """Starts so many more servers; `await_begun` waits for them.

        Raises:
            HostingError: the pool was stopped, or the image is no longer this clone's code.
            OSError: a process cannot be started. In either case all that were begun are stopped.
        """
        check_image(self.start.model.image, self.start.region, self.start.settings)
        taken = {instance.number for instance in (*self.instances, *self._starting)}
        free = (number for number in range(1, len(taken) + count + 1) if number not in taken)
        try:
            for _, number in zip(range(count), free, strict=False):
                instance = self.start.instance(number)
                with self._processes:
                    self._require_open()
                    self._starting.append(instance)
                    self.start.run(instance)
        except BaseException:
            self._end_begun()
            raise

    def await_begun(self, cancelled: Callable[[], bool]) -> None:
        """Waits until the servers that `begin` started are healthy, and routes to them.

        Raises:
            HostingError: one is not; all that were begun are stopped then.
        """
        try:
            for instance in self._starting:
                instance.await_health(self.start.owner, cancelled)
            with self._processes:
                self._require_open()
                with self._routing:
                    self.instances, self._starting = (*self.instances, *self._starting), []
        except BaseException:
            self._end_begun()
            raise

    def _end_begun(self) -> None:
        begun, self._starting = self._starting, []
        self._end(begun)

    def _require_open(self) -> None:
        if self._stopped:
            raise HostingError(CANCELLED)

    def settle_logs(self) -> None:
        """Gives the logs their final names, over those of predecessors that are gone."""
        for instance in self.instances:
            log = instance.process.log
            if log.name.endswith(_STARTING):
                instance.process.move_log(log.with_name(f"{log.name.removesuffix(_STARTING)}.log"))

    def supervise(self) -> None:
        """Restarts what died or does not answer, unless the pool was stopped."""
        for instance in self.instances:
            if not self._processes.acquire(blocking=False):
                return  # Some are being started or stopped; the other pools' supervision must not wait for that.
            try:
                if not self._stopped and instance in self.instances:
                    instance.supervise()
            finally:
                self._processes.release()

    def ask_to_stop(self) -> None:
        """SIGTERM to all, without waiting."""
        for instance in (*self.instances, *self._starting):
            instance.process.ask_to_stop()

    def stop(self) -> None:
        """Stops all servers: no new requests, SIGTERM to all, SIGKILL to those that do not end in time."""
        with self._processes:
            self._stopped = True
            stopped = [*self.instances, *self._starting]
        self._end(stopped)
        self.start.model.remove()

    def _end(self, instances: list[Instance]) -> None:
        with self._routing:
            for instance in instances:
                instance.ready = False
        seconds = self.start.settings.stop_seconds
        deadline = time.monotonic() + seconds
        # Requests on their way to a process must find it listening, so they are waited for before SIGTERM.
        while any(instance.outstanding for instance in instances) and time.monotonic() < deadline:
            if self.start.ending.wait(_POLL_SECONDS):
                break
        with self._processes:
            for instance in instances:
                instance.process.ask_to_stop()
            deadline = time.monotonic() + seconds
            for instance in instances:
                instance.process.stop(max(0.0, deadline - time.monotonic()))
        for instance in instances:
            self.start.logs.finish(instance.process)
