"""Metric math gives what CloudWatch gives, and refuses what it does not know."""

import pytest

from chem_endpoints.local.scaling.metric_math import UnknownExpressionError, parse_expression

PERCENT = "IF(FILL(part, 0) > 0, 100 * part / MAX([FILL(whole, 0), part]), 0)"
"""The alarms' share of failures (constructs_lib/rule_alarm.py)."""


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [(None, None, 0), (None, 100, 0), (0, 100, 0), (3, 60, 5), (3, None, 100), (4, 2, 100)],
)
def test_the_share_of_failures(part: float | None, whole: float | None, percent: float) -> None:
    expression = parse_expression(PERCENT)
    assert expression.names == {"part", "whole"}
    assert expression.evaluate({"part": part, "whole": whole}) == percent


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("-a + 10", 6),
        ("a / 0", None),
        ("a - gone", None),
        ("a >= 4", 1),
        ("SUM([a, gone, 2])", 6),
        ("AVG([a, 2])", 3),
        ("MIN([a, 2])", 2),
        ("MAX([gone, gone])", None),
        ("IF(gone, 1, 2)", None),
        ("8 / 2 / 2", 2),
    ],
)
def test_arithmetic_with_missing_data(text: str, value: float | None) -> None:
    assert parse_expression(text).evaluate({"a": 4.0, "gone": None}) == value


@pytest.mark.parametrize(
    "text",
    [
        "SELECT MAX(x) FROM y",
        "ANOMALY_DETECTION_BAND(m, 2)",
        "RATE(m)",
        "MAX(m)",
        "m1 +",
        "a $ b",
        "(a",
        "a b",
        "",
        "[a]",
    ],
)
def test_an_unknown_expression_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(UnknownExpressionError, match="does not compute the expression"):
        parse_expression(text)
