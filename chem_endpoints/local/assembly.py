"""The parts of one local AWS, put together. Importing this imports moto, which takes a second."""

from dataclasses import dataclass

from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from chem_endpoints.local.address import endpoint_url
from chem_endpoints.local.async_invocations import AsyncInvocations
from chem_endpoints.local.beside_moto import assemble_beside_moto
from chem_endpoints.local.cfn_api import CloudFormationApi
from chem_endpoints.local.console.door import ConsoleDoor
from chem_endpoints.local.console.history import History
from chem_endpoints.local.console.state import ConsoleState
from chem_endpoints.local.data_capture import DataCapture
from chem_endpoints.local.faults.live import LiveFaults
from chem_endpoints.local.faults.live_control import FaultControl
from chem_endpoints.local.front_door import FrontDoor
from chem_endpoints.local.hosting import Hosting
from chem_endpoints.local.kept_moto import MotoBackends
from chem_endpoints.local.kept_state import KeptPart, KeptState
from chem_endpoints.local.lambda_functions import LambdaFunctions
from chem_endpoints.local.moto_fixes import apply_moto_fixes, create_app_without_debugger
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.playground_door import PlaygroundDoor
from chem_endpoints.local.runtime import Runtime
from chem_endpoints.local.sagemaker_control import SageMakerControl
from chem_endpoints.local.scaling.assembly import assemble_scaler
from chem_endpoints.local.scaling.clock import Clock
from chem_endpoints.local.scaling.control import ScalingControl
from chem_endpoints.local.scaling.moto_scaling import apply_scaling_fixes
from chem_endpoints.local.scaling.scaler import Scaler
from chem_endpoints.local.settings import Settings
from chem_endpoints.local.transform_control import TransformControl
from chem_endpoints.local.transform_jobs import TransformJobs


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What one local AWS is made of."""

    front_door: FrontDoor
    cloudformation: CloudFormationApi
    hosting: Hosting
    capture: DataCapture
    scaler: Scaler
    async_invocations: AsyncInvocations
    history: History
    functions: LambdaFunctions
    transforms: TransformJobs
    kept: KeptState | None

    def restore(self) -> None:
        """Takes what was kept, before the first request.

        Raises:
            KeptStateError: it cannot be read.
        """
        if self.kept is not None:
            self.kept.restore()

    def start(self) -> None:
        """Begins what goes on beside requests."""
        self.hosting.logs.start()
        self.capture.start()
        self.scaler.start()
        self.history.start()
        if self.kept is not None:
            self.kept.start()

    def stop(self) -> None:
        """Ends it, and every server process."""
        if self.kept is not None:
            self.front_door.close()
            self.kept.stop()
        self.functions.stop()
        self.transforms.stop()
        self.cloudformation.stop()
        self.history.stop()
        self.scaler.stop()
        self.async_invocations.stop()
        state = self.kept.snapshot() if self.kept is not None else {}  # While the endpoints are there.
        self.hosting.logs.stop()
        self.hosting.stop()
        self.capture.stop()
        if self.kept is not None:
            self.kept.save(lambda: state)


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
    capture = DataCapture(hosting.find, clients, seconds=settings.capture_seconds)
    hosting.on_change.append(capture.changed)
    runtime = Runtime(
        hosting,
        seconds=settings.invocation_seconds,
        stream_seconds=settings.stream_seconds,
        body_bytes=settings.body_bytes,
        observers=(capture,),
    )
    beside_moto = assemble_beside_moto(settings, clients, moto)
    faults = LiveFaults()
    async_invocations = AsyncInvocations(
        runtime, clients, clock, body_bytes=settings.async_body_bytes, before_work=faults.strike_work
    )
    scaler = assemble_scaler(clock, runtime.traffic, hosting, async_invocations, clients, settings.folder)
    cloudformation = CloudFormationApi(clients)
    transforms = TransformJobs(hosting, clients, settings.logs, stop_seconds=settings.stop_seconds)
    control = SageMakerControl(hosting, clients, moto, TransformControl(transforms, clients, moto).operations)
    console = ConsoleState(
        settings=settings,
        hosting=hosting,
        scaler=scaler,
        async_invocations=async_invocations,
        traffic=runtime.traffic,
        cloudformation=cloudformation,
        faults=faults,
    )
    playground = PlaygroundDoor(runtime, seconds=settings.invocation_seconds)
    stateful: dict[str, KeptPart] = {
        "moto": MotoBackends(),
        "clock": clock,
        **control.records,
        **beside_moto.stateful,
        "stacks": cloudformation,
        "scaler": scaler,
        "asynchronous invocations": async_invocations,
        "transform jobs": transforms,
        "hosting": hosting,  # The last: it begins to start processes.
    }
    front_door = FrontDoor(
        settings=settings,
        hosting=hosting,
        runtime=runtime,
        async_invocations=async_invocations,
        cloudformation=cloudformation,
        control=control,
        scaling=ScalingControl(scaler),
        moto=moto,
        faults=faults,
        own_requests=[ConsoleDoor(console), playground, FaultControl(faults, hosting), *beside_moto.doors],
        others_busy=lambda: transforms.busy,
    )
    return Parts(
        front_door=front_door,
        cloudformation=cloudformation,
        hosting=hosting,
        capture=capture,
        scaler=scaler,
        async_invocations=async_invocations,
        history=console.history,
        functions=beside_moto.functions,
        transforms=transforms,
        kept=KeptState(settings.folder, stateful, seconds=settings.keep_seconds) if settings.keep else None,
    )
