"""Step policies: bounds relative to the threshold, three kinds of adjustment."""

from typing import Any

import pytest

from chem_endpoints.local.scaling.step_scaling import step_capacity


def step(adjustment: int, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    return {
        "ScalingAdjustment": adjustment,
        **({} if low is None else {"MetricIntervalLowerBound": low}),
        **({} if high is None else {"MetricIntervalUpperBound": high}),
    }


STAIRS = [step(1, 0, 10), step(3, 10)]


@pytest.mark.parametrize(("value", "capacity"), [(50, 3), (59, 3), (60, 5), (100, 5), (49, None)])
def test_the_step_is_chosen_by_how_far_the_metric_is_beyond_the_threshold(value: float, capacity: int | None) -> None:
    config = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": STAIRS}
    assert step_capacity(config, capacity=2, values=[value], threshold=50) == capacity


@pytest.mark.parametrize(("value", "capacity"), [(50, 1), (41, 1), (40, 0), (51, None)])
def test_below_the_threshold_the_upper_bound_belongs_to_the_step(value: float, capacity: int | None) -> None:
    config = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [step(-1, -10, 0), step(-2, None, -10)]}
    assert step_capacity(config, capacity=2, values=[value], threshold=50) == capacity


@pytest.mark.parametrize(("kind", "breach"), [("Average", 1), ("Minimum", 1), ("Maximum", 3), (None, 1)])
def test_the_datapoints_are_aggregated(kind: str | None, breach: int) -> None:
    config = {
        "AdjustmentType": "ChangeInCapacity",
        "MetricAggregationType": kind,
        "StepAdjustments": [step(1, 0, 5), step(3, 5)],
    }
    assert step_capacity(config, capacity=0, values=[0, 3, 6], threshold=0) == breach


@pytest.mark.parametrize(
    ("percent", "least", "expected"),
    [(10, 0, 5), (50, 0, 6), (-10, 0, 3), (-100, 0, 0), (60, 0, 6), (25, 2, 6), (-25, 2, 2)],
)
def test_percentages_round_as_documented(percent: int, least: int, expected: int) -> None:
    config = {
        "AdjustmentType": "PercentChangeInCapacity",
        "MinAdjustmentMagnitude": least,
        "StepAdjustments": [step(percent, 0)],
    }
    assert step_capacity(config, capacity=4, values=[1], threshold=1) == expected


def test_the_steps_of_a_sleeping_endpoint() -> None:
    wake = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [step(1, 0)]}
    assert step_capacity(wake, capacity=0, values=[1, 1], threshold=1) == 1
    sleep = {"AdjustmentType": "ExactCapacity", "StepAdjustments": [step(0, None, 0)]}
    assert step_capacity(sleep, capacity=3, values=[0] * 10, threshold=0) == 0
