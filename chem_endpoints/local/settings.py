"""Settings of one local AWS."""

import sys
from dataclasses import dataclass
from pathlib import Path

from chem_endpoints.local.address import DEFAULT_PORT, local_folder
from chem_endpoints.spec.image_source import LOCKS
from chem_endpoints.spec.support_matrix import SUPPORT

_REALTIME = SUPPORT["realtime"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a local AWS serves, where, and within which limits."""

    root: Path
    """The clone: its code runs behind the endpoints."""
    host: str = "localhost"
    port: int = DEFAULT_PORT
    """0 picks a free one."""
    idle_minutes: float | None = None
    """Stops after that long without a request; None: never."""
    server_command: tuple[str, ...] = (sys.executable, "-m", "container.server")
    """What SageMaker would start in the container."""
    images: tuple[str, ...] = tuple(LOCKS)
    clock_speed: float = 1.0
    """Seconds per real second that metrics, alarms, policies and queues see; 0: only a request moves their clock."""
    invocation_seconds: float = _REALTIME.response_seconds.value
    """Time that a synchronous invocation may take."""
    stream_seconds: float = 480.0
    """Time that a streamed answer may take to its end (SageMaker developer guide: Model hosting FAQs)."""
    body_bytes: int = _REALTIME.request_bytes.value
    """Size that a synchronous request may have."""
    async_body_bytes: int = SUPPORT["async"].request_bytes.value
    """Size that the S3 object of an asynchronous request may have."""
    stop_seconds: float = 30.0
    """Time between SIGTERM and SIGKILL (SageMaker developer guide)."""
    health_check_seconds: float = 5.0
    """Time between two health checks of a server in service (SageMaker's is not documented)."""
    serverless_idle_seconds: float = 300.0
    """A server of a serverless endpoint stops when it was idle for longer than that, unless it is provisioned."""
    serverless_processes: int | None = 2
    """Servers of a serverless endpoint at most; requests beyond share them, where AWS starts one for each.

    None: as many as its MaxConcurrency, as AWS does, on one machine.
    """
    capture_seconds: float = 5.0
    """Time between two rounds of writing data capture files (SageMaker's is not documented: some minutes)."""
    keep: bool = False
    """Whether its state outlives it."""
    keep_seconds: float = 60.0
    """Real time between two savings of the state; it is saved at the end, too."""
    silent_rollbacks: bool = True
    """An endpoint that alarms rolled back is in service without any FailureReason, so CloudFormation sees a success.

    What AWS does is not verified; this is the case that somebody has to notice. False: CloudFormation fails.
    """

    @property
    def folder(self) -> Path:
        """Where state, logs and unpacked models lie."""
        return local_folder(self.root)

    @property
    def logs(self) -> Path:
        """``logs/ENDPOINT/VARIANT-N.log`` hold what the server processes print."""
        return self.folder / "logs"

    @property
    def models(self) -> Path:
        """Where bundles are unpacked while their endpoints run."""
        return self.folder / "models"
