"""The services, and parts of services, that are ours and not moto's: put together for one local AWS."""

from collections.abc import Mapping
from dataclasses import dataclass

from chem_endpoints.local.custom_resources import DESK
from chem_endpoints.local.event_rules import EventRules
from chem_endpoints.local.front_door import OwnRequests
from chem_endpoints.local.image_builds import ImageBuilds
from chem_endpoints.local.kept_state import KeptPart
from chem_endpoints.local.lambda_api import LambdaApi
from chem_endpoints.local.lambda_functions import LambdaFunctions
from chem_endpoints.local.networks import Networks
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.provider_framework import WAITERS
from chem_endpoints.local.settings import Settings
from chem_endpoints.local.wsgi import App


@dataclass(frozen=True, kw_only=True)
class BesideMoto:
    """Lambda's functions, EventBridge's rules, CodeBuild, EC2's networks, custom resources."""

    functions: LambdaFunctions
    doors: tuple[OwnRequests, ...]
    """What answers their requests."""
    stateful: Mapping[str, KeptPart]
    """What a kept state holds of them."""


def assemble_beside_moto(settings: Settings, clients: OwnClients, moto: App) -> BesideMoto:
    """Puts the parts together; nothing runs yet."""
    functions = LambdaFunctions(clients, settings.folder / "functions")
    events = EventRules(functions, moto)
    builds, networks = ImageBuilds(settings.root, clients, events), Networks(clients)
    return BesideMoto(
        functions=functions,
        doors=(LambdaApi(functions, moto), events, builds.service, networks, DESK),
        stateful={"image builds": builds, "networks": networks, "waiters of providers": WAITERS},
    )
