"""What SageMaker publishes about endpoints, computed from the counts of one minute.

Sources: "Monitor Amazon SageMaker AI with Amazon CloudWatch", "Alarms and logs for tracking metrics from asynchronous
endpoints", "Endpoints with automatic scaling" (no invocation, no datapoint), SageMaker developer guide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chem_endpoints.local.scaling.traffic import Minute

INVOCATIONS_NAMESPACE = "AWS/SageMaker"
INSTANCES_NAMESPACE = "/aws/sagemaker/Endpoints"
MICROSECONDS = 1_000_000

MOST_SAMPLES = 1000
"""Latencies per minute that are published one by one; of more, so many evenly spaced ones, which keep percentiles."""

Datum = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """The queue of an asynchronous endpoint."""

    size: int
    """Requests that wait or run."""
    waiting: int
    oldest_seconds: float
    """Age of the oldest request that waits or runs."""


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """When the counted minute began."""

    start: datetime

    def value(self, name: str, dimensions: Mapping[str, str], value: float, unit: str = "None") -> Datum:
        """One value."""
        return {**self._head(name, dimensions, unit), "Value": value}

    def per_request(
        self, name: str, dimensions: Mapping[str, str], total: float, requests: int, most: float, unit: str = "None"
    ) -> Datum:
        """As many samples as requests, as a summary."""
        least = total / requests if total == requests * most else 0.0
        statistics = {"SampleCount": requests, "Sum": total, "Minimum": least, "Maximum": most}
        return {**self._head(name, dimensions, unit), "StatisticValues": statistics}

    def samples(self, name: str, dimensions: Mapping[str, str], seconds: Sequence[float]) -> Datum:
        """Durations, one by one."""
        ranked = sorted(seconds)
        if len(ranked) > MOST_SAMPLES:
            step = (len(ranked) - 1) / (MOST_SAMPLES - 1)
            ranked = [ranked[round(index * step)] for index in range(MOST_SAMPLES)]
        values = [second * MICROSECONDS for second in ranked]
        return {**self._head(name, dimensions, "Microseconds"), "Values": values}

    def _head(self, name: str, dimensions: Mapping[str, str], unit: str) -> Datum:
        listed = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        return {"MetricName": name, "Dimensions": listed, "Timestamp": self.start, "Unit": unit}


def realtime_metrics(
    stamp: Stamp, endpoint: str, variant: str, minute: Minute, *, instances: int, provisioned: int = 0
) -> list[Datum]:
    """Of a real-time or serverless variant; nothing in a minute without requests, as in SageMaker.

    Args:
        stamp: the minute.
        endpoint: its name.
        variant: its name.
        minute: its counts.
        instances: that serve; 0: serverless.
        provisioned: provisioned concurrency of a serverless variant.
    """
    dimensions = {"EndpointName": endpoint, "VariantName": variant}
    data = []
    if minute.invocations:
        data = _error_counts(stamp, dimensions, minute)
        data += [
            stamp.per_request("Invocations", dimensions, minute.invocations, minute.invocations, 1.0),
            stamp.samples("ModelLatency", dimensions, minute.model_seconds),
            stamp.samples("OverheadLatency", dimensions, minute.overhead_seconds),
        ]
        if instances:
            share = minute.invocations / instances
            data.append(
                stamp.per_request("InvocationsPerInstance", dimensions, share, minute.invocations, 1 / instances)
            )
    if minute.busiest and instances:
        data.append(stamp.value("ConcurrentRequestsPerModel", dimensions, minute.busiest / instances, "Count"))
    if minute.busiest and provisioned:
        name = "ServerlessProvisionedConcurrencyUtilization"
        data.append(stamp.value(name, dimensions, minute.busiest / provisioned))
    return data


def _error_counts(stamp: Stamp, dimensions: Mapping[str, str], minute: Minute) -> list[Datum]:
    """0 or 1 per request."""
    counts = {"Invocation4XXErrors": minute.client_errors, "Invocation5XXErrors": minute.server_errors}
    return [
        stamp.per_request(name, dimensions, count, minute.invocations, min(1.0, count))
        for name, count in counts.items()
    ]


def async_metrics(
    stamp: Stamp, endpoint: str, minutes: Mapping[str, Minute], backlog: Backlog, *, instances: int
) -> list[Datum]:
    """Of an asynchronous endpoint: its queue every minute, results where there are some.

    Args:
        stamp: the minute.
        endpoint: its name.
        minutes: counts by variant.
        backlog: the queue now.
        instances: that take requests; with none, a backlog per instance is not published.
    """
    dimensions = {"EndpointName": endpoint}
    starved = float(backlog.size > 0 and instances == 0)
    data = [
        stamp.value("ApproximateBacklogSize", dimensions, backlog.size, "Count"),
        stamp.value("HasBacklogWithoutCapacity", dimensions, starved, "Count"),
    ]
    if instances:
        data.append(stamp.value("ApproximateBacklogSizePerInstance", dimensions, backlog.size / instances, "Count"))
    if backlog.size:
        data.append(stamp.value("ApproximateAgeOfOldestRequest", dimensions, backlog.oldest_seconds, "Seconds"))
    for variant, minute in minutes.items():
        of_variant = {**dimensions, "VariantName": variant}
        if minute.processed:
            data.append(stamp.value("InvocationsProcessed", of_variant, minute.processed, "Count"))
        if minute.failed:
            data.append(stamp.value("InvocationFailures", of_variant, minute.failed, "Count"))
        if minute.invocations:
            data += _error_counts(stamp, of_variant, minute)
            data.append(stamp.samples("ModelLatency", of_variant, minute.model_seconds))
    return data


def component_metrics(stamp: Stamp, component: str, minute: Minute, *, copies: int, refused: int) -> list[Datum]:
    """Of an inference component: zeros too while it has copies, so that it can be scaled in to none."""
    dimensions = {"InferenceComponentName": component}
    data = []
    if refused:
        data.append(stamp.value("NoCapacityInvocationFailures", dimensions, refused, "Count"))
    if copies:
        data += [
            stamp.value("InvocationsPerCopy", dimensions, minute.invocations / copies),
            stamp.value("ConcurrentRequestsPerCopy", dimensions, minute.busiest / copies, "Count"),
        ]
    if minute.invocations:
        data += [
            stamp.value("Invocations", dimensions, minute.invocations, "Count"),
            *_error_counts(stamp, dimensions, minute),
            stamp.samples("ModelLatency", dimensions, minute.model_seconds),
        ]
    return data
