"""Metrics have SageMaker's names, dimensions, units and gaps."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chem_endpoints.local.scaling.published_metrics import (
    MOST_SAMPLES,
    Backlog,
    Stamp,
    async_metrics,
    component_metrics,
    realtime_metrics,
)
from chem_endpoints.local.scaling.traffic import Minute

STAMP = Stamp(start=datetime(2026, 11, 22, 6, 0, tzinfo=UTC))
IDLE = Backlog(size=0, waiting=0, oldest_seconds=0)


def by_name(data: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    assert all(datum["Timestamp"] == STAMP.start for datum in data)
    return {datum["MetricName"]: datum for datum in data}


def test_a_real_time_minute() -> None:
    minute = Minute(
        invocations=6, client_errors=1, server_errors=2, model_seconds=[0.1] * 6, overhead_seconds=[0.0] * 6, busiest=4
    )
    found = by_name(realtime_metrics(STAMP, "logs", "AllTraffic", minute, instances=2))
    assert found["Invocations"]["StatisticValues"] == {"SampleCount": 6, "Sum": 6, "Minimum": 1, "Maximum": 1}
    assert found["InvocationsPerInstance"]["StatisticValues"]["Sum"] == 3
    assert found["Invocation4XXErrors"]["StatisticValues"]["Sum"] == 1
    assert found["Invocation5XXErrors"]["StatisticValues"] == {
        "SampleCount": 6,
        "Sum": 2,
        "Minimum": 0,
        "Maximum": 1,
    }
    assert found["ModelLatency"]["Values"] == [pytest.approx(100_000)] * 6
    assert found["ModelLatency"]["Unit"] == "Microseconds"
    assert found["ConcurrentRequestsPerModel"]["Value"] == 2
    assert found["Invocations"]["Dimensions"] == [
        {"Name": "EndpointName", "Value": "logs"},
        {"Name": "VariantName", "Value": "AllTraffic"},
    ]


def test_a_minute_without_requests_publishes_nothing() -> None:
    assert realtime_metrics(STAMP, "logs", "AllTraffic", Minute(), instances=2) == []


def test_many_latencies_are_thinned_out_without_moving_the_percentiles() -> None:
    seconds = [number / 1000 for number in range(20_000)]
    values = STAMP.samples("ModelLatency", {}, seconds)["Values"]
    assert len(values) == MOST_SAMPLES
    assert (values[0], values[-1]) == (0, pytest.approx(19_999_000))
    assert values[990] == pytest.approx(19_999_000 * 990 / 999, rel=1e-3)


def test_a_serverless_variant_has_no_instances_and_perhaps_provisioned_concurrency() -> None:
    minute = Minute(invocations=1, model_seconds=[1], overhead_seconds=[0], busiest=1)
    found = by_name(realtime_metrics(STAMP, "logs", "AllTraffic", minute, instances=0, provisioned=4))
    assert "InvocationsPerInstance" not in found
    assert found["ServerlessProvisionedConcurrencyUtilization"]["Value"] == 0.25


def test_an_idle_queue_is_zero_and_has_no_age() -> None:
    found = by_name(async_metrics(STAMP, "logs", {}, IDLE, instances=2))
    assert {name: datum["Value"] for name, datum in found.items()} == {
        "ApproximateBacklogSize": 0,
        "ApproximateBacklogSizePerInstance": 0,
        "HasBacklogWithoutCapacity": 0,
    }
    assert found["ApproximateBacklogSize"]["Dimensions"] == [{"Name": "EndpointName", "Value": "logs"}]


def test_a_queue_without_instances_has_no_backlog_per_instance() -> None:
    found = by_name(async_metrics(STAMP, "logs", {}, Backlog(size=3, waiting=3, oldest_seconds=90.0), instances=0))
    assert {name: datum["Value"] for name, datum in found.items()} == {
        "ApproximateBacklogSize": 3,
        "HasBacklogWithoutCapacity": 1,
        "ApproximateAgeOfOldestRequest": 90,
    }


def test_a_component_publishes_zeros_while_it_has_copies() -> None:
    found = by_name(component_metrics(STAMP, "rare", Minute(), copies=2, refused=0))
    assert {name: datum["Value"] for name, datum in found.items()} == {
        "InvocationsPerCopy": 0,
        "ConcurrentRequestsPerCopy": 0,
    }
    found = by_name(component_metrics(STAMP, "rare", Minute(), copies=0, refused=2))
    assert {name: datum["Value"] for name, datum in found.items()} == {"NoCapacityInvocationFailures": 2}
    assert found["NoCapacityInvocationFailures"]["Dimensions"] == [{"Name": "InferenceComponentName", "Value": "rare"}]
