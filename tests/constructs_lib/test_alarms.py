"""Alarm rules carry declared thresholds in the metrics' units."""

from chem_endpoints.spec.asynchronous import AsyncAlarms
from chem_endpoints.spec.realtime import RealtimeAlarms
from constructs_lib.alarms import async_alarms, realtime_alarms


def test_realtime_thresholds() -> None:
    rules = {rule.key: rule for rule in realtime_alarms(RealtimeAlarms(error_percent=0.5, p99_latency_ms=900))}
    assert {key: rule.threshold for key, rule in rules.items()} == {
        "server-errors": 0.5,
        "slow-answers": 900_000,
        "disk-full": 75,
    }
    assert "0.5 %" in rules["server-errors"].summary


def test_async_thresholds() -> None:
    rules = {rule.key: rule for rule in async_alarms(AsyncAlarms(oldest_request_minutes=5))}
    assert rules["oldest-request"].threshold == 300
    assert rules["no-capacity"].datapoints == 20
    assert rules["failed-requests"].threshold == 1


def test_no_data_is_no_alarm() -> None:
    rules = (*realtime_alarms(RealtimeAlarms()), *async_alarms(AsyncAlarms()))
    assert {rule.missing for rule in rules} == {"notBreaching"}
