"""Which alarm watches what, at which declared threshold: one table per kind of endpoint, then the alarms that undo an
update, then those that only drive scaling."""

from collections.abc import Sequence
from dataclasses import replace

from chem_endpoints.spec.asynchronous import AsyncAlarms, BacklogScaling
from chem_endpoints.spec.component import ComponentAlarms
from chem_endpoints.spec.realtime import RealtimeAlarms, RequestAlarms
from chem_endpoints.spec.serverless import ServerlessAlarms
from constructs_lib import metrics
from constructs_lib.alarm_rule import AlarmRule, MetricRule, PercentRule

ROLLBACK_PERIOD_SECONDS = 60
"""Period of the alarms that undo an update: shorter than the shortest wait that a declaration may ask for."""


def realtime_alarms(thresholds: RealtimeAlarms) -> tuple[AlarmRule, ...]:
    """Errors of ours, slow answers, full disks; for each production variant."""
    return (
        _server_errors(thresholds, metrics.SERVER_ERRORS, metrics.INVOCATIONS),
        _slow_answers(thresholds, metrics.MODEL_LATENCY),
        _disk_full(thresholds),
    )


def serverless_alarms(thresholds: ServerlessAlarms) -> tuple[AlarmRule, ...]:
    """Errors of ours, slow answers, slow cold starts, no concurrency left."""
    return (
        _server_errors(thresholds, metrics.SERVER_ERRORS, metrics.INVOCATIONS),
        _slow_answers(thresholds, metrics.MODEL_LATENCY),
        MetricRule(
            key="slow-cold-start",
            summary=f"A cold start took more than {thresholds.setup_seconds} s; AWS gives up after 180 s.",
            severity="ticket",
            metric=metrics.SETUP_TIME,
            threshold=thresholds.setup_seconds * metrics.MICROSECONDS_PER_SECOND,
        ),
        MetricRule(
            key="no-concurrency-left",
            summary="All of max_concurrency was in use for 5 minutes: AWS throttles callers.",
            severity="page",
            metric=metrics.CONCURRENCY_IN_USE,
            comparison="GreaterThanOrEqualToThreshold",
            threshold=1,
            datapoints=5,
        ),
    )


def component_alarms(thresholds: ComponentAlarms) -> tuple[AlarmRule, ...]:
    """Errors of ours, slow answers, full disks, requests that find no copy."""
    return (
        _server_errors(thresholds, metrics.COMPONENT_SERVER_ERRORS, metrics.COMPONENT_INVOCATIONS),
        _slow_answers(thresholds, metrics.COMPONENT_LATENCY),
        _disk_full(thresholds),
        MetricRule(
            key="no-copy",
            summary=f"Requests have met no copy of the model for {thresholds.minutes_without_capacity} minutes: "
            "it does not start.",
            severity="page",
            metric=metrics.NO_CAPACITY_FAILURES,
            comparison="GreaterThanOrEqualToThreshold",
            threshold=1,
            datapoints=thresholds.minutes_without_capacity,
        ),
    )


def async_alarms(thresholds: AsyncAlarms) -> tuple[AlarmRule, ...]:
    """Requests that wait too long, fail, expire, or find no instance."""
    return (
        MetricRule(
            key="oldest-request",
            summary=f"A request has waited for more than {thresholds.oldest_request_minutes} minutes.",
            severity="page",
            metric=metrics.OLDEST_REQUEST_AGE,
            threshold=thresholds.oldest_request_minutes * metrics.SECONDS_PER_MINUTE,
        ),
        PercentRule(
            key="failed-requests",
            summary=f"More than {thresholds.failure_percent:g} % of the requests of 5 minutes failed.",
            severity="page",
            part=metrics.FAILED_REQUESTS,
            whole=metrics.PROCESSED_REQUESTS,
            threshold=thresholds.failure_percent,
        ),
        MetricRule(
            key="expired-requests",
            summary="Requests waited so long that AWS dropped them unanswered.",
            severity="page",
            metric=metrics.EXPIRED_REQUESTS,
            comparison="GreaterThanOrEqualToThreshold",
            threshold=1,
        ),
        MetricRule(
            key="no-capacity",
            summary=f"Requests have waited for {thresholds.backlog_minutes_without_capacity} minutes without any "
            "instance: it does not start.",
            severity="page",
            metric=metrics.BACKLOG_WITHOUT_CAPACITY,
            comparison="GreaterThanOrEqualToThreshold",
            threshold=1,
            datapoints=thresholds.backlog_minutes_without_capacity,
        ),
    )


BACKLOG_WAKE = MetricRule(
    key="wake",
    summary="Requests wait and no instance runs: adds the first instance. No action needed.",
    severity="none",
    metric=metrics.BACKLOG_WITHOUT_CAPACITY,
    comparison="GreaterThanOrEqualToThreshold",
    threshold=1,
    datapoints=2,
    missing="missing",
)
"""Two minutes with a backlog and no instance, as in AWS's example."""

COPY_WAKE = MetricRule(
    key="wake",
    summary="A request found no copy: adds the first one. No action needed.",
    severity="none",
    metric=metrics.NO_CAPACITY_FAILURES,
    comparison="GreaterThanOrEqualToThreshold",
    threshold=1,
    missing="missing",
)
"""One failed request; AWS's example wants more than one, so that a single request never wakes the endpoint."""


def backlog_sleep(scaling: BacklogScaling) -> MetricRule:
    """Nothing queued or running for the declared minutes."""
    return MetricRule(
        key="sleep",
        summary=f"Nothing queued or running for {scaling.idle_minutes} minutes: goes to the fewest instances. "
        "No action needed.",
        severity="none",
        metric=metrics.BACKLOG,
        comparison="LessThanOrEqualToThreshold",
        threshold=0,
        datapoints=scaling.idle_minutes,
        # Without data nobody knows whether a request still runs, so nothing is stopped.
        missing="notBreaching",
    )


def rollback_alarms(rules: Sequence[AlarmRule]) -> tuple[AlarmRule, ...]:
    """The faster twins of the alarms that speak of answers, which undo an update while it is under way."""
    return tuple(_undoing(rule) for rule in rules if rule.key in _UNDO)


_UNDO = {
    "server-errors": ("rollback-server-errors", "Requests fail with 5xx since the update: it is undone."),
    "slow-answers": ("rollback-slow-answers", "Answers are slow since the update: it is undone."),
    "failed-requests": ("rollback-failed-requests", "Requests fail since the update: it is undone."),
}


def _undoing(rule: AlarmRule) -> AlarmRule:
    key, summary = _UNDO[rule.key]
    return replace(
        rule, key=key, summary=summary, severity="ticket", period_seconds=ROLLBACK_PERIOD_SECONDS, datapoints=1
    )


def _server_errors(
    thresholds: RequestAlarms, part: metrics.EndpointMetric, whole: metrics.EndpointMetric
) -> PercentRule:
    return PercentRule(
        key="server-errors",
        summary=f"More than {thresholds.error_percent:g} % of the requests of 5 minutes got a 5xx answer.",
        severity="page",
        part=part,
        whole=whole,
        threshold=thresholds.error_percent,
    )


def _slow_answers(thresholds: RequestAlarms, metric: metrics.EndpointMetric) -> MetricRule:
    return MetricRule(
        key="slow-answers",
        summary=f"The slowest 1 % of the requests took over {thresholds.p99_latency_ms} ms for 5 minutes.",
        severity="ticket",
        metric=metric,
        threshold=thresholds.p99_latency_ms * metrics.MICROSECONDS_PER_MILLISECOND,
        datapoints=5,
    )


def _disk_full(thresholds: RealtimeAlarms) -> MetricRule:
    return MetricRule(
        key="disk-full",
        summary=f"An instance's disk is more than {thresholds.disk_percent} % full; data capture may stop.",
        severity="ticket",
        metric=metrics.DISK_UTILIZATION,
        threshold=thresholds.disk_percent,
        datapoints=5,
    )
