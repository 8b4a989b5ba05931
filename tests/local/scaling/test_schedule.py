"""Schedules are due in their minutes, in their timezone, and malformed ones are refused."""

from datetime import UTC, datetime

import pytest

from chem_endpoints.local.scaling.schedule import ScheduleError, parse_schedule

CREATED = datetime(2026, 11, 22, 6, 0, 30, tzinfo=UTC)  # a Sunday


def due(text: str, moment: str, timezone: str | None = None) -> bool:
    minute = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return parse_schedule(text, timezone=timezone, created=CREATED).is_due(minute)


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("cron(0 7 ? * MON-FRI *)", "2026-11-23T07:00", True),
        ("cron(0 7 ? * MON-FRI *)", "2026-11-22T07:00", False),
        ("cron(0 7 ? * MON-FRI *)", "2026-11-23T07:01", False),
        ("cron(0/15 8-18 * * ? *)", "2026-11-23T18:45", True),
        ("cron(0/15 8-18 * * ? *)", "2026-11-23T19:00", False),
        ("cron(30 4 1,15 * ? 2026-2027)", "2026-12-15T04:30", True),
        ("cron(30 4 1,15 * ? 2026-2027)", "2028-12-15T04:30", False),
        ("cron(0 0 L * ? *)", "2028-02-29T00:00", True),
        ("cron(0 0 ? * 6L *)", "2026-11-27T00:00", True),
        ("cron(0 0 ? * 6L *)", "2026-11-20T00:00", False),
        ("cron(0 0 ? * MON#2 *)", "2026-11-09T00:00", True),
        ("cron(0 0 1W * ? *)", "2026-11-02T00:00", True),
        ("cron(0 0 ? JAN,NOV SUN *)", "2026-11-22T00:00", True),
        ("at(2026-11-22T09:30:00)", "2026-11-22T09:30", True),
        ("at(2026-11-22T09:30:00)", "2026-11-22T09:31", False),
        ("rate(5 minutes)", "2026-11-22T06:05", True),
        ("rate(5 minutes)", "2026-11-22T06:06", False),
        ("rate(1 hour)", "2026-11-22T08:00", True),
        ("rate(1 day)", "2026-11-22T06:00", False),
    ],
)
def test_minutes(text: str, moment: str, expected: bool) -> None:
    assert due(text, moment) is expected


def test_a_timezone_follows_its_own_summer() -> None:
    text = "cron(0 7 ? * MON-FRI *)"
    assert due(text, "2026-11-23T06:00", "Europe/Zurich")
    assert due(text, "2027-07-05T05:00", "Europe/Zurich")
    assert due("at(2027-07-05T07:00:00)", "2027-07-05T05:00", "Europe/Zurich")


@pytest.mark.parametrize(
    "text",
    ["0 7 * * ? *", "cron(0 7 * *)", "cron(61 7 * * ? *)", "cron(0 7 ? * FUNDAY *)", "rate(0 minutes)", "rate(1 month)",
     "at(tomorrow)", "every(1 hour)"],
)  # fmt: skip
def test_malformed_schedules_are_refused(text: str) -> None:
    with pytest.raises(ScheduleError):
        parse_schedule(text, created=CREATED)


def test_an_unknown_timezone_is_refused() -> None:
    with pytest.raises(ScheduleError, match="no timezone Mars/Olympus"):
        parse_schedule("rate(1 day)", timezone="Mars/Olympus", created=CREATED)
