"""Metrics have SageMaker's names, dimensions, units and gaps."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.cloudwatch.models import MetricAggregatedDatum

from chem_endpoints.local.scaling.datapoints import Datapoints, Series
from chem_endpoints.local.scaling.published_metrics import (
    MOST_SAMPLES,
    Backlog,
    Stamp,
    async_metrics,
    component_metrics,
    realtime_metrics,
)
from chem_endpoints.local.scaling.traffic import AsyncResult, Minute
from constructs_lib.metrics import EXPIRED_REQUESTS, FAILED_REQUESTS, PROCESSING_TIME, TIME_IN_BACKLOG

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


def test_many_values_are_published_in_groups_that_change_no_sum_and_hardly_a_percentile() -> None:
    values = [number**2 / 1000 for number in range(20_000)]
    data = STAMP.samples("Milliseconds", {}, values, "Milliseconds")
    assert len(data) == MOST_SAMPLES
    summaries = [datum["StatisticValues"] for datum in data]
    records = [
        MetricAggregatedDatum(
            "N",
            "Milliseconds",
            min_stat=summary["Minimum"],
            max_stat=summary["Maximum"],
            sample_count=summary["SampleCount"],
            sum_stat=summary["Sum"],
            dimensions=[],
            timestamp=STAMP.start,
        )
        for summary in summaries
    ]
    points = Datapoints.from_moto(records, STAMP.start)
    series, end = Series("N", "Milliseconds", frozenset()), STAMP.start + timedelta(minutes=1)

    def statistic(name: str) -> float:
        found = points.statistic(series, name, STAMP.start, end)
        assert found is not None
        return found

    assert statistic("Sum") == pytest.approx(sum(values))
    assert statistic("SampleCount") == 20_000
    assert (statistic("Minimum"), statistic("Maximum")) == (values[0], values[-1])
    for percent in (1, 50, 90, 99):
        assert statistic(f"p{percent}") == pytest.approx(values[200 * percent], rel=0.02, abs=values[200])
    assert statistic("p100") == values[-1]


def test_few_values_are_published_one_by_one_and_none_not_at_all() -> None:
    (datum,) = STAMP.durations("TotalProcessingTime", {}, [0.5, 0.25], "Milliseconds")
    assert (datum["Values"], datum["Unit"]) == ([500, 250], "Milliseconds")
    assert STAMP.durations("TotalProcessingTime", {}, []) == []


def test_asynchronous_results_have_sagemakers_names_and_units() -> None:
    minute = Minute(
        results=[
            AsyncResult(backlog_seconds=2, download_seconds=0.1, upload_seconds=0.2, total_seconds=3),
            AsyncResult(failed=True, expired=True, backlog_seconds=60, total_seconds=61),
            AsyncResult(failed=True, download_failed=True, notice_failed=True, total_seconds=1),
            AsyncResult(failed=True, upload_failed=True, total_seconds=1),
        ]
    )
    found = by_name(async_metrics(STAMP, "logs", {"AllTraffic": minute}, IDLE, instances=1))
    assert {name: found[name]["Value"] for name in found if name.endswith(("Processed", "Failures", "Requests"))} == {
        "InvocationsProcessed": 4,
        "InvocationFailures": 3,
        "ExpiredRequests": 1,
        "RequestDownloadFailures": 1,
        "ResponseUploadFailures": 1,
        "NotificationFailures": 1,
    }
    times = {name: (datum["Values"], datum["Unit"]) for name, datum in found.items() if "Values" in datum}
    assert times == {
        "TimeInBacklog": ([2_000_000, 60_000_000], "Microseconds"),
        "RequestDownloadLatency": ([100_000], "Microseconds"),
        "ResponseUploadLatency": ([200_000], "Microseconds"),
        "TotalProcessingTime": ([3000, 61_000, 1000, 1000], "Milliseconds"),
    }
    ours = {metric.name: metric for metric in (EXPIRED_REQUESTS, TIME_IN_BACKLOG, PROCESSING_TIME, FAILED_REQUESTS)}
    assert {name: found[name]["Unit"] for name in ours} == {name: metric.unit for name, metric in ours.items()}


def test_a_streamed_answer_that_breaks_off_is_counted_once_among_all_requests() -> None:
    minute = Minute(invocations=3, broken_streams=1, model_seconds=[1] * 3, overhead_seconds=[0] * 3)
    found = by_name(realtime_metrics(STAMP, "logs", "AllTraffic", minute, instances=1))
    assert found["MidStreamErrors"]["StatisticValues"] == {"SampleCount": 3, "Sum": 1, "Minimum": 0, "Maximum": 1}
    whole = Minute(invocations=3, model_seconds=[1] * 3, overhead_seconds=[0] * 3)
    assert "MidStreamErrors" not in by_name(realtime_metrics(STAMP, "logs", "AllTraffic", whole, instances=1))


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
