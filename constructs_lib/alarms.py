"""The alarms of each kind: what should wake somebody, and at which declared threshold."""

from collections.abc import Sequence

from constructs import Construct

from chem_endpoints.spec.asynchronous import AsyncAlarms
from chem_endpoints.spec.realtime import RealtimeAlarms
from constructs_lib.alarm_rule import AlarmRule, MetricRule, PercentRule
from constructs_lib.metrics import (
    BACKLOG_WITHOUT_CAPACITY,
    DISK_UTILIZATION,
    FAILED_REQUESTS,
    INVOCATIONS,
    MICROSECONDS_PER_MILLISECOND,
    MODEL_LATENCY,
    OLDEST_REQUEST_AGE,
    PROCESSED_REQUESTS,
    SECONDS_PER_MINUTE,
    SERVER_ERRORS,
)
from constructs_lib.naming import EndpointNames
from constructs_lib.rule_alarm import RuleAlarm


def realtime_alarms(thresholds: RealtimeAlarms) -> tuple[AlarmRule, ...]:
    """Errors of ours, slow answers, full disks."""
    return (
        PercentRule(
            key="server-errors",
            summary=f"More than {thresholds.error_percent:g} % of the requests of 5 minutes got a 5xx answer.",
            part=SERVER_ERRORS,
            whole=INVOCATIONS,
            threshold=thresholds.error_percent,
        ),
        MetricRule(
            key="slow-answers",
            summary=f"The slowest 1 % of the requests took over {thresholds.p99_latency_ms} ms for 5 minutes.",
            metric=MODEL_LATENCY,
            threshold=thresholds.p99_latency_ms * MICROSECONDS_PER_MILLISECOND,
            datapoints=5,
        ),
        MetricRule(
            key="disk-full",
            summary=f"An instance's disk is more than {thresholds.disk_percent} % full; data capture may stop.",
            metric=DISK_UTILIZATION,
            threshold=thresholds.disk_percent,
            datapoints=5,
        ),
    )


def async_alarms(thresholds: AsyncAlarms) -> tuple[AlarmRule, ...]:
    """Requests that wait too long, fail, or find no instance."""
    return (
        MetricRule(
            key="oldest-request",
            summary=f"A request has waited for more than {thresholds.oldest_request_minutes} minutes.",
            metric=OLDEST_REQUEST_AGE,
            threshold=thresholds.oldest_request_minutes * SECONDS_PER_MINUTE,
        ),
        PercentRule(
            key="failed-requests",
            summary=f"More than {thresholds.failure_percent:g} % of the requests of 5 minutes failed.",
            part=FAILED_REQUESTS,
            whole=PROCESSED_REQUESTS,
            threshold=thresholds.failure_percent,
        ),
        MetricRule(
            key="no-capacity",
            summary=f"Requests have waited for {thresholds.backlog_minutes_without_capacity} minutes without any "
            "instance: it does not start.",
            metric=BACKLOG_WITHOUT_CAPACITY,
            comparison="GreaterThanOrEqualToThreshold",
            threshold=1,
            datapoints=thresholds.backlog_minutes_without_capacity,
        ),
    )


class AlarmSet(Construct):
    """The alarms of one endpoint; all of them publish to the shared topic."""

    def __init__(
        self, scope: Construct, construct_id: str, *, rules: Sequence[AlarmRule], names: EndpointNames
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            rules: one per alarm.
            names: the endpoint's names.
        """
        super().__init__(scope, construct_id)
        self.alarms = tuple(
            RuleAlarm(self, rule.key, rule=rule, names=names, action_arns=[names.shared.alarm_topic_arn])
            for rule in rules
        )
