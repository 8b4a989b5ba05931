"""Scheduled scaling: bounds that change by the clock, for example office hours.

Source: "Scheduled scaling for Application Auto Scaling", Application Auto Scaling user guide.
"""

import re
from collections.abc import Iterable
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from chem_endpoints.spec.strict_model import StrictModel, refusal

_FIELDS = ("minutes", "hours", "day of month", "month", "day of week", "year")
_FIELD = re.compile(r"[A-Z0-9*?/,#LW-]+", re.IGNORECASE)


def _cron(expression: str) -> str:
    parts = expression.split(" ")
    if len(parts) != len(_FIELDS) or not all(_FIELD.fullmatch(part) for part in parts):
        raise refusal(f'must have six fields ({", ".join(_FIELDS)}), for example "0 7 ? * MON-FRI *"')
    if (parts[2] == "?") == (parts[4] == "?"):
        raise refusal('needs "?" for either the day of month or the day of week, for example "0 7 ? * MON-FRI *"')
    return expression


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise refusal("must be a time zone such as Europe/Zurich or UTC")
    return name


def _action_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9](-?[a-z0-9]){0,62}", name):
        raise refusal("must be 1 to 63 lower-case letters, digits and single hyphens")
    return name


class ScheduledBounds(StrictModel):
    """New bounds from a moment on, until another entry changes them."""

    name: Annotated[str, AfterValidator(_action_name)]
    """For example office-opens."""
    cron: Annotated[str, AfterValidator(_cron)]
    """Minutes, hours, day of month, month, day of week, year; for example ``0 7 ? * MON-FRI *``."""
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    """Time zone of `cron`; default UTC."""
    min: int = Field(ge=0)
    """Fewest instances (copies, provisioned concurrency) from then on."""
    max: int = Field(ge=0)
    """Most of them; 0 keeps the endpoint asleep, whatever is queued."""


def lowest(minimum: int, schedule: Iterable[ScheduledBounds]) -> int:
    """The least that may run at any time."""
    return min([minimum, *(bounds.min for bounds in schedule)])


def _distinct(schedule: tuple[ScheduledBounds, ...]) -> tuple[ScheduledBounds, ...]:
    names = [each.name for each in schedule]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise refusal(f"has {', '.join(doubled)} more than once; a name tells the entries apart")
    return schedule


Schedule = Annotated[tuple[ScheduledBounds, ...], AfterValidator(_distinct), Field(strict=False)]
"""Changes of the bounds by the clock; default: none."""
