"""The scaling policies in one sentence each, and what Application Auto Scaling has done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chem_endpoints.local.scaling.activities import Activity


@dataclass(frozen=True, kw_only=True)
class PolicyView:
    """A scaling policy."""

    name: str
    arn: str
    resource: str
    """What it scales, such as ``endpoint/NAME/variant/AllTraffic``."""
    does: str


@dataclass(frozen=True, kw_only=True)
class ActivityView:
    """A change of capacity."""

    resource: str
    what: str
    """``desired instance count``, ``copy count`` …"""
    before: int
    capacity: int
    status: str
    """``InProgress``, ``Successful`` or ``Failed``."""
    message: str
    cause: str
    start: float
    """Seconds of the clock since 1970."""
    end: float | None


def policy_view(policy: Any) -> PolicyView:
    """A policy as moto keeps it."""
    tracking = policy.target_tracking_scaling_policy_configuration
    does = _tracking(tracking) if tracking is not None else _step(policy.step_scaling_policy_configuration)
    return PolicyView(name=policy.policy_name, arn=policy.policy_arn, resource=policy.resource_id, does=does)


def activity_view(activity: Activity) -> ActivityView:
    """An activity as the console shows it."""
    return ActivityView(
        resource=activity.key.resource_id,
        what=activity.key.what,
        before=activity.before,
        capacity=activity.capacity,
        status=activity.status,
        message=activity.message,
        cause=activity.cause,
        start=activity.start.timestamp(),
        end=activity.end.timestamp() if isinstance(activity.end, datetime) else None,
    )


def _tracking(config: Mapping[str, Any]) -> str:
    preset = (config.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType")
    custom = config.get("CustomizedMetricSpecification") or {}
    metric = preset or custom.get("MetricName") or "its metric"
    only = ", only by adding" if config.get("DisableScaleIn") else ""
    return f"keeps {metric} at {float(config['TargetValue']):g}{only}"


def _step(config: Mapping[str, Any]) -> str:
    steps = [int(step["ScalingAdjustment"]) for step in config.get("StepAdjustments", ())]
    return f"when its alarm fires: {_adjustments(str(config.get('AdjustmentType')), steps)}"


def _adjustments(kind: str, steps: Iterable[int]) -> str:
    if kind == "ExactCapacity":
        return "sets " + " or ".join(str(step) for step in steps)
    unit = " %" if kind == "PercentChangeInCapacity" else ""
    return " or ".join(f"{'adds' if step >= 0 else 'removes'} {abs(step)}{unit}" for step in steps)
