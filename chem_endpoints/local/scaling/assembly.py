"""Puts the scaler together from the parts of a local AWS."""

from pathlib import Path

from chem_endpoints.local.async_invocations import AsyncInvocations
from chem_endpoints.local.hosting import Hosting
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.scaling.clock import Clock
from chem_endpoints.local.scaling.publisher import Publisher
from chem_endpoints.local.scaling.scaler import Scaler
from chem_endpoints.local.scaling.traffic import Traffic


def assemble_scaler(
    clock: Clock,
    traffic: Traffic,
    hosting: Hosting,
    async_invocations: AsyncInvocations,
    clients: OwnClients,
    folder: Path,
) -> Scaler:
    """The scaler of a local AWS; `Scaler.start` lets it follow the clock."""
    publisher = Publisher(
        traffic=traffic,
        endpoints=hosting.endpoints,
        components=hosting.components.on,
        logs=hosting.logs,
        backlog=async_invocations.backlog,
        clients=clients,
        folder=folder,
    )
    return Scaler(clock=clock, publisher=publisher, clients=clients)
