"""The deployed alarms: their states, and the rules and datapoints that these follow from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict

from chem_endpoints.local.scaling.alarm_book import rule_or_refusal
from chem_endpoints.local.scaling.alarm_rule import AlarmRule, Query
from chem_endpoints.local.scaling.datapoints import Datapoints

_SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
}
_MOST_VALUES = 60
"""Datapoints that are shown of one alarm; of more, the newest."""


@dataclass(frozen=True, kw_only=True)
class AlarmView:
    """One alarm."""

    name: str
    state: str
    """``OK``, ``ALARM`` or ``INSUFFICIENT_DATA``."""
    since: float | None
    """When it got there, in seconds of the clock since 1970."""
    reason: str
    rule: str
    """When it fires, in one line."""
    threshold: float | None
    values: Sequence[float | None]
    """One for each period that it looks at, oldest first; None: nothing was published."""
    actions: Sequence[str]
    """What it does when it fires: scaling policies by name, topics."""
    action_arns: Sequence[str]
    """The same, as they were put."""
    dimensions: Mapping[str, str]
    """Of its metrics: whose alarm it is."""


def alarm_view(alarm: Any, datapoints: Datapoints, end: datetime) -> AlarmView:
    """An alarm as the console shows it.

    Args:
        alarm: as moto keeps it.
        datapoints: what was published.
        end: the minute that began last.
    """
    rule, refusal = rule_or_refusal(alarm)
    return AlarmView(
        name=alarm.name,
        **state_of(alarm),
        rule=_in_words(alarm, rule) if rule is not None else refusal,
        threshold=rule.threshold if rule is not None else None,
        values=_values(rule, datapoints, end) if rule is not None else (),
        actions=[_action(arn) for arn in alarm.alarm_actions or ()],
        action_arns=list(alarm.alarm_actions or ()),
        dimensions=dict(pair for query in rule.queries.values() for pair in query.series.dimensions) if rule else {},
    )


class AlarmState(TypedDict):
    """The part of an alarm that changes without any metric or rule changing."""

    state: str
    since: float | None
    reason: str


def state_of(alarm: Any) -> AlarmState:
    """The state that an alarm is in now."""
    updated = alarm.state_updated_timestamp
    since = updated.replace(tzinfo=UTC).timestamp() if isinstance(updated, datetime) else None
    return {"state": alarm.state_value, "since": since, "reason": alarm.state_reason or ""}


def seconds_back(alarm: Any) -> int:
    """How far back an alarm looks; 0: the local AWS does not evaluate it."""
    rule, _ = rule_or_refusal(alarm)
    return rule.seconds if rule is not None else 0


def _values(rule: AlarmRule, datapoints: Datapoints, end: datetime) -> list[float | None]:
    return rule.values(datapoints, end)[-min(rule.periods, _MOST_VALUES) :]


def _in_words(alarm: Any, rule: AlarmRule) -> str:
    period = max(query.period for query in rule.queries.values())
    width = f"{period // 60} min" if period % 60 == 0 else f"{period} s"
    what = _expression(rule) if rule.expression is not None else _metric(next(iter(rule.queries.values())))
    times = f"{rule.datapoints} of {rule.periods} datapoints of {width}"
    return f"{what} {_SIGNS[alarm.comparison_operator]} {_grouped(rule.threshold)}, {times}"


def _grouped(value: float) -> str:
    """10000000.0 → ``10 000 000``."""
    return f"{value:,.10g}".replace(",", " ")


def _metric(query: Query) -> str:
    return f"{query.statistic} of {query.series.name}"


def _expression(rule: AlarmRule) -> str:
    assert rule.expression is not None
    names = ", ".join(f"{name} = {_metric(query)}" for name, query in rule.queries.items())
    return f"{rule.expression.text} ({names})"


def _action(arn: str) -> str:
    """The name at the end of an action's ARN."""
    if ":policyName/" in arn:
        return f"policy {arn.rpartition(':policyName/')[2]}"
    return f"topic {arn.rpartition(':')[2]}" if ":sns:" in arn else arn
