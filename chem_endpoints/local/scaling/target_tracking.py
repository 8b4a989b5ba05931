"""Target tracking: the capacity that keeps a metric near its target.

Sources: "How target tracking scaling for Application Auto Scaling works", Application Auto Scaling user guide;
"Define a scaling policy", SageMaker developer guide. The three and fifteen minutes are those of the alarms that AWS
makes for such a policy.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chem_endpoints.local.scaling.alarm_rule import Query
from chem_endpoints.local.scaling.datapoints import Series

OUT_MINUTES = 3
"""Minutes above the target until capacity is added."""

IN_MINUTES = 15
"""Minutes below the target until capacity is removed."""

LOW_SHARE = 0.9
"""What counts as below: under this share of the target."""

DEFAULT_COOLDOWN = 300
"""Seconds; of SageMaker's targets."""

_PRESETS = {
    "SageMakerVariantInvocationsPerInstance": ("InvocationsPerInstance", "Sum"),
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": ("ConcurrentRequestsPerModel", "Average"),
    "SageMakerVariantProvisionedConcurrencyUtilization": ("ServerlessProvisionedConcurrencyUtilization", "Maximum"),
    "SageMakerInferenceComponentInvocationsPerCopy": ("InvocationsPerCopy", "Sum"),
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution": ("ConcurrentRequestsPerCopy", "Average"),
}


class UnsupportedMetricError(ValueError):
    """A target tracking policy whose metric the local AWS does not have."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a policy wants: a direction, and the factor by which the capacity misses the target."""

    direction: int
    """1: more; -1: less; 0: neither."""
    factor: float = 1.0
    reason: str = ""

    def capacity(self, base: int) -> int:
        """The capacity that follows from a capacity, rounded up to be on the safe side."""
        return math.ceil(base * self.factor - 1e-9)


def tracked_metric(config: Mapping[str, Any], resource_dimensions: Mapping[str, str]) -> Query:
    """The metric that a TargetTrackingScalingPolicyConfiguration looks at.

    Raises:
        UnsupportedMetricError: a preset or metric math that the local AWS does not know.
    """
    preset = (config.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType")
    if preset is not None:
        if preset not in _PRESETS:
            raise UnsupportedMetricError(f"The local AWS has no metric {preset}")
        name, statistic = _PRESETS[preset]
        return Query(series=Series.of("AWS/SageMaker", name, resource_dimensions), statistic=statistic, period=60)
    custom = config.get("CustomizedMetricSpecification") or {}
    if "MetricName" not in custom:
        raise UnsupportedMetricError("The local AWS tracks a single metric, no metric math")
    dimensions = {item["Name"]: item["Value"] for item in custom.get("Dimensions") or ()}
    series = Series.of(custom["Namespace"], custom["MetricName"], dimensions)
    return Query(series=series, statistic=custom["Statistic"], period=60)


def tracking_wish(config: Mapping[str, Any], values: Sequence[float | None]) -> Wish:
    """What the last minutes (oldest first; None: no data) ask for; without data nothing is changed."""
    target = float(config["TargetValue"])
    high, low = values[-OUT_MINUTES:], values[-IN_MINUTES:]
    above = [value for value in high if value is not None and value > target]
    below = [value for value in low if value is not None and value < LOW_SHARE * target]
    if len(above) == OUT_MINUTES:
        return Wish(
            direction=1,
            factor=above[-1] / target,
            reason=f"{OUT_MINUTES} minutes above the target ({target:g}): {[round(value, 3) for value in above]}",
        )
    if len(below) == IN_MINUTES and not config.get("DisableScaleIn"):
        return Wish(
            direction=-1,
            factor=max(below) / target,
            reason=f"{IN_MINUTES} minutes below {LOW_SHARE:g} of the target ({target:g})",
        )
    return Wish(direction=0)
