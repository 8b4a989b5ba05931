"""The page on alarms and metrics: from the tables that the stacks are made of, and from the server's log."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from page_parts import code, generated_page, table
from pydantic import BaseModel

from chem_endpoints.spec.asynchronous import AsyncAlarms, BacklogScaling
from chem_endpoints.spec.component import ComponentAlarms
from chem_endpoints.spec.realtime import RealtimeAlarms
from chem_endpoints.spec.serverless import ServerlessAlarms
from constructs_lib import alarms, metrics
from constructs_lib.alarm_rule import AlarmRule, PercentRule
from constructs_lib.metrics import EndpointMetric
from container.server.log import BAD_ROWS, ENDPOINT_DIMENSION, METRICS, NAMESPACE, REASON_DIMENSION

INTRODUCTION = """\
Every endpoint brings its alarms, each with a severity: *page*: callers are harmed now; *ticket*: they will be;
*none*: the alarm drives scaling alone. The alarm of an endpoint is called `chem-endpoints-NAME-ALARM`, and its
description links to its section of the [runbook](../runbook.md). A threshold is changed by the field that is named."""

_BY_KIND: Mapping[str, tuple[Callable[[Any], tuple[AlarmRule, ...]], BaseModel]] = {
    "realtime": (alarms.realtime_alarms, RealtimeAlarms()),
    "async": (alarms.async_alarms, AsyncAlarms()),
    "serverless": (alarms.serverless_alarms, ServerlessAlarms()),
    "inference_component": (alarms.component_alarms, ComponentAlarms()),
}
_OPERATORS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanOrEqualToThreshold": "≤",
}


@dataclass(frozen=True, kw_only=True)
class _Watched:
    """An alarm, and the field that moves its threshold; empty: none does."""

    rule: AlarmRule
    field: str


def alarms_page() -> str:
    """The page."""
    head = ["alarm", "severity", "means", "fires when", "set by"]
    parts = []
    for kind, (rules, thresholds) in _BY_KIND.items():
        parts.append(f"## Alarms of `{kind}`")
        parts.append(table(head, (_row(one) for one in _watched(rules, thresholds, "alarms"))))
    parts.append(
        "## Alarms that undo an update\n\nWith `serving.deployment` these twins of the alarms above watch each step of "
        "an update, minute by minute; while one fires, SageMaker goes back."
    )
    undoing = {rule.key: rule for make, thresholds in _BY_KIND.values() for rule in _undoing(make, thresholds)}
    parts.append(table(head, (_row(_Watched(rule=rule, field="")) for rule in undoing.values())))
    parts.append("## Alarms that scale to zero and back")
    scaling = [
        *(_Watched(rule=rule, field="") for rule in (alarms.BACKLOG_WAKE, alarms.COPY_WAKE)),
        *_watched(lambda bounds: (alarms.backlog_sleep(bounds),), BacklogScaling(), "serving.scaling"),
    ]
    parts.append(table(head, map(_row, scaling)))
    parts.append("## Metrics of AWS\n\nThose that alarms, dashboards and scaling read.")
    parts.append(table(["metric", "namespace", "dimensions", "statistic", "unit"], _aws_metrics()))
    parts.append(
        f"## Metrics of the server\n\nNamespace `{NAMESPACE}`, dimension `{ENDPOINT_DIMENSION}`; one value per "
        f"request, from its log line (CloudWatch's Embedded Metric Format). `{BAD_ROWS}` is also counted by "
        f"`{REASON_DIMENSION}`: the reasons stand in [errors](errors.md#reasons-of-a-row)."
    )
    parts.append(table(["metric", "unit"], ((code(name), unit) for name, unit in METRICS.items())))
    return generated_page("Alarms and metrics", INTRODUCTION, parts)


def _undoing(make: Callable[[Any], tuple[AlarmRule, ...]], thresholds: BaseModel) -> tuple[AlarmRule, ...]:
    return alarms.rollback_alarms(make(thresholds))


def _watched(rules: Callable[[Any], tuple[AlarmRule, ...]], thresholds: BaseModel, section: str) -> Iterator[_Watched]:
    """Which field moves which alarm is tried out: each field is changed, and the alarms are compared."""
    usual = rules(thresholds)
    moved: dict[str, str] = {}
    for name, value in thresholds:
        if not isinstance(value, int | float):
            continue
        changed = rules(thresholds.model_copy(update={name: value + 1}))
        moved |= {rule.key: f"{section}.{name}" for rule, other in zip(usual, changed, strict=True) if rule != other}
    return (_Watched(rule=rule, field=moved.get(rule.key, "")) for rule in usual)


def _row(watched: _Watched) -> tuple[str, ...]:
    rule = watched.rule
    periods = rule.datapoints * rule.period_seconds // metrics.SECONDS_PER_MINUTE
    over = "1 minute" if periods == 1 else f"{periods} minutes"
    compared = f"{_OPERATORS[rule.comparison]} {rule.threshold:,.10g}"
    if isinstance(rule, PercentRule):
        seen = f"{code(rule.part.name)} as a share of {code(rule.whole.name)} {compared} % over {over}"
    else:
        unit = "" if rule.metric.unit in ("None", "Count") else f" {rule.metric.unit.lower()}"
        seen = f"{code(rule.metric.name)} ({rule.metric.statistic}) {compared}{unit} for {over}"
    key = f"[`{rule.key}`](../runbook.md#{rule.key})"
    return key, rule.severity, rule.summary, seen, code(watched.field)


def _aws_metrics() -> list[tuple[str, ...]]:
    named = [value for value in vars(metrics).values() if isinstance(value, EndpointMetric)]
    return [
        (code(one.name), code(one.namespace), ", ".join(code(each) for each in one.dimensions), one.statistic, one.unit)
        for one in named
    ]
