"""Sections of a declaration that belong to ``serving.kind: inference_component``: real-time that scales to zero.

Source: "Scale an endpoint to zero instances", SageMaker developer guide.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from chem_endpoints.spec.capture import ComponentCapture
from chem_endpoints.spec.container_serving import InstanceServing
from chem_endpoints.spec.deployment import ComponentDeployment
from chem_endpoints.spec.realtime import RealtimeAlarms, RealtimeClient
from chem_endpoints.spec.schedule import Schedule
from chem_endpoints.spec.strict_model import StrictModel, refusal

TARGETS = ("invocations_per_copy", "concurrent_requests_per_copy")
"""What scaling may follow; a declaration names exactly one."""


class InstanceBounds(StrictModel):
    """Instances, which SageMaker adds and removes by itself as the copies need them."""

    min: int = Field(default=0, ge=0)
    """Fewest; default 0, which only some regions accept (stages.yaml)."""
    max: int = Field(default=1, ge=1)
    """Most; default 1."""


class CopyScaling(StrictModel):
    """Copies follow the traffic, down to none; a request at zero fails, and wakes the first copy."""

    min: int = Field(default=0, ge=0)
    """Fewest copies; default 0."""
    max: int = Field(default=1, ge=1)
    """Most copies; default 1."""
    invocations_per_copy: int | None = Field(default=None, ge=1)
    """Invocations per copy and minute that scaling aims at."""
    concurrent_requests_per_copy: int | None = Field(default=None, ge=1)
    """Requests under way per copy that scaling aims at; measured every 10 seconds."""
    schedule: Schedule = ()
    """Bounds by the clock; default: none."""

    @model_validator(mode="after")
    def _follows_one_metric(self) -> Self:
        named = [target for target in TARGETS if getattr(self, target) is not None]
        if len(named) != 1:
            found = "none" if not named else " and ".join(named)
            raise refusal(f"must name exactly one of {', '.join(TARGETS)}; it names {found}")
        return self


class ComponentServing(InstanceServing):
    """Answers within one HTTP call of at most 60 s; sleeps while nobody calls, and takes minutes to wake."""

    kind: Literal["inference_component"]
    """``inference_component``."""
    memory_mb: int = Field(default=1024, ge=128, le=2_000_000)
    """Memory that a copy needs, in MB; default 1024. Checked against what the instance type can schedule."""
    cpu_cores: float | None = Field(default=None, ge=0.25, le=1000)
    """Cores that a copy needs; default: none reserved."""
    accelerators: int | None = Field(default=None, ge=1, le=16)
    """GPUs that a copy needs; default: none, or 1 for the deep-gpu image."""
    copies: int | None = Field(default=None, ge=1)
    """Copies at the first deployment (AWS refuses none); default: `scaling.min`, at least 1."""
    instances: InstanceBounds = InstanceBounds()
    """Bounds of the instances; default: 0 to 1."""
    scaling: CopyScaling = CopyScaling(invocations_per_copy=60)
    """Default: 0 to 1 copies, 60 invocations per copy and minute."""
    capture: ComponentCapture | None = None
    """Default: none. AWS does not promise it for components."""
    deployment: ComponentDeployment | None = None
    """How an update replaces the copies; default: all at once."""

    @property
    def first_copies(self) -> int:
        """``CopyCount`` of the component; scaling owns it from then on."""
        return self.copies or max(1, self.scaling.min)

    @property
    def first_instances(self) -> int:
        """``InitialInstanceCount`` of the variant."""
        return max(1, self.instances.min)


class ComponentClient(RealtimeClient):
    """How our client cuts and sends a frame."""


class ComponentAlarms(RealtimeAlarms):
    """Thresholds of the alarms."""

    minutes_without_capacity: int = Field(default=30, ge=2, le=1440)
    """Minutes during which requests meet no copy; default 30 (a start from zero takes about 10)."""
