"""SageMaker endpoints as processes: created, updated without a gap, scaled, watched, deleted."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.background import Background
from chem_endpoints.local.components import Components
from chem_endpoints.local.deployment_plan import AT_ONCE, Plan
from chem_endpoints.local.fleet import Fleet, FleetLaunch
from chem_endpoints.local.guard import Guard
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.kept_endpoints import KeptComponent, KeptEndpoint, KeptHosting
from chem_endpoints.local.log_shipper import LogShipper
from chem_endpoints.local.model_folder import HostingError
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.roll_out import RolledBackError, Watch, shift
from chem_endpoints.local.scaling.clock import Clock
from chem_endpoints.local.settings import Settings
from chem_endpoints.local.variant import ServerlessVariant, Variant

_LOGGER = logging.getLogger(__name__)
_SUPERVISION_SECONDS = 0.25
_QUICK_SECONDS = 2.0
"""A deletion that is done within that is answered when it is done."""
_MARGIN_SECONDS = 5.0
"""Time beyond SIGKILL for what comes with a process's end."""
_BUSY = ("Creating", "Updating", "RollingBack")
_INTERNAL = "Internal failure of the local AWS"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What UpdateEndpoint, or CreateEndpoint, asks for."""

    config: dict[str, Any]
    """The answer of DescribeEndpointConfig, with what is retained of the variants as they are."""
    plan: Plan = AT_ONCE
    deployment: dict[str, Any] | None = None
    """DeploymentConfig, as it was given."""


class Hosting:
    """All endpoints of one local AWS."""

    def __init__(self, settings: Settings, clients: OwnClients, clock: Clock | None = None) -> None:
        self._settings, self._clients = settings, clients
        self._clock = clock or Clock()
        self._endpoints: dict[tuple[str, str], HostedEndpoint] = {}
        self._lock = threading.RLock()
        self._background = Background()
        self._guard = Guard()
        self.logs = LogShipper(clients)
        """What the containers print."""
        self.on_change: list[Callable[[HostedEndpoint], None]] = []
        """Called when an endpoint was deleted, or serves another configuration, once the former processes ended."""
        self.components = Components(self._background, self._launch_for, self._watch_for, self._rollback_reason)
        threading.Thread(target=self._supervise, name="supervisor", daemon=True).start()

    def find(self, name: str, region: str) -> HostedEndpoint | None:
        """An endpoint by its name; names are compared without case, as SageMaker does."""
        return self._endpoints.get((region, name.lower()))

    def endpoints(self) -> list[HostedEndpoint]:
        """All of them."""
        return list(self._endpoints.values())

    def statuses(self) -> dict[str, str]:
        """Status of each endpoint, by its name."""
        return {endpoint.name: endpoint.status for endpoint in list(self._endpoints.values())}

    def create(self, name: str, region: str, change: Change) -> HostedEndpoint:
        """Begins to create an endpoint; its status tells when it serves."""
        endpoint = HostedEndpoint(name=name, region=region, config_name=change.config["EndpointConfigName"])
        endpoint.asked = change.config
        with self._lock:
            self._endpoints[region, name.lower()] = endpoint
        self._begin(endpoint, partial(self._roll_out, endpoint, change))
        return endpoint

    def snapshot(self) -> KeptHosting:
        """What is kept: what endpoints and components were asked to be, not their processes."""
        return KeptHosting(
            endpoints=tuple(KeptEndpoint.of(endpoint) for endpoint in self.endpoints()),
            components=tuple(KeptComponent.of(component) for component in self.components.all()),
        )

    def restore(self, kept: KeptHosting) -> None:
        """Begins to start the processes of endpoints and components that another local AWS had."""
        for former in kept.endpoints:
            endpoint = former.endpoint()
            self._endpoints[endpoint.region, endpoint.name.lower()] = endpoint
            if former.config is not None:
                change = Change(config=former.config, deployment=former.deployment)
                self._begin(endpoint, partial(self._roll_out, endpoint, change))
        for each in kept.components:
            on = self.find(each.endpoint, each.region)
            if on is not None:
                self.components.restore(each.component(on))

    def update(self, endpoint: HostedEndpoint, change: Change) -> bool:
        """Begins to move an endpoint to another configuration; the old processes serve until the new ones do.

        False when something is under way already: of two updates at once only one begins.
        """
        return self._begin_if_idle(endpoint, partial(self._roll_out, endpoint, change))

    def scale(self, endpoint: HostedEndpoint, changes: Sequence[tuple[Variant, dict[str, Any]]]) -> bool:
        """Begins to change weights and sizes of variants; False as `update`."""
        return self._begin_if_idle(endpoint, partial(self._scale, endpoint, changes))

    def _begin_if_idle(self, endpoint: HostedEndpoint, work: Callable[[], None]) -> bool:
        with self._lock:
            if endpoint.deleted or endpoint.status in _BUSY:
                return False
            endpoint.settle("Updating")
        self._begin(endpoint, work)
        return True

    def _begin(self, endpoint: HostedEndpoint, work: Callable[[], None]) -> None:
        self._background.begin(f"change of {endpoint.name}", work)

    def delete(self, endpoint: HostedEndpoint, forget: Callable[[], object]) -> None:
        """Begins to delete an endpoint; it is gone once its processes have ended, which is mostly before this returns.

        Args:
            endpoint: which one. It is ``Deleting`` until it is gone, and takes no requests.
            forget: called when its processes have ended, while its name is still taken.
        """
        with self._lock:
            if endpoint.deleted:
                return
            fleet = endpoint.begin_deletion()
        work = partial(self._finish_deletion, endpoint, fleet, forget)
        self._background.begin(f"deletion of {endpoint.name}", work).join(_QUICK_SECONDS)

    def _finish_deletion(self, endpoint: HostedEndpoint, fleet: Fleet | None, forget: Callable[[], object]) -> None:
        try:
            if fleet is not None:
                fleet.stop()
            self._tell(endpoint)
            forget()
        finally:
            with self._lock:
                self._endpoints.pop((endpoint.region, endpoint.name.lower()), None)

    def _tell(self, endpoint: HostedEndpoint) -> None:
        for tell in self.on_change:
            tell(endpoint)

    def stop(self) -> None:
        """Stops all processes at once."""
        self._background.stopping.set()
        for endpoint in self.endpoints():
            with self._lock:
                fleets = endpoint.fleets()
                endpoint.begin_deletion()
            for fleet in fleets:
                fleet.ask_to_stop()
                self._background.begin(f"end of {endpoint.name}", fleet.stop)
        self.components.begin_stop()
        self._background.end(self._settings.stop_seconds + _MARGIN_SECONDS)
        self._guard.close()

    def _cancelled(self, endpoint: HostedEndpoint) -> bool:
        return endpoint.deleted or self._background.stopping.is_set()

    def launch(self, name: str, region: str, cancelled: Callable[[], bool]) -> FleetLaunch:
        """Starts server processes in the name of an endpoint, or of a job."""
        return FleetLaunch(
            endpoint=name,
            region=region,
            settings=self._settings,
            clients=self._clients,
            guard=self._guard,
            logs=self.logs,
            cancelled=cancelled,
            ending=self._background.stopping,
        )

    def _launch_for(self, endpoint: HostedEndpoint) -> FleetLaunch:
        return self.launch(endpoint.name, endpoint.region, partial(self._cancelled, endpoint))

    def _watch_for(self, endpoint: HostedEndpoint, plan: Plan) -> Watch:
        return Watch(
            plan=plan,
            region=endpoint.region,
            clients=self._clients,
            clock=self._clock,
            cancelled=partial(self._cancelled, endpoint),
            started=self._clock.seconds(),
        )

    def _rollback_reason(self, error: RolledBackError) -> str | None:
        """What DescribeEndpoint tells of a rollback."""
        return None if self._settings.silent_rollbacks else str(error)

    def _roll_out(self, endpoint: HostedEndpoint, change: Change) -> None:
        endpoint.deployment = change.deployment
        fleet: Fleet | None = None
        reason: str | None = None
        try:
            watch = self._watch_for(endpoint, change.plan)
            fleet = self._launch_for(endpoint).run(change.config, _first_batch(change))
            shift(endpoint, fleet, watch)
        except RolledBackError as error:
            _LOGGER.warning("The update of %s was rolled back: %s", endpoint.name, error)
            reason = self._rollback_reason(error)
        except (HostingError, BotoCoreError, ClientError, OSError) as error:
            reason = str(error)
        except Exception as error:
            _LOGGER.exception("Starting an endpoint failed inside the local AWS")
            reason = f"{_INTERNAL}: {type(error).__name__}"
        else:
            self._switch(endpoint, fleet)
            return
        if fleet is not None:
            fleet.stop()
        endpoint.settle("InService" if endpoint.fleet else "Failed", reason)

    def _switch(self, endpoint: HostedEndpoint, fleet: Fleet) -> None:
        """Puts the new fleet in the old one's place, and ends the old one."""
        retired: Fleet | None = fleet
        with self._lock:
            endpoint.incoming, endpoint.share = None, 0.0
            if not endpoint.deleted:
                retired, endpoint.fleet = endpoint.fleet, fleet
                endpoint.config_name = fleet.config_name
                fleet.settle_logs()
                endpoint.settle("InService")
        if retired is not None:
            retired.stop()
        self._tell(endpoint)

    def _scale(self, endpoint: HostedEndpoint, changes: Sequence[tuple[Variant, dict[str, Any]]]) -> None:
        reason = None
        for variant, change in changes:
            before = variant.desired
            try:
                self._resize(endpoint, variant, change)
            except (HostingError, OSError) as error:
                variant.desired, reason = before, str(error)
            except Exception as error:
                _LOGGER.exception("Scaling an endpoint failed inside the local AWS")
                variant.desired, reason = before, f"{_INTERNAL}: {type(error).__name__}"
            else:
                variant.weight = float(change.get("DesiredWeight", variant.weight))
        endpoint.settle("InService", reason)

    def _resize(self, endpoint: HostedEndpoint, variant: Variant, change: dict[str, Any]) -> None:
        if isinstance(variant, ServerlessVariant):
            variant.provision(change.get("ServerlessUpdateConfig") or {})
        elif "DesiredInstanceCount" in change:
            variant.desired = int(change["DesiredInstanceCount"])
            variant.resize(variant.desired, partial(self._cancelled, endpoint))

    def _supervise(self) -> None:
        while not self._background.stopping.wait(_SUPERVISION_SECONDS):
            for endpoint in list(self._endpoints.values()):
                for fleet in endpoint.fleets():
                    self._supervise_one(endpoint.name, fleet.supervise)
            self._supervise_one("the inference components", self.components.supervise)

    def _supervise_one(self, name: str, supervise: Callable[[], None]) -> None:
        try:
            supervise()
        except Exception:
            _LOGGER.exception("The instances of %s could not be supervised; the others are", name)


def _first_batch(change: Change) -> dict[str, int] | None:
    """A rolling update starts with the first batch only."""
    if not change.plan.batches:
        return None
    return {change.config["ProductionVariants"][0]["VariantName"]: change.plan.batches[0]}
