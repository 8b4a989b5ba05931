"""The server processes that stand behind one endpoint configuration."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from chem_endpoints.local.capture_files import CaptureSettings
from chem_endpoints.local.container_logs import endpoint_log_group
from chem_endpoints.local.guard import Guard
from chem_endpoints.local.instance import CANCELLED, Instance
from chem_endpoints.local.log_shipper import LogShipper
from chem_endpoints.local.model_folder import HostingError, unpack_model
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.server_pool import DEFAULT_STARTUP_SECONDS, NoInstanceError, ServerPool, ServerStart
from chem_endpoints.local.serverless_pool import ServerlessPool
from chem_endpoints.local.settings import Settings
from chem_endpoints.local.shares import Share, WeightedTurns
from chem_endpoints.local.variant import SERVERLESS_STARTUP_SECONDS, ServerlessVariant, Variant


class UnknownVariantError(Exception):
    """The endpoint has no variant of this name."""


class Fleet:
    """All processes of one endpoint configuration."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.capture = CaptureSettings.of(config)
        """What is captured of its requests; None: nothing."""
        self.variants: list[Variant] = []
        """The production variants."""
        self.shadows: list[Variant] = []
        self._turns, self._copied = WeightedTurns(), Share()

    @property
    def config_name(self) -> str:
        """Name of the endpoint configuration."""
        return str(self.config["EndpointConfigName"])

    @property
    def async_config(self) -> dict[str, Any] | None:
        """AsyncInferenceConfig, when the endpoint is asynchronous."""
        return self.config.get("AsyncInferenceConfig")

    @property
    def takes_components(self) -> bool:
        """Whether inference components serve here, instead of the variants themselves."""
        return has_components(self.config)

    @property
    def is_serverless(self) -> bool:
        """Whether it has no instances."""
        return is_serverless(self.config)

    @property
    def all_variants(self) -> list[Variant]:
        """Production variants, then the shadow."""
        return [*self.variants, *self.shadows]

    @property
    def instances(self) -> list[Instance]:
        """The instances of all production variants."""
        return [instance for variant in self.variants for instance in variant.instances]

    def variant(self, name: str) -> Variant:
        """The variant of this name.

        Raises:
            UnknownVariantError: there is none.
        """
        for variant in self.all_variants:
            if variant.name == name:
                return variant
        raise UnknownVariantError(f"Variant {name} does not exist")

    @contextmanager
    def routed(self, variant_name: str | None, port: int | None = None) -> Iterator[tuple[str, int]]:
        """Variant and port for one request: of the named variant, or of the one whose turn it is by weight.

        With ``port``: of the one server that listens there.

        Raises:
            NoInstanceError: no server can take it.
            UnknownVariantError: the endpoint has no such variant.
            ThrottledError, ColdStartError: as `Variant.routed` says.
        """
        variant = self._choose(variant_name)
        with variant.routed() if port is None or variant.pool is None else variant.pool.routed(port) as chosen:
            yield variant.name, chosen

    def _choose(self, name: str | None) -> Variant:
        by_name = {variant.name: variant for variant in self.variants}
        if name is not None:
            if name not in by_name:
                raise UnknownVariantError(f"Variant {name} does not exist")
            return by_name[name]
        chosen = self._turns.next({variant.name: variant.weight for variant in self.variants})
        if chosen is None:
            raise NoInstanceError("All variants have the weight 0")
        return by_name[chosen]

    def next_shadow(self) -> Variant | None:
        """The shadow variant, when it gets a copy of the next request: its weight is a share of the other's."""
        if not self.shadows:
            return None
        shadow, production = self.shadows[0], self.variants[0].weight
        share = min(1.0, shadow.weight / production) if production > 0 else 0.0
        return shadow if self._copied.next(share) else None

    def settle_logs(self) -> None:
        """Gives the logs their final names."""
        for variant in self.all_variants:
            if variant.pool is not None:
                variant.pool.settle_logs()

    def supervise(self) -> None:
        """Restarts what died, unless the fleet was stopped."""
        for variant in self.all_variants:
            variant.supervise()

    def ask_to_stop(self) -> None:
        """SIGTERM to all processes, without waiting."""
        for variant in self.all_variants:
            if variant.pool is not None:
                variant.pool.ask_to_stop()

    def stop(self) -> None:
        """Stops all processes, those of all variants at once."""
        if variants := self.all_variants:
            with ThreadPoolExecutor(len(variants), thread_name_prefix="end of variant") as ends:
                list(ends.map(Variant.stop, variants))


def has_components(config: Mapping[str, Any]) -> bool:
    """Whether a configuration leaves the serving to inference components."""
    return any("ModelName" not in variant for variant in config["ProductionVariants"])


def is_serverless(config: Mapping[str, Any]) -> bool:
    """Whether a configuration has no instances."""
    return any("ServerlessConfig" in variant for variant in config["ProductionVariants"])


@dataclass(frozen=True, kw_only=True)
class FleetLaunch:
    """Starts the processes of configurations of one endpoint."""

    endpoint: str
    region: str
    settings: Settings
    clients: OwnClients
    guard: Guard
    logs: LogShipper
    cancelled: Callable[[], bool]
    ending: threading.Event
    """Set when the local AWS ends."""

    def run(self, config: dict[str, Any], counts: Mapping[str, int] | None = None) -> Fleet:
        """Starts all processes of a configuration, and waits until each answers its health check.

        Args:
            config: the answer of DescribeEndpointConfig.
            counts: instances to begin with, by variant; default: what the configuration says.

        Raises:
            HostingError: one cannot be started or does not become healthy; all others are stopped then.
        """
        fleet = Fleet(config)
        try:
            self._begin(fleet, config["ProductionVariants"], fleet.variants, counts or {})
            self._begin(fleet, config.get("ShadowProductionVariants") or [], fleet.shadows, {})
            for variant in fleet.all_variants:
                variant.await_begun(self.cancelled)
        except BaseException:
            fleet.stop()
            raise
        return fleet

    def _begin(
        self, fleet: Fleet, settings: list[dict[str, Any]], variants: list[Variant], counts: Mapping[str, int]
    ) -> None:
        for variant_settings in settings:
            if self.cancelled():
                raise HostingError(CANCELLED)
            variant = self._variant(variant_settings)
            variants.append(variant)  # First of all: a failure below must find what has been started.
            variant.begin(counts.get(variant.name, variant.desired))

    def _variant(self, settings: dict[str, Any]) -> Variant:
        if "ModelName" not in settings:
            return Variant(settings)
        serverless = "ServerlessConfig" in settings
        startup = SERVERLESS_STARTUP_SECONDS if serverless else DEFAULT_STARTUP_SECONDS
        pool = self.pool(
            name=settings["VariantName"],
            owner=f"production variant {settings['VariantName']}",
            model_name=settings["ModelName"],
            startup_seconds=float(settings.get("ContainerStartupHealthCheckTimeoutInSeconds", startup)),
            download_seconds=settings.get("ModelDataDownloadTimeoutInSeconds"),
        )
        if serverless:
            return ServerlessVariant(
                settings,
                ServerlessPool(pool.start),
                idle_seconds=self.settings.serverless_idle_seconds,
                processes=self.settings.serverless_processes,
            )
        return Variant(settings, pool)

    def pool(
        self,
        *,
        name: str,
        owner: str,
        model_name: str,
        startup_seconds: float,
        download_seconds: float | None = None,
        log_group: str | None = None,
        log_variant: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> ServerPool:
        """An empty pool for a Model.

        Args:
            name: of the variant or component, for log files and messages.
            owner: the same as SageMaker's messages call it.
            model_name: the Model.
            startup_seconds: time until the first health check succeeds.
            download_seconds: time for the Model's artifact to be there and unpacked; None: no limit.
            log_group: where its output goes; default: the endpoint's log group.
            log_variant: what its log streams are named after; default: ``name``.
            environment: variables beside the Model's; they win over those of the same name.

        Raises:
            HostingError: the Model cannot be served.
        """
        model = unpack_model(
            model_name, region=self.region, settings=self.settings, clients=self.clients, seconds=download_seconds
        )
        model = replace(model, environment={**model.environment, **(environment or {})})
        start = ServerStart(
            endpoint=self.endpoint,
            name=name,
            owner=owner,
            model=model,
            startup_seconds=startup_seconds,
            region=self.region,
            settings=self.settings,
            guard=self.guard,
            logs=self.logs,
            log_group=log_group or endpoint_log_group(self.endpoint),
            log_variant=log_variant or name,
            ending=self.ending,
        )
        return ServerPool(start)
