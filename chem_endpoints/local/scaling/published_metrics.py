"""What SageMaker publishes about endpoints, computed from the counts of one minute.

Sources: "Monitor Amazon SageMaker AI with Amazon CloudWatch", "Alarms and logs for tracking metrics from asynchronous
endpoints", "Endpoints with automatic scaling" (no invocation, no datapoint), SageMaker developer guide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from chem_endpoints.local.emf import EmbeddedMetric
from chem_endpoints.local.scaling.traffic import AsyncResult, Minute

INVOCATIONS_NAMESPACE = "AWS/SageMaker"
INSTANCES_NAMESPACE = "/aws/sagemaker/Endpoints"
COMPONENTS_NAMESPACE = "/aws/sagemaker/InferenceComponents"
PER_SECOND = {"Microseconds": 1_000_000, "Milliseconds": 1000}

MOST_SAMPLES = 200
"""Values per minute that are published one by one; more are put into so many groups of neighbours, each of which is
published as its mean: sum, count, least and most stay exact, percentiles move by less than a group."""

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

    def durations(
        self, name: str, dimensions: Mapping[str, str], seconds: Sequence[float], unit: str = "Microseconds"
    ) -> list[Datum]:
        """Durations in another unit; none of none."""
        return self.samples(name, dimensions, [second * PER_SECOND[unit] for second in seconds], unit)

    def samples(self, name: str, dimensions: Mapping[str, str], values: Sequence[float], unit: str) -> list[Datum]:
        """Values, one by one or in groups of neighbours; none of none."""
        head = self._head(name, dimensions, unit)
        if len(values) <= MOST_SAMPLES:
            return [{**head, "Values": list(values)}] if values else []
        return [{**head, "StatisticValues": _as_equals(group)} for group in _neighbours(sorted(values))]

    def _head(self, name: str, dimensions: Mapping[str, str], unit: str) -> Datum:
        listed = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        return {"MetricName": name, "Dimensions": listed, "Timestamp": self.start, "Unit": unit}


def _neighbours(ranked: Sequence[float]) -> list[Sequence[float]]:
    """The least and the most alone, all between in groups as equal in size as can be."""
    inner, groups = ranked[1:-1], MOST_SAMPLES - 2
    bounds = [index * len(inner) // groups for index in range(groups + 1)]
    between = [inner[start:end] for start, end in pairwise(bounds)]
    return [ranked[:1], *between, ranked[-1:]]


def _as_equals(group: Sequence[float]) -> dict[str, float]:
    """A summary of so many values that all are the group's mean: the only kind that has percentiles."""
    mean = sum(group) / len(group)
    return {"SampleCount": len(group), "Sum": mean * len(group), "Minimum": mean, "Maximum": mean}


def log_metrics(stamp: Stamp, metric: EmbeddedMetric, values: Sequence[float]) -> list[Datum]:
    """A metric of log lines."""
    return stamp.samples(metric.name, dict(metric.dimensions), values, metric.unit)


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
            *stamp.durations("ModelLatency", dimensions, minute.model_seconds),
            *stamp.durations("OverheadLatency", dimensions, minute.overhead_seconds),
        ]
        if minute.broken_streams:
            broken = minute.broken_streams
            data.append(stamp.per_request("MidStreamErrors", dimensions, broken, minute.invocations, 1.0))
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
        if minute.results:
            data += _async_results(stamp, of_variant, minute.results)
        if minute.invocations:
            data += _error_counts(stamp, of_variant, minute)
            data += stamp.durations("ModelLatency", of_variant, minute.model_seconds)
    return data


def _async_results(stamp: Stamp, dimensions: Mapping[str, str], results: Sequence[AsyncResult]) -> list[Datum]:
    """Of asynchronous requests that ended: counts that are not 0, and times."""
    counts = {
        "InvocationsProcessed": len(results),
        "InvocationFailures": sum(result.failed for result in results),
        "ExpiredRequests": sum(result.expired for result in results),
        "RequestDownloadFailures": sum(result.download_failed for result in results),
        "ResponseUploadFailures": sum(result.upload_failed for result in results),
        "NotificationFailures": sum(result.notice_failed for result in results),
    }
    data = [stamp.value(name, dimensions, count, "Count") for name, count in counts.items() if count]
    times = {
        "TimeInBacklog": [result.backlog_seconds for result in results],
        "RequestDownloadLatency": [result.download_seconds for result in results],
        "ResponseUploadLatency": [result.upload_seconds for result in results],
    }
    for name, seconds in times.items():
        data += stamp.durations(name, dimensions, _known(seconds))
    totals = _known([result.total_seconds for result in results])
    return data + stamp.durations("TotalProcessingTime", dimensions, totals, "Milliseconds")


def _known(seconds: Sequence[float | None]) -> list[float]:
    return [value for value in seconds if value is not None]


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
            *stamp.durations("ModelLatency", dimensions, minute.model_seconds),
        ]
    return data
