"""The server processes that stand behind one endpoint configuration."""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chem_endpoints.local.guard import Guard
from chem_endpoints.local.model_folder import HostingError, ModelFolder, check_image, unpack_model
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.server_process import ServerProcess
from chem_endpoints.local.settings import Settings

_LOGGER = logging.getLogger(__name__)
DEFAULT_STARTUP_SECONDS = 480.0
_CANCELLED = "The endpoint was deleted before it was in service"
_POLL_SECONDS = 0.05
_FIRST_BACKOFF_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 30.0
_STEADY_SECONDS = 60.0


@dataclass(eq=False)
class Instance:
    """A server process as the router and the supervisor see it."""

    process: ServerProcess
    startup_seconds: float
    check: Callable[[], None]
    """Raises HostingError when the clone's code is no longer the Model's."""
    ready: bool = False
    outstanding: int = 0
    served: int = 0
    restarts: int = 0
    started: float = field(default_factory=time.monotonic)

    def supervise(self) -> None:
        """Starts a dead process again, after a pause that doubles with each death; routes to it once it pings."""
        now = time.monotonic()
        if self.process.alive:
            if not self.ready and self.process.ping():
                self.ready = True
            elif self.ready and now - self.started > _STEADY_SECONDS:
                self.restarts = 0
            return
        if self.ready:
            self.ready, self.started = False, now
        pause = min(_FIRST_BACKOFF_SECONDS * 2**self.restarts, _LONGEST_BACKOFF_SECONDS)
        if now - self.started >= pause:
            self.restarts, self.started = self.restarts + 1, now
            self._start_again()

    def _start_again(self) -> None:
        try:
            self.check()
            self.process.start()
        except HostingError as error:
            _LOGGER.warning("A server that ended is not started again: %s", error)
        except Exception:
            _LOGGER.exception("A server that ended could not be started again; the next attempt follows")


@dataclass(eq=False)
class Variant:
    """A production variant: its settings, its model and its instances."""

    settings: dict[str, Any]
    model: ModelFolder
    instances: list[Instance]

    @property
    def name(self) -> str:
        """The variant's name."""
        return str(self.settings["VariantName"])

    @property
    def weight(self) -> float:
        """Its share of the traffic, relative to the others'."""
        return float(self.settings.get("InitialVariantWeight", 1.0))


class NoInstanceError(Exception):
    """No instance can take a request now."""


class UnknownVariantError(Exception):
    """The endpoint has no variant of this name."""


class Fleet:
    """All processes of one endpoint configuration."""

    def __init__(self, config: dict[str, Any], variants: list[Variant], stop_seconds: float) -> None:
        self.config = config
        self.variants = variants
        self._stop_seconds = stop_seconds
        self._lock = threading.Lock()
        self._supervision = threading.Lock()
        self._stopped = False

    @property
    def config_name(self) -> str:
        """Name of the endpoint configuration."""
        return str(self.config["EndpointConfigName"])

    @property
    def async_config(self) -> dict[str, Any] | None:
        """AsyncInferenceConfig, when the endpoint is asynchronous."""
        return self.config.get("AsyncInferenceConfig")

    @property
    def instances(self) -> list[Instance]:
        """The instances of all variants."""
        return [instance for variant in self.variants for instance in variant.instances]

    @contextmanager
    def routed(self, variant_name: str | None) -> Iterator[tuple[str, int]]:
        """Variant and port for one request: the ready instance with the fewest outstanding requests.

        Raises:
            NoInstanceError: none is ready.
            UnknownVariantError: the endpoint has no such variant.
        """
        with self._lock:
            variant = self._choose_variant(variant_name)
            ready = [instance for instance in variant.instances if instance.ready]
            if not ready:
                raise NoInstanceError(f"Variant {variant.name} has no healthy instance at present")
            instance = min(ready, key=lambda item: (item.outstanding, item.served))
            instance.outstanding += 1
            instance.served += 1
        try:
            yield variant.name, instance.process.port
        except NoInstanceError:
            instance.ready = False  # Nobody listened: the supervisor sees to it.
            raise
        finally:
            with self._lock:
                instance.outstanding -= 1

    def _choose_variant(self, name: str | None) -> Variant:
        if name is not None:
            for variant in self.variants:
                if variant.name == name:
                    return variant
            raise UnknownVariantError(f"Variant {name} does not exist")
        return random.choices(self.variants, [variant.weight for variant in self.variants])[0]  # noqa: S311

    def supervise(self) -> None:
        """Restarts what died, unless the fleet was stopped."""
        for instance in self.instances:
            with self._supervision:
                if not self._stopped:
                    instance.supervise()

    def stop(self) -> None:
        """Stops all processes: no new requests, SIGTERM to all, SIGKILL to those that do not end in time."""
        with self._supervision:
            self._stopped = True
        with self._lock:
            for instance in self.instances:
                instance.ready = False
        self._await_answers()
        for instance in self.instances:
            instance.process.ask_to_stop()
        deadline = time.monotonic() + self._stop_seconds
        for instance in self.instances:
            instance.process.stop(max(0.0, deadline - time.monotonic()))
        for variant in self.variants:
            variant.model.remove()

    def _await_answers(self) -> None:
        """Requests on their way to a process must find it listening, so they are waited for before SIGTERM."""
        deadline = time.monotonic() + self._stop_seconds
        while any(instance.outstanding for instance in self.instances) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)


def launch(
    endpoint: str,
    config: dict[str, Any],
    *,
    region: str,
    settings: Settings,
    clients: OwnClients,
    guard: Guard,
    cancelled: Callable[[], bool],
) -> Fleet:
    """Starts all processes of a configuration, and waits until each answers its health check.

    Raises:
        HostingError: one cannot be started or does not become healthy; all others are stopped then.
    """
    fleet = Fleet(config, [], settings.stop_seconds)
    start = _VariantStart(endpoint=endpoint, region=region, settings=settings, guard=guard, cancelled=cancelled)
    try:
        for variant_settings in config["ProductionVariants"]:
            variant = _variant(variant_settings, region, settings, clients)
            fleet.variants.append(variant)  # First of all: a failure below must find what has been started.
            start.run(variant)
        for variant in fleet.variants:
            for instance in variant.instances:
                _await_health(variant.name, instance, cancelled)
    except BaseException:
        fleet.stop()
        raise
    for instance in fleet.instances:
        instance.process.move_log(instance.process.log.with_name(_final_name(instance.process.log.name)))
    return fleet


def _variant(variant: dict[str, Any], region: str, settings: Settings, clients: OwnClients) -> Variant:
    if "ServerlessConfig" in variant or "ModelName" not in variant:
        raise HostingError("The local AWS serves variants with instances and a ModelName only")
    model = unpack_model(variant["ModelName"], region=region, settings=settings, clients=clients)
    return Variant(settings=variant, model=model, instances=[])


_STARTING = ".starting.log"
"""Until the endpoint is in service the log has a name of its own: a predecessor may still write to its file."""


def _final_name(name: str) -> str:
    return f"{name.removesuffix(_STARTING)}.log"


@dataclass(frozen=True, kw_only=True)
class _VariantStart:
    """Starts the processes of a variant."""

    endpoint: str
    region: str
    settings: Settings
    guard: Guard
    cancelled: Callable[[], bool]

    def run(self, variant: Variant) -> None:
        startup = float(variant.settings.get("ContainerStartupHealthCheckTimeoutInSeconds", DEFAULT_STARTUP_SECONDS))
        check = partial(check_image, variant.model.image, self.region, self.settings)
        for number in range(1, int(variant.settings.get("InitialInstanceCount", 1)) + 1):
            if self.cancelled():
                raise HostingError(_CANCELLED)
            process = self._process(variant, number)
            variant.instances.append(Instance(process=process, startup_seconds=startup, check=check))
            process.start()

    def _process(self, variant: Variant, number: int) -> ServerProcess:
        log = self.settings.logs / self.endpoint / f"{variant.name}-{number}{_STARTING}"
        log.unlink(missing_ok=True)
        return ServerProcess(
            command=self.settings.server_command,
            folder=self.settings.root,
            environment=variant.model.environment,
            log=log,
            guard=self.guard,
        )


def _await_health(variant: str, instance: Instance, cancelled: Callable[[], bool]) -> None:
    deadline = instance.started + instance.startup_seconds
    process = instance.process
    while not process.ping():
        if cancelled():
            raise HostingError(_CANCELLED)
        if not process.alive:
            raise _unhealthy(variant, process, f"the server ended with exit code {process.exit_code}")
        if time.monotonic() > deadline:
            raise _unhealthy(variant, process, f"no healthy answer within {instance.startup_seconds:g} s")
        time.sleep(_POLL_SECONDS)
    instance.ready = True


def _unhealthy(variant: str, process: ServerProcess, what: str) -> HostingError:
    return HostingError(
        f"The primary container for production variant {variant} did not pass the ping health check: {what}. "
        f"Last log line: {process.last_log_line() or '(none)'}. Log: {process.log}"
    )
