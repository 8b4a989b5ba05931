"""Variants beside the main one: production variants that share the traffic, and a shadow that gets a copy of it.

Sources: "Test models with production variants", "Shadow variants" (SageMaker developer guide).
"""

from typing import Annotated

from pydantic import AfterValidator, Field

from chem_endpoints.spec.declared_values import VariantName
from chem_endpoints.spec.instance_scaling import InstanceScaling
from chem_endpoints.spec.instance_types import InstanceType
from chem_endpoints.spec.model_source import ModelSource
from chem_endpoints.spec.strict_model import StrictModel, refusal

MAX_FURTHER_VARIANTS = 9
"""AWS allows ten production variants; one is the main one."""


class Variant(StrictModel):
    """Another model that answers a share of the requests."""

    name: VariantName
    """For example challenger."""
    model: ModelSource
    """Which model it serves: artifact, sha256, image."""
    instance_type: InstanceType
    """SageMaker instance type."""
    initial_instances: int | None = Field(default=None, ge=1)
    """Instances at the first deployment; default: the smallest number that `scaling` allows, otherwise 1."""
    weight: float = Field(default=1.0, ge=0, le=1000)
    """Share of the traffic relative to the other variants' weights; 0 gets requests only by name; default 1."""
    scaling: InstanceScaling | None = None
    """Default: none, the number of instances is fixed."""


class Shadow(StrictModel):
    """A model that gets a copy of a share of the requests; its answers go nowhere but to its metrics."""

    name: VariantName
    """For example shadow."""
    model: ModelSource
    """Which model it serves: artifact, sha256, image."""
    instance_type: InstanceType
    """SageMaker instance type."""
    initial_instances: int | None = Field(default=None, ge=1)
    """Instances; default 1."""
    percent: int = Field(default=100, ge=1, le=100)
    """Share of the requests that is copied, in percent; default 100."""


def _distinct(variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
    names = [each.name.lower() for each in variants]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise refusal(f"has {', '.join(doubled)} more than once; a name tells the variants apart")
    return variants


Variants = Annotated[
    tuple[Variant, ...], AfterValidator(_distinct), Field(strict=False, max_length=MAX_FURTHER_VARIANTS)
]
"""Production variants beside the main one."""
