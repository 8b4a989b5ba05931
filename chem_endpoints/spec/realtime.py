"""Sections of a declaration that belong to ``serving.kind: realtime``."""

from typing import Literal

from pydantic import Field

from chem_endpoints.spec.deadline import request_seconds
from chem_endpoints.spec.instance_types import InstanceType
from chem_endpoints.spec.retention import RetentionDays
from chem_endpoints.spec.strict_model import StrictModel
from chem_endpoints.spec.support_matrix import SUPPORT


class InvocationScaling(StrictModel):
    """Instances follow the traffic: target tracking on invocations per instance and minute.

    Source: "Automatic scaling of models", SageMaker developer guide.
    """

    min: int = Field(default=1, ge=0)
    """Fewest instances; at least 1, default 1."""
    max: int = Field(ge=1)
    """Most instances; at least `min`."""
    invocations_per_instance: int = Field(ge=1)
    """Invocations per instance and minute that scaling aims at."""


class Capture(StrictModel):
    """Requests and answers are copied to S3 (they hold structures: mind who may read the bucket).

    Source: "Capture data from real-time endpoint", SageMaker developer guide.
    """

    percent: int = Field(default=100, ge=1, le=100)
    """Share of the requests that is captured, in percent; default 100."""
    retain_days: RetentionDays = 90
    """Days after which a captured object expires; default 90."""


class RealtimeServing(StrictModel):
    """Answers within one HTTP call of at most 60 s, from instances that always run."""

    kind: Literal["realtime"]
    """``realtime``."""
    instance_type: InstanceType
    """SageMaker instance type, for example ml.c7i.large."""
    initial_instances: int | None = Field(default=None, ge=1)
    """Instances at the first deployment; default: the smallest number that `scaling` allows, otherwise 1."""
    workers: int | None = Field(default=None, ge=1, le=1000)
    """Worker processes per instance; default: one per core."""
    scaling: InvocationScaling | None = None
    """Default: none, the number of instances is fixed at `initial_instances`."""
    capture: Capture | None = None
    """Default: none, nothing is captured."""

    @property
    def first_instances(self) -> int:
        """``InitialInstanceCount`` of the endpoint configuration."""
        return self.initial_instances or (self.scaling.min if self.scaling else 1)


class RealtimeClient(StrictModel):
    """How our client cuts and sends a frame."""

    rows_per_chunk: int = Field(default=1000, ge=1, le=1_000_000)
    """Rows per request; default 1000."""
    max_in_flight: int = Field(default=4, ge=1, le=1000)
    """Requests under way at a time; default 4."""
    invocation_timeout_s: int = Field(default=60, ge=2, le=SUPPORT["realtime"].response_seconds.value)
    """Seconds that one request may take; default and maximum 60."""

    @property
    def request_seconds(self) -> int:
        """The server's deadline for one request: 50 s where the timeout is the maximum."""
        return request_seconds(self.invocation_timeout_s, way_back=10)


class RealtimeAlarms(StrictModel):
    """Thresholds of the alarms."""

    error_percent: float = Field(default=1.0, gt=0, lt=100)
    """Share of requests answered with a 5xx status over 5 minutes, in percent; less than 100, default 1."""
    p99_latency_ms: int = Field(default=10_000, ge=1, le=1000 * SUPPORT["realtime"].response_seconds.value)
    """99th percentile of the container's time to answer, in milliseconds, over 5 minutes; default 10 000, at most
    60 000, when AWS gives up."""
    disk_percent: int = Field(default=75, ge=1, lt=100)
    """Disk use of an instance, in percent; less than 100, default 75 (AWS advises to stay below: data capture
    stops on a full disk)."""
