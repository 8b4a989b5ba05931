"""When an alarm fires, as data: alarms of a kind are a table of these."""

from dataclasses import dataclass
from typing import Literal

from constructs_lib.metrics import EndpointMetric

Comparison = Literal["GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanOrEqualToThreshold"]

Missing = Literal["missing", "notBreaching"]
"""What a minute without data means: nothing, or that all is well."""

Severity = Literal["page", "ticket", "none"]
"""``page``: callers are harmed now; ``ticket``: they will be; ``none``: the alarm drives something else."""

RUNBOOK = "docs/runbook.md"
"""Page of the repository with one section per alarm key."""


@dataclass(frozen=True, kw_only=True)
class MetricRule:
    """A metric beyond a threshold for a number of periods in a row."""

    key: str
    """Last part of the alarm's name, and the section of the runbook."""
    summary: str
    """What it means, for whoever is woken by it."""
    severity: Severity
    metric: EndpointMetric
    threshold: float
    """In the metric's unit."""
    comparison: Comparison = "GreaterThanThreshold"
    period_seconds: int = 60
    datapoints: int = 1
    missing: Missing = "notBreaching"


@dataclass(frozen=True, kw_only=True)
class PercentRule:
    """One count as a share of another, beyond a threshold in percent; no request at all is no failure."""

    key: str
    """Last part of the alarm's name, and the section of the runbook."""
    summary: str
    """What it means, for whoever is woken by it."""
    severity: Severity
    part: EndpointMetric
    whole: EndpointMetric
    threshold: float
    """In percent."""
    comparison: Comparison = "GreaterThanThreshold"
    period_seconds: int = 300
    datapoints: int = 1
    missing: Missing = "notBreaching"


AlarmRule = MetricRule | PercentRule
