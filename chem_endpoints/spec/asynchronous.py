"""Sections of a declaration that belong to ``serving.kind: async``."""

from typing import Literal

from pydantic import Field

from chem_endpoints.spec.container_serving import InstanceServing
from chem_endpoints.spec.deadline import request_seconds
from chem_endpoints.spec.deployment import MIN_INSTANCES_TO_SPLIT, Deployment
from chem_endpoints.spec.retention import RetentionDays
from chem_endpoints.spec.schedule import Schedule
from chem_endpoints.spec.strict_model import StrictModel
from chem_endpoints.spec.support_matrix import SUPPORT


class BacklogScaling(StrictModel):
    """Instances follow the queue, down to none.

    Source: "Autoscale an asynchronous endpoint", SageMaker developer guide.
    """

    min: int = Field(default=0, ge=0)
    """Fewest instances; default 0: nothing is paid while nothing is queued."""
    max: int = Field(default=1, ge=1)
    """Most instances; at least `min`, default 1."""
    backlog_per_instance: int = Field(default=5, ge=1)
    """Requests queued or running per instance that scaling out aims at; default 5."""
    idle_minutes: int = Field(default=10, ge=2, le=1440)
    """Minutes without a request, queued or running, until the endpoint goes to `min`; default 10."""
    scale_in: Literal["sleep", "gradual"] = "sleep"
    """``sleep``: instances stop when nothing is queued or running, so no job is ever cut; ``gradual``: the number also
    falls with the queue, which may cut jobs that run longer than 15 minutes. Default sleep."""
    schedule: Schedule = ()
    """Bounds by the clock; default: none."""


class Retain(StrictModel):
    """How long the requests and the answers stay in S3 (they hold structures)."""

    input_days: RetentionDays = 7
    """Days after which a request object expires; default 7."""
    output_days: RetentionDays = 7
    """Days after which an answer or failure object expires; default 7."""


class AsyncServing(InstanceServing):
    """Answers through S3 within an hour, from a queue, on instances that may sleep."""

    kind: Literal["async"]
    """``async``."""
    initial_instances: int | None = Field(default=None, ge=1)
    """Instances at the first deployment (AWS wants one even where `scaling.min` is 0, and two to split them); default:
    the smallest number that is allowed."""
    scaling: BacklogScaling = BacklogScaling()
    """Default: between 0 and 1 instance."""
    retain: Retain = Retain()
    """Default: 7 days each."""
    deployment: Deployment | None = None
    """How an update replaces the instances; default: all at once, without watching alarms."""

    @property
    def first_instances(self) -> int:
        """``InitialInstanceCount`` of the main variant."""
        split = MIN_INSTANCES_TO_SPLIT if self.deployment and self.deployment.splits else 1
        return self.initial_instances or max(self.scaling.min, split)


class AsyncClient(StrictModel):
    """How our client cuts and sends a frame."""

    rows_per_chunk: int | None = Field(default=None, ge=1, le=1_000_000)
    """Rows per request at most; default: as many as the model's longest honest row lets it answer in a third of the
    timeout, and never more than 100."""
    max_in_flight: int = Field(default=64, ge=1, le=1000)
    """Requests queued or running at a time; default 64."""
    invocation_timeout_s: int = Field(default=3600, ge=2, le=SUPPORT["async"].response_seconds.value)
    """Seconds that one request may take once an instance has it; default and maximum 3600."""

    @property
    def request_seconds(self) -> int:
        """The server's deadline for one request: 3500 s where the timeout is the maximum."""
        return request_seconds(self.invocation_timeout_s, way_back=100)


class AsyncAlarms(StrictModel):
    """Thresholds of the alarms."""

    oldest_request_minutes: int = Field(default=30, ge=1, le=SUPPORT["async"].queue_seconds.value // 60)
    """Age of the oldest request in the queue, in minutes; default 30 (a start from zero takes about 10), at most 360,
    when AWS drops it."""
    failure_percent: float = Field(default=1.0, gt=0, lt=100)
    """Share of failed requests over 5 minutes, in percent; less than 100, default 1."""
    backlog_minutes_without_capacity: int = Field(default=20, ge=2, le=1440)
    """Minutes during which requests wait and no instance runs; default 20."""
