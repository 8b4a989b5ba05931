"""When a scheduled action runs: ``cron(...)``, ``at(...)``, ``rate(...)``.

Source: "Schedule recurring scaling actions using cron expressions", Application Auto Scaling user guide.
"""

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FORM = re.compile(r"(cron|at|rate)\((.*)\)")
_UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}


class ScheduleError(ValueError):
    """A schedule expression that is malformed, or that the local AWS does not know."""


@dataclass(frozen=True)
class Schedule:
    """A parsed schedule expression."""

    text: str
    zone: ZoneInfo
    created: datetime
    """From here ``rate`` counts."""

    def is_due(self, minute: datetime) -> bool:
        """Whether it runs in this minute (UTC)."""
        kind, body = _split(self.text)
        if kind == "at":
            return _moment(body, self.zone).replace(second=0) == minute
        if kind == "rate":
            passed = (minute - self.created.replace(second=0, microsecond=0)).total_seconds()
            return passed > 0 and passed % _rate(body) == 0
        return _matches(body.split(), minute.astimezone(self.zone))


def parse_schedule(text: str, *, timezone: str | None = None, created: datetime) -> Schedule:
    """Checks a schedule expression and returns it.

    Raises:
        ScheduleError: the local AWS cannot follow it.
    """
    try:
        schedule = Schedule(text, ZoneInfo(timezone or "UTC"), created)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ScheduleError(f"There is no timezone {timezone}") from error
    try:
        schedule.is_due(created)
    except (ValueError, KeyError, IndexError) as error:
        raise ScheduleError(f"The schedule expression {text} is not valid") from error
    return schedule


def _split(text: str) -> tuple[str, str]:
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ScheduleError(f"The schedule expression {text} is not valid")
    return found.group(1), found.group(2).strip()


def _moment(body: str, zone: ZoneInfo) -> datetime:
    return datetime.strptime(body, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone).astimezone(UTC)


def _rate(body: str) -> float:
    number, unit = body.split()
    seconds = int(number) * _UNITS[unit.removesuffix("s")]
    if seconds <= 0:
        raise ScheduleError(f"rate({body}) is not positive")
    return seconds


def _matches(fields: list[str], local: datetime) -> bool:
    minutes, hours, days, months, weekdays, years = fields
    weekday = local.isoweekday() % 7 + 1
    fits = [  # All of them, so that a malformed one is found at any time.
        _covers(minutes, local.minute, 0, 59),
        _covers(hours, local.hour, 0, 23),
        _covers(months, local.month, 1, 12, _MONTHS),
        _covers(years, local.year, 1970, 2199),
        _on_day_of_month(days, local),
        _on_weekday(weekdays, weekday, local),
    ]
    return all(fits)


def _on_day_of_month(field: str, local: datetime) -> bool:
    last = calendar.monthrange(local.year, local.month)[1]
    if field == "L":
        return local.day == last
    if field.endswith("W"):
        return local.day == _nearest_workday(int(field.removesuffix("W")), local)
    return _covers(field, local.day, 1, 31)


def _nearest_workday(day: int, local: datetime) -> int:
    last = calendar.monthrange(local.year, local.month)[1]
    wanted = local.replace(day=min(day, last))
    if wanted.isoweekday() == 6:
        return wanted.day - 1 if wanted.day > 1 else wanted.day + 2
    if wanted.isoweekday() == 7:
        return wanted.day + 1 if wanted.day < last else wanted.day - 2
    return wanted.day


def _on_weekday(field: str, weekday: int, local: datetime) -> bool:
    if field.endswith("L") and field != "L":
        next_week = local + timedelta(days=7)
        return weekday == _number(field.removesuffix("L"), _DAYS) and next_week.month != local.month
    if "#" in field:
        day, occurrence = field.split("#")
        return weekday == _number(day, _DAYS) and (local.day - 1) // 7 + 1 == int(occurrence)
    return _covers(field, weekday, 1, 7, _DAYS)


def _covers(field: str, value: int, least: int, most: int, names: Mapping[str, int] | None = None) -> bool:
    parts = [_part_covers(part, value, least, most, names or {}) for part in field.split(",")]
    return any(parts)


def _part_covers(part: str, value: int, least: int, most: int, names: Mapping[str, int]) -> bool:
    span, _, step = part.partition("/")
    if span in ("*", "?"):
        first, last = least, most
    elif "-" in span:
        first, last = (_number(end, names) for end in span.split("-"))
    else:
        first = _number(span, names)
        last = most if step else first
    if not (least <= first <= most and least <= last <= most):
        raise ScheduleError(f"{part} is not between {least} and {most}")
    inside = first <= value <= last if first <= last else value >= first or value <= last
    return inside and (value - first) % int(step or 1) == 0


def _number(text: str, names: Mapping[str, int]) -> int:
    return names[text.upper()] if text.upper() in names else int(text)
