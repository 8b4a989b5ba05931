"""An alarm's state follows from its datapoints as CloudWatch documents it."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from chem_endpoints.local.scaling.alarm_rule import (
    ALARM,
    INSUFFICIENT_DATA,
    OK,
    AlarmRule,
    Query,
    UnsupportedAlarmError,
    rule_of,
)
from chem_endpoints.local.scaling.datapoints import Datapoints, Datum, Series

END = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
SERIES = Series.of("n", "m", {})


def rule(*, m: int = 3, n: int = 3, missing: str = "missing", comparison: str = "GreaterThanThreshold") -> AlarmRule:
    return AlarmRule(
        queries={"metric": Query(series=SERIES, statistic="Sum", period=60)},
        expression=None,
        comparison=comparison,
        threshold=0.5,
        periods=n,
        datapoints=m,
        missing=missing,
    )


def values(text: str) -> list[float | None]:
    """``0`` within the threshold, ``X`` beyond, ``-`` missing; the newest last, as in the user guide's tables."""
    return [{"0": 0.0, "X": 1.0, "-": None}[letter] for letter in text]


STATES = {"O": OK, "A": ALARM, "I": INSUFFICIENT_DATA, "k": "kept"}


@pytest.mark.parametrize(
    ("data", "states"),  # In the order missing, ignore, breaching, notBreaching.
    [("0-X-X", "OOOO"), ("0----", "OOOO"), ("-----", "IkAO"), ("0XX-X", "AAAA"), ("--X--", "AkAO")],
)
def test_the_user_guides_table_for_three_of_three(data: str, states: str) -> None:
    for missing, state in zip(("missing", "ignore", "breaching", "notBreaching"), states, strict=True):
        assert rule(missing=missing).judge(values(data), "kept").state == STATES[state], missing


@pytest.mark.parametrize(
    ("data", "states"),
    [("0-X-X", "AAAA"), ("00X0X", "AAAA"), ("0-X--", "OOAO"), ("----0", "OOAO"), ("---X-", "AkAO"), ("-----", "IkAO")],
)
def test_two_of_three(data: str, states: str) -> None:
    for missing, state in zip(("missing", "ignore", "breaching", "notBreaching"), states, strict=True):
        assert rule(m=2, missing=missing).judge(values(data), "kept").state == STATES[state], missing


def test_a_first_breach_is_too_young_to_alarm() -> None:
    assert rule().judge(values("----X"), INSUFFICIENT_DATA).state == INSUFFICIENT_DATA
    assert rule().judge(values("---XX"), INSUFFICIENT_DATA).state == INSUFFICIENT_DATA
    assert rule().judge(values("--XXX"), INSUFFICIENT_DATA).state == ALARM


@pytest.mark.parametrize(
    ("comparison", "state"),
    [
        ("GreaterThanThreshold", OK),
        ("GreaterThanOrEqualToThreshold", ALARM),
        ("LessThanThreshold", OK),
        ("LessThanOrEqualToThreshold", ALARM),
    ],
)
def test_comparisons_at_the_threshold(comparison: str, state: str) -> None:
    assert rule(m=1, n=1, comparison=comparison).judge([0.5], OK).state == state


def test_periods_slide_with_the_minute() -> None:
    five = Query(series=SERIES, statistic="Sum", period=300)
    data = Datapoints({SERIES: [Datum.of(END - timedelta(minutes=each), 1) for each in (1, 5, 6)]})
    assert five.values(data, END, 2) == [1, 2]
    assert five.values(data, END + timedelta(minutes=1), 2) == [2, 1]


def moto_alarm(**changes: Any) -> SimpleNamespace:
    settings: dict[str, Any] = {
        "namespace": "n",
        "metric_name": "m",
        "dimensions": [],
        "metric_data_queries": [],
        "statistic": None,
        "extended_statistic": "p99",
        "period": 60,
        "comparison_operator": "GreaterThanThreshold",
        "threshold": 3,
        "evaluation_periods": 5,
        "datapoints_to_alarm": None,
        "treat_missing_data": None,
    }
    return SimpleNamespace(**{**settings, **changes})


def test_the_defaults_of_an_alarm() -> None:
    found = rule_of(moto_alarm())
    assert (found.periods, found.datapoints, found.missing) == (5, 5, "missing")
    assert found.queries == {"metric": Query(series=SERIES, statistic="p99", period=60)}


@pytest.mark.parametrize(
    "changes",
    [
        {"comparison_operator": "GreaterThanUpperThreshold"},
        {"extended_statistic": "tm90"},
        {"treat_missing_data": "sometimes"},
    ],
)
def test_what_cannot_be_evaluated_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedAlarmError):
        rule_of(moto_alarm(**changes))
