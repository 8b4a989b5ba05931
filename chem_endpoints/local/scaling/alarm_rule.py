"""A deployed CloudWatch alarm as data, and its state by its datapoints.

Sources: "Using Amazon CloudWatch alarms" and "Configuring how CloudWatch alarms treat missing data", CloudWatch
user guide.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chem_endpoints.local.scaling.datapoints import Datapoints, Series, is_supported
from chem_endpoints.local.scaling.metric_math import Expression, parse_expression

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"

EXTRA_PERIODS = 2
"""Periods that CloudWatch looks at beyond EvaluationPeriods when some are missing; it documents an example only."""

_COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
_MISSING = ("missing", "notBreaching", "breaching", "ignore")
Values = Sequence[float | None]


class UnsupportedAlarmError(ValueError):
    """An alarm that CloudWatch can evaluate and the local AWS cannot."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """A statistic of a metric."""

    series: Series
    statistic: str
    period: int
    """Seconds."""

    def values(self, datapoints: Datapoints, end: datetime, count: int) -> list[float | None]:
        """One value per period, the last of which ends at `end`; None: nothing was published."""
        width = timedelta(seconds=self.period)
        ends = [end - width * before for before in range(count - 1, -1, -1)]
        return [datapoints.statistic(self.series, self.statistic, each - width, each) for each in ends]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The state that follows from the datapoints."""

    state: str
    reason: str
    values: tuple[float, ...] = ()
    """The datapoints that it was judged by, oldest first."""


@dataclass(frozen=True, kw_only=True)
class AlarmRule:
    """When an alarm fires."""

    queries: dict[str, Query]
    """By id; an alarm without metric math has one."""
    expression: Expression | None
    comparison: str
    threshold: float
    periods: int
    """N: datapoints that are looked at."""
    datapoints: int
    """M: how many of them must breach."""
    missing: str

    @property
    def seconds(self) -> int:
        """How far back it looks."""
        return (self.periods + EXTRA_PERIODS) * max(query.period for query in self.queries.values())

    def values(self, datapoints: Datapoints, end: datetime) -> list[float | None]:
        """One value per period, the last of which ends at `end`."""
        count = self.periods + EXTRA_PERIODS
        columns = {name: query.values(datapoints, end, count) for name, query in self.queries.items()}
        if self.expression is None:
            return next(iter(columns.values()))
        return [
            self.expression.evaluate({name: column[index] for name, column in columns.items()})
            for index in range(count)
        ]

    def breaches(self, value: float) -> bool:
        """Whether a datapoint is beyond the threshold."""
        return _COMPARISONS[self.comparison][0](value, self.threshold)

    def judge(self, values: Values, state: str) -> Verdict:
        """The state that follows from the values (oldest first) and the present state."""
        looked_at = [value for value in values if value is not None][-self.periods :]
        breaching = sum(map(self.breaches, looked_at))
        absent = self.periods - len(looked_at)
        if not looked_at:
            return self._without_data(state)
        if self.missing == "breaching":
            alarmed = breaching + absent >= self.datapoints
        elif absent == 0 or self.missing == "notBreaching":
            alarmed = breaching >= self.datapoints
        else:
            return self._with_gaps(values, state, looked_at, breaching)
        return self._verdict(ALARM if alarmed else OK, looked_at, breaching)

    def _without_data(self, state: str) -> Verdict:
        outcome = {"missing": INSUFFICIENT_DATA, "ignore": state, "breaching": ALARM, "notBreaching": OK}[self.missing]
        treated = f"{self.periods} missing datapoints were treated as [{self.missing}]"
        return Verdict(state=outcome, reason=f"No datapoints were received for {self.periods} periods and {treated}.")

    def _with_gaps(self, values: Values, state: str, looked_at: list[float], breaching: int) -> Verdict:
        """Some datapoints are there and some are not, and the alarm does not say what the others stand for."""
        outcome = state
        if breaching >= self.datapoints or (self.missing == "missing" and self._breaches_since_long(values)):
            outcome = ALARM
        elif breaching < len(looked_at):
            outcome = OK
        return self._verdict(outcome, looked_at, breaching)

    def _breaches_since_long(self, values: Values) -> bool:
        """The oldest breaching datapoint of N periods is M periods old, and all in the range breach or are missing."""
        recent = list(values[-self.periods :])
        ages = [len(recent) - index for index, value in enumerate(recent) if value is not None and self.breaches(value)]
        return (
            bool(ages) and ages[0] >= self.datapoints and all(value is None or self.breaches(value) for value in values)
        )

    def _verdict(self, state: str, looked_at: list[float], breaching: int) -> Verdict:
        count = breaching if state == ALARM else len(looked_at) - breaching
        negation = "" if state == ALARM else "not "
        what = f"{_COMPARISONS[self.comparison][1]} the threshold ({self.threshold})"
        return Verdict(
            state=state,
            reason=f"Threshold Crossed: {count} out of the last {self.periods} datapoints {looked_at} were "
            f"{negation}{what} (minimum {self.datapoints} datapoints for OK -> ALARM transition).",
            values=tuple(looked_at),
        )


def rule_of(alarm: Any) -> AlarmRule:
    """The rule of an alarm as moto keeps it.

    Raises:
        UnsupportedAlarmError: the local AWS cannot evaluate it.
    """
    missing = alarm.treat_missing_data or "missing"
    if alarm.comparison_operator not in _COMPARISONS:
        raise UnsupportedAlarmError(f"The local AWS has no comparison {alarm.comparison_operator}")
    if missing not in _MISSING:
        raise UnsupportedAlarmError(f"TreatMissingData cannot be {missing}")
    queries, expression = _queries(alarm)
    for query in queries.values():
        if not is_supported(query.statistic):
            raise UnsupportedAlarmError(f"The local AWS has no statistic {query.statistic}")
    periods = int(alarm.evaluation_periods)
    return AlarmRule(
        queries=queries,
        expression=expression,
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        periods=periods,
        datapoints=int(alarm.datapoints_to_alarm or periods),
        missing=missing,
    )


def _queries(alarm: Any) -> tuple[dict[str, Query], Expression | None]:
    if not alarm.metric_data_queries:
        statistic = alarm.statistic or alarm.extended_statistic
        return {"metric": _query(alarm, int(alarm.period), statistic)}, None
    stats = {
        query.id: _query(query.metric_stat.metric, int(query.metric_stat.period), query.metric_stat.stat)
        for query in alarm.metric_data_queries
        if query.metric_stat is not None
    }
    returned = [query for query in alarm.metric_data_queries if query.return_data in (None, True, "true")]
    if len(returned) != 1:
        raise UnsupportedAlarmError("Exactly one query of an alarm returns data")
    if returned[0].expression is None:
        return {returned[0].id: stats[returned[0].id]}, None
    expression = parse_expression(returned[0].expression)
    if not expression.names or not expression.names <= set(stats):
        raise UnsupportedAlarmError(f"The local AWS does not compute the expression {expression.text!r}")
    return {name: stats[name] for name in sorted(expression.names)}, expression


def _query(metric: Any, period: int, statistic: str) -> Query:
    dimensions = {dimension.name: dimension.value for dimension in metric.dimensions}
    return Query(series=Series.of(metric.namespace, metric.metric_name, dimensions), statistic=statistic, period=period)
