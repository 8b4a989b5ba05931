"""SageMaker endpoints as processes: created, updated without a gap, watched, deleted."""

import logging
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.fleet import Fleet, launch
from chem_endpoints.local.guard import Guard
from chem_endpoints.local.model_folder import HostingError
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.settings import Settings

_LOGGER = logging.getLogger(__name__)
_SUPERVISION_SECONDS = 0.25
_BUSY = ("Creating", "Updating")


@dataclass(eq=False)
class HostedEndpoint:
    """An endpoint and the fleet that serves it."""

    name: str
    region: str
    config_name: str
    """The configuration that it serves; while it is created or has failed, the one that it should."""
    status: str = "Creating"
    failure_reason: str | None = None
    fleet: Fleet | None = None
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))
    deleted: bool = False

    def settle(self, status: str, reason: str | None = None) -> None:
        """Ends a creation or an update."""
        self.status, self.failure_reason, self.modified = status, reason, datetime.now(UTC)


class Hosting:
    """All endpoints of one local AWS."""

    def __init__(self, settings: Settings, clients: OwnClients) -> None:
        self._settings, self._clients = settings, clients
        self._endpoints: dict[tuple[str, str], HostedEndpoint] = {}
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._roll_outs: set[threading.Thread] = set()
        self._guard = Guard()
        threading.Thread(target=self._supervise, name="supervisor", daemon=True).start()

    def find(self, name: str, region: str) -> HostedEndpoint | None:
        """An endpoint by its name; names are compared without case, as SageMaker does."""
        return self._endpoints.get((region, name.lower()))

    def statuses(self) -> dict[str, str]:
        """Status of each endpoint, by its name."""
        return {endpoint.name: endpoint.status for endpoint in list(self._endpoints.values())}

    def create(self, name: str, region: str, config_name: str) -> HostedEndpoint:
        """Begins to create an endpoint; its status tells when it serves."""
        endpoint = HostedEndpoint(name=name, region=region, config_name=config_name)
        with self._lock:
            self._endpoints[region, name.lower()] = endpoint
        self._roll_out_in_background(endpoint, config_name)
        return endpoint

    def update(self, endpoint: HostedEndpoint, config_name: str) -> bool:
        """Begins to move an endpoint to another configuration; the old processes serve until the new ones do.

        False when something is under way already: of two updates at once only one begins.
        """
        with self._lock:
            if endpoint.deleted or endpoint.status in _BUSY:
                return False
            endpoint.settle("Updating")
        self._roll_out_in_background(endpoint, config_name)
        return True

    def delete(self, endpoint: HostedEndpoint) -> None:
        """Removes an endpoint and stops its processes; returns when they have ended."""
        with self._lock:
            endpoint.deleted = True
            self._endpoints.pop((endpoint.region, endpoint.name.lower()), None)
            fleet, endpoint.fleet = endpoint.fleet, None
        if fleet is not None:
            fleet.stop()

    def stop(self) -> None:
        """Stops all processes."""
        self._stopping.set()
        endpoints = list(self._endpoints.values())
        for endpoint in endpoints:
            for instance in endpoint.fleet.instances if endpoint.fleet else ():
                instance.process.ask_to_stop()
        for endpoint in endpoints:
            self.delete(endpoint)
        with self._lock:
            roll_outs = list(self._roll_outs)
        for roll_out in roll_outs:
            roll_out.join(2 * self._settings.stop_seconds)
        self._guard.close()

    def _roll_out_in_background(self, endpoint: HostedEndpoint, config_name: str) -> None:
        thread = threading.Thread(
            target=self._roll_out, args=(endpoint, config_name), name=f"roll-out {endpoint.name}", daemon=True
        )
        with self._lock:
            self._roll_outs = {*filter(threading.Thread.is_alive, self._roll_outs), thread}
            thread.start()

    def _roll_out(self, endpoint: HostedEndpoint, config_name: str) -> None:
        reason = None
        try:
            fleet = self._launch(endpoint, config_name)
        except (HostingError, BotoCoreError, ClientError, OSError) as error:
            reason = str(error)
        except Exception as error:
            _LOGGER.exception("Starting an endpoint failed inside the local AWS")
            reason = f"Internal failure of the local AWS: {type(error).__name__}"
        if reason is None:
            self._switch(endpoint, fleet)
        else:
            endpoint.settle("InService" if endpoint.fleet else "Failed", reason)

    def _launch(self, endpoint: HostedEndpoint, config_name: str) -> Fleet:
        config = self._clients("sagemaker", endpoint.region).describe_endpoint_config(EndpointConfigName=config_name)
        return launch(
            endpoint.name,
            config,
            region=endpoint.region,
            settings=self._settings,
            clients=self._clients,
            guard=self._guard,
            cancelled=lambda: endpoint.deleted or self._stopping.is_set(),
        )

    def _switch(self, endpoint: HostedEndpoint, fleet: Fleet) -> None:
        with self._lock:
            retired: Fleet | None = fleet
            if not endpoint.deleted:
                retired, endpoint.fleet = endpoint.fleet, fleet
                endpoint.config_name = fleet.config_name
                endpoint.settle("InService")
        if retired is not None:
            retired.stop()

    def _supervise(self) -> None:
        while not self._stopping.wait(_SUPERVISION_SECONDS):
            for endpoint in list(self._endpoints.values()):
                fleet = endpoint.fleet
                if fleet is not None:
                    self._supervise_one(endpoint, fleet)

    def _supervise_one(self, endpoint: HostedEndpoint, fleet: Fleet) -> None:
        try:
            fleet.supervise()
        except Exception:
            _LOGGER.exception("The instances of %s could not be supervised; the others are", endpoint.name)


def variant_summaries(endpoint: HostedEndpoint) -> list[dict[str, Any]]:
    """``ProductionVariants`` of DescribeEndpoint: what runs, not what was asked for."""
    if endpoint.fleet is None:
        return []
    return [
        {
            "VariantName": variant.name,
            "CurrentWeight": variant.weight,
            "DesiredWeight": variant.weight,
            "CurrentInstanceCount": len(variant.instances),
            "DesiredInstanceCount": len(variant.instances),
        }
        for variant in endpoint.fleet.variants
    ]
