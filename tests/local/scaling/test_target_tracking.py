"""Target tracking: three minutes above add, fifteen minutes below 90 % remove, without data nothing happens."""

from typing import Any

import pytest

from chem_endpoints.local.scaling.target_tracking import UnsupportedMetricError, tracked_metric, tracking_wish

CONFIG: dict[str, Any] = {"TargetValue": 10}


def wish(values: list[float | None], **more: Any) -> tuple[int, int]:
    """Direction, and the capacity that four would become."""
    found = tracking_wish({**CONFIG, **more}, values)
    return found.direction, found.capacity(4)


def test_three_minutes_above_the_target_add_in_proportion() -> None:
    assert wish([10] * 13 + [11, 12]) == (0, 4)
    assert wish([10] * 12 + [11, 12, 15]) == (1, 6)
    assert wish([None] * 12 + [11, 12, 15.1]) == (1, 7)
    assert wish([None] * 12 + [11, None, 15]) == (0, 4)


def test_fifteen_minutes_below_ninety_percent_remove_in_proportion_to_the_busiest() -> None:
    assert wish([8.9] * 14 + [5]) == (-1, 4)
    assert wish([5] * 15) == (-1, 2)
    assert wish([9] + [5] * 14) == (0, 4)
    assert wish([None] + [5] * 14) == (0, 4)
    assert wish([0] * 15) == (-1, 0)


def test_scale_in_can_be_turned_off() -> None:
    assert wish([1] * 15, DisableScaleIn=True) == (0, 4)


def test_presets_have_the_resources_own_dimensions() -> None:
    preset = {"PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}}
    query = tracked_metric(preset, {"EndpointName": "a", "VariantName": "b"})
    assert query.series.name == "InvocationsPerInstance"
    assert query.series.dimensions == {("EndpointName", "a"), ("VariantName", "b")}
    assert query.statistic == "Sum"


@pytest.mark.parametrize(
    "config",
    [
        {"PredefinedMetricSpecification": {"PredefinedMetricType": "ALBRequestCountPerTarget"}},
        {"CustomizedMetricSpecification": {"Metrics": []}},
    ],
)
def test_an_unknown_metric_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedMetricError):
        tracked_metric(config, {})
