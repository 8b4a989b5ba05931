"""Scaling of instances that always run.

Sources: "Automatic scaling of models" (SageMaker developer guide); "PredefinedMetricSpecification" (Application Auto
Scaling API reference).
"""

from typing import Self

from pydantic import Field, model_validator

from chem_endpoints.spec.schedule import Schedule
from chem_endpoints.spec.strict_model import StrictModel, refusal

TARGETS = ("invocations_per_instance", "cpu_percent", "concurrent_requests")
"""What scaling may follow; a declaration names exactly one."""


class InstanceScaling(StrictModel):
    """Instances follow the traffic: target tracking on one metric."""

    min: int = Field(default=1, ge=0)
    """Fewest instances; at least 1, default 1."""
    max: int = Field(ge=1)
    """Most instances; at least `min`."""
    invocations_per_instance: int | None = Field(default=None, ge=1)
    """Invocations per instance and minute that scaling aims at."""
    cpu_percent: int | None = Field(default=None, ge=1, le=100)
    """CPU use of the instances that scaling aims at, in percent of all cores."""
    concurrent_requests: int | None = Field(default=None, ge=1)
    """Requests under way per instance that scaling aims at; measured every 10 seconds."""
    schedule: Schedule = ()
    """Bounds by the clock; default: none."""

    @model_validator(mode="after")
    def _follows_one_metric(self) -> Self:
        named = [target for target in TARGETS if getattr(self, target) is not None]
        if len(named) != 1:
            found = "none" if not named else " and ".join(named)
            raise refusal(f"must name exactly one of {', '.join(TARGETS)}; it names {found}")
        return self
