"""Step scaling: the capacity that a step policy asks for.

Source: "How step scaling for Application Auto Scaling works", Application Auto Scaling user guide.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {
    "Average": lambda values: sum(values) / len(values),
    "Minimum": min,
    "Maximum": max,
}


def step_capacity(config: Mapping[str, Any], *, capacity: int, values: Sequence[float], threshold: float) -> int | None:
    """The capacity that follows from a capacity and the alarm's datapoints; None: no step covers the breach.

    Args:
        config: StepScalingPolicyConfiguration.
        capacity: what the steps are relative to.
        values: the alarm's datapoints; none (a state set by hand) counts as a breach of size 0.
        threshold: the alarm's.
    """
    aggregate = _AGGREGATES[config.get("MetricAggregationType") or "Average"]
    breach = aggregate(values) - threshold if values else 0.0
    for step in config.get("StepAdjustments", ()):
        if _covers(step, breach):
            return _adjusted(config, int(step["ScalingAdjustment"]), capacity)
    return None


def _covers(step: Mapping[str, Any], breach: float) -> bool:
    """Bounds are relative to the threshold; above it the lower one belongs to the step, below it the upper one."""
    low = step.get("MetricIntervalLowerBound")
    high = step.get("MetricIntervalUpperBound")
    least, most = -math.inf if low is None else float(low), math.inf if high is None else float(high)
    if most <= 0:
        return least < breach <= most
    return least <= breach < most


def _adjusted(config: Mapping[str, Any], adjustment: int, capacity: int) -> int:
    kind = config["AdjustmentType"]
    if kind == "ExactCapacity":
        return adjustment
    if kind == "ChangeInCapacity":
        return max(0, capacity + adjustment)
    change = capacity * adjustment / 100
    # A change between 0 and 1 counts as 1; beyond, fractions are dropped.
    whole = int(math.copysign(1, change)) if 0 < abs(change) < 1 else int(change)
    least = int(config.get("MinAdjustmentMagnitude") or 0)
    if whole and abs(whole) < least:
        whole = int(math.copysign(least, whole))
    return max(0, capacity + whole)
