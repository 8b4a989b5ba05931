"""Alarm rules carry declared thresholds in the metrics' units, and each kind watches what it publishes."""

import re
from pathlib import Path

import pytest

from chem_endpoints.spec.asynchronous import AsyncAlarms, BacklogScaling
from chem_endpoints.spec.component import ComponentAlarms
from chem_endpoints.spec.realtime import RealtimeAlarms
from chem_endpoints.spec.serverless import ServerlessAlarms
from constructs_lib.alarm_rule import RUNBOOK, AlarmRule, PercentRule
from constructs_lib.alarms import (
    BACKLOG_WAKE,
    COPY_WAKE,
    ROLLBACK_PERIOD_SECONDS,
    async_alarms,
    backlog_sleep,
    component_alarms,
    realtime_alarms,
    rollback_alarms,
    serverless_alarms,
)

KINDS: dict[str, tuple[AlarmRule, ...]] = {
    "realtime": realtime_alarms(RealtimeAlarms()),
    "async": async_alarms(AsyncAlarms()),
    "serverless": serverless_alarms(ServerlessAlarms()),
    "inference_component": component_alarms(ComponentAlarms()),
}


def by_key(rules: tuple[AlarmRule, ...]) -> dict[str, AlarmRule]:
    return {rule.key: rule for rule in rules}


def metrics_of(rule: AlarmRule) -> list[str]:
    return [rule.part.name, rule.whole.name] if isinstance(rule, PercentRule) else [rule.metric.name]


def test_realtime_thresholds() -> None:
    rules = by_key(realtime_alarms(RealtimeAlarms(error_percent=0.5, p99_latency_ms=900)))
    assert {key: rule.threshold for key, rule in rules.items()} == {
        "server-errors": 0.5,
        "slow-answers": 900_000,
        "disk-full": 75,
    }
    assert "0.5 %" in rules["server-errors"].summary


def test_async_thresholds() -> None:
    rules = by_key(async_alarms(AsyncAlarms(oldest_request_minutes=5)))
    assert rules["oldest-request"].threshold == 300
    assert rules["no-capacity"].datapoints == 20
    assert rules["failed-requests"].threshold == 1


def test_serverless_thresholds() -> None:
    rules = by_key(serverless_alarms(ServerlessAlarms(setup_seconds=20, p99_latency_ms=900)))
    assert rules["slow-cold-start"].threshold == 20_000_000
    assert rules["slow-answers"].threshold == 900_000
    assert (rules["no-concurrency-left"].threshold, rules["no-concurrency-left"].datapoints) == (1, 5)


def test_component_thresholds() -> None:
    rules = by_key(component_alarms(ComponentAlarms(minutes_without_capacity=12, disk_percent=60)))
    assert (rules["no-copy"].threshold, rules["no-copy"].datapoints) == (1, 12)
    assert rules["disk-full"].threshold == 60
    assert metrics_of(rules["no-copy"]) == metrics_of(COPY_WAKE)


@pytest.mark.parametrize("kind", KINDS)
def test_no_data_is_no_alarm(kind: str) -> None:
    assert {rule.missing for rule in KINDS[kind]} == {"notBreaching"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_alarm_has_a_severity_a_sentence_and_a_section_in_the_runbook(kind: str) -> None:
    text = (Path(__file__).resolve().parents[2] / RUNBOOK).read_text(encoding="utf-8")
    sections = set(re.findall(r"^## (\S+)$", text, re.MULTILINE))
    rules = (*KINDS[kind], *rollback_alarms(KINDS[kind]))
    assert {rule.key for rule in rules} <= sections
    assert {rule.severity for rule in rules} <= {"page", "ticket"}
    assert all(rule.summary.endswith(".") for rule in rules)


ROLLBACK = {
    "realtime": {"rollback-server-errors", "rollback-slow-answers"},
    "async": {"rollback-failed-requests"},
    "inference_component": {"rollback-server-errors", "rollback-slow-answers"},
}


@pytest.mark.parametrize("kind", ROLLBACK)
def test_an_update_is_undone_within_a_minute_by_the_same_metrics(kind: str) -> None:
    twins = by_key(rollback_alarms(KINDS[kind]))
    assert set(twins) == ROLLBACK[kind]
    originals = by_key(KINDS[kind])
    for key, twin in twins.items():
        original = originals[key.removeprefix("rollback-")]
        assert metrics_of(twin) == metrics_of(original)
        assert twin.threshold == original.threshold
        assert twin.period_seconds * twin.datapoints == ROLLBACK_PERIOD_SECONDS


def test_shares_compare_counts_of_the_same_kind() -> None:
    assert metrics_of(by_key(KINDS["realtime"])["server-errors"]) == ["Invocation5XXErrors", "Invocations"]
    assert metrics_of(by_key(KINDS["async"])["failed-requests"]) == ["InvocationFailures", "InvocationsProcessed"]
    component = by_key(KINDS["inference_component"])["server-errors"]
    assert isinstance(component, PercentRule)
    assert component.part.dimensions == component.whole.dimensions == ("InferenceComponentName",)


def test_what_drives_scaling_wakes_on_one_request_and_sleeps_after_the_declared_minutes() -> None:
    for wake, minutes in ((BACKLOG_WAKE, 2), (COPY_WAKE, 1)):
        assert (wake.comparison, wake.threshold) == ("GreaterThanOrEqualToThreshold", 1)
        assert wake.period_seconds * wake.datapoints == 60 * minutes
        assert wake.severity == "none"
    sleep = backlog_sleep(BacklogScaling(idle_minutes=25))
    assert (sleep.comparison, sleep.threshold, sleep.datapoints) == ("LessThanOrEqualToThreshold", 0, 25)
    assert sleep.missing == "notBreaching"
