"""Sections of a declaration that belong to ``serving.kind: realtime``."""

from typing import Literal

from pydantic import Field

from chem_endpoints.spec.capture import Capture
from chem_endpoints.spec.container_serving import InstanceServing
from chem_endpoints.spec.deadline import request_seconds
from chem_endpoints.spec.deployment import MIN_INSTANCES_TO_SPLIT, Deployment
from chem_endpoints.spec.instance_scaling import InstanceScaling
from chem_endpoints.spec.monitor import DataQualityMonitor
from chem_endpoints.spec.strict_model import StrictModel
from chem_endpoints.spec.support_matrix import SUPPORT
from chem_endpoints.spec.variants import Shadow, Variant, Variants


class RealtimeServing(InstanceServing):
    """Answers within one HTTP call of at most 60 s, from instances that always run."""

    kind: Literal["realtime"]
    """``realtime``."""
    initial_instances: int | None = Field(default=None, ge=1)
    """Instances at the first deployment; default: the smallest number that `scaling` and `deployment` allow,
    otherwise 1."""
    weight: float = Field(default=1.0, ge=0, le=1000)
    """Share of the traffic of the main variant relative to `variants`; default 1."""
    scaling: InstanceScaling | None = None
    """Default: none, the number of instances is fixed at `initial_instances`."""
    capture: Capture | None = None
    """Default: none, nothing is captured."""
    monitor: DataQualityMonitor | None = None
    """Default: none, captured data are not compared with a baseline."""
    variants: Variants = ()
    """Further production variants; default: none, all traffic goes to `model`."""
    shadow: Shadow | None = None
    """A variant that gets a copy of the requests; default: none."""
    deployment: Deployment | None = None
    """How an update replaces the instances; default: all at once, without watching alarms."""

    @property
    def first_instances(self) -> int:
        """``InitialInstanceCount`` of the main variant."""
        return self._first(self.initial_instances, self.scaling)

    def first_instances_of(self, variant: Variant | Shadow) -> int:
        """``InitialInstanceCount`` of another variant."""
        return self._first(variant.initial_instances, variant.scaling if isinstance(variant, Variant) else None)

    def _first(self, declared: int | None, scaling: InstanceScaling | None) -> int:
        split = MIN_INSTANCES_TO_SPLIT if self.deployment and self.deployment.splits else 1
        return declared or max(scaling.min if scaling else 1, split)


class RealtimeClient(StrictModel):
    """How our client cuts and sends a frame."""

    rows_per_chunk: int | None = Field(default=None, ge=1, le=1_000_000)
    """Rows per request at most; default: as many as the client finds the model to answer in 20 seconds."""
    max_in_flight: int = Field(default=4, ge=1, le=1000)
    """Requests under way at a time; default 4."""
    invocation_timeout_s: int = Field(default=60, ge=2, le=SUPPORT["realtime"].response_seconds.value)
    """Seconds that one request may take; default and maximum 60."""

    @property
    def request_seconds(self) -> int:
        """The server's deadline for one request: 50 s where the timeout is the maximum."""
        return request_seconds(self.invocation_timeout_s, way_back=10)


class RequestAlarms(StrictModel):
    """Thresholds of the alarms that every kind has which answers within one HTTP call."""

    error_percent: float = Field(default=1.0, gt=0, lt=100)
    """Share of requests answered with a 5xx status over 5 minutes, in percent; less than 100, default 1."""
    p99_latency_ms: int = Field(default=10_000, ge=1, le=1000 * SUPPORT["realtime"].response_seconds.value)
    """99th percentile of the container's time to answer, in milliseconds, over 5 minutes; default 10 000, at most
    60 000, when AWS gives up."""


class RealtimeAlarms(RequestAlarms):
    """Thresholds of the alarms."""

    disk_percent: int = Field(default=75, ge=1, lt=100)
    """Disk use of an instance, in percent; less than 100, default 75 (AWS advises to stay below: data capture
    stops on a full disk)."""
