"""The parts of one local AWS, put together. Importing this imports moto, which takes a second."""

from dataclasses import dataclass

from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from chem_endpoints.local.address import endpoint_url
from chem_endpoints.local.async_invocations import AsyncInvocations
from chem_endpoints.local.cfn_api import CloudFormationApi
from chem_endpoints.local.front_door import FrontDoor
from chem_endpoints.local.hosting import Hosting
from chem_endpoints.local.moto_fixes import apply_moto_fixes, create_app_without_debugger
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.runtime import Runtime
from chem_endpoints.local.sagemaker_control import SageMakerControl
from chem_endpoints.local.scaling.assembly import assemble_scaler
from chem_endpoints.local.scaling.clock import Clock
from chem_endpoints.local.scaling.control import ScalingControl
from chem_endpoints.local.scaling.moto_scaling import apply_scaling_fixes
from chem_endpoints.local.scaling.scaler import Scaler
from chem_endpoints.local.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What one local AWS is made of."""

    front_door: FrontDoor
    hosting: Hosting
    scaler: Scaler

    def start(self) -> None:
        """Begins what goes on beside requests."""
        self.scaler.start()

    def stop(self) -> None:
        """Ends it, and every server process."""
        self.scaler.stop()
        self.hosting.stop()


def assemble(settings: Settings, port: int) -> Parts:
    """Puts the parts together; nothing runs yet.

    Args:
        settings: limits and places.
        port: where the front door will listen; the parts call each other's AWS operations through it.
    """
    apply_moto_fixes()
    apply_scaling_fixes()
    clock = Clock(speed=settings.clock_speed)
    clients = OwnClients(endpoint_url(port))
    moto = DomainDispatcherApplication(create_app_without_debugger)
    hosting = Hosting(settings, clients, clock)
    runtime = Runtime(
        hosting,
        seconds=settings.invocation_seconds,
        stream_seconds=settings.stream_seconds,
        body_bytes=settings.body_bytes,
    )
    async_invocations = AsyncInvocations(runtime, clients, clock, body_bytes=settings.async_body_bytes)
    scaler = assemble_scaler(clock, runtime.traffic, hosting, async_invocations, clients, settings.folder)
    front_door = FrontDoor(
        settings=settings,
        hosting=hosting,
        runtime=runtime,
        async_invocations=async_invocations,
        cloudformation=CloudFormationApi(clients),
        control=SageMakerControl(hosting, clients, moto),
        scaling=ScalingControl(scaler),
        moto=moto,
    )
    return Parts(front_door=front_door, hosting=hosting, scaler=scaler)
