"""One transform job: what was asked for, and what became of it."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self

from chem_endpoints.local.server_pool import ServerPool
from chem_endpoints.local.transform_request import TransformRequest

Status = Literal["InProgress", "Completed", "Failed", "Stopping", "Stopped"]
_REASON_LENGTH = 1024
_LOST = "InternalServerError: The local AWS ended while the job was running"


@dataclass(eq=False, kw_only=True)
class TransformJob:
    """A job and its state."""

    request: TransformRequest
    parameters: dict[str, Any]
    """As CreateTransformJob got them."""
    status: Status = "InProgress"
    failure_reason: str | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: datetime | None = None
    """When its servers were ready."""
    ended: datetime | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when it is to end."""
    pool: ServerPool | None = None
    """Its servers, once there are some."""

    @property
    def changed(self) -> datetime:
        """When its status changed last."""
        return self.ended or self.started or self.created

    def settle(self, status: Status, reason: str | None = None) -> None:
        """Takes its final status."""
        self.ended = datetime.now(UTC)
        self.failure_reason = reason[:_REASON_LENGTH] if reason is not None else None
        self.status = status


@dataclass(frozen=True, kw_only=True)
class KeptJob:
    """What of a job outlives the process."""

    parameters: dict[str, Any]
    region: str
    status: Status
    failure_reason: str | None
    created: datetime
    started: datetime | None
    ended: datetime | None

    @classmethod
    def of(cls, job: TransformJob) -> Self:
        """A job as it is now."""
        return cls(
            parameters=job.parameters,
            region=job.request.region,
            status=job.status,
            failure_reason=job.failure_reason,
            created=job.created,
            started=job.started,
            ended=job.ended,
        )

    def job(self) -> TransformJob:
        """The job again; one that had not ended has failed."""
        job = TransformJob(
            request=TransformRequest.read(self.parameters, self.region),
            parameters=self.parameters,
            status=self.status,
            failure_reason=self.failure_reason,
            created=self.created,
            started=self.started,
            ended=self.ended,
        )
        if self.ended is None:
            job.settle("Failed", _LOST)
        return job
