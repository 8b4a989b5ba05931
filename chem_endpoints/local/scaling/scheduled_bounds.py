"""Scheduled actions: new bounds of a scalable target at their times."""

import logging
from datetime import UTC, datetime
from typing import Any

from chem_endpoints.local.scaling.schedule import Schedule, ScheduleError, parse_schedule

_LOGGER = logging.getLogger(__name__)


def apply_due_actions(backend: Any, minute: datetime) -> None:
    """Gives the targets of moto's backend the bounds of the scheduled actions that run in this minute."""
    for action in list(backend.scheduled_actions):
        target = backend.targets.get(action.scalable_dimension, {}).get(action.resource_id)
        if target is None or (target.suspended_state or {}).get("ScheduledScalingSuspended"):
            continue
        try:
            due = _within(action, minute) and _schedule(action).is_due(minute)
        except ScheduleError as error:
            _LOGGER.error("Scheduled action %s does nothing: %s", action.scheduled_action_name, error)  # noqa: TRY400
            continue
        if due:
            bounds = action.scalable_target_action or {}
            target.update(bounds.get("MinCapacity"), bounds.get("MaxCapacity"), None)
            _LOGGER.info("Scheduled action %s of %s: %s", action.scheduled_action_name, action.resource_id, bounds)


def _schedule(action: Any) -> Schedule:
    created = datetime.fromtimestamp(action.creation_time, UTC)
    return parse_schedule(action.schedule, timezone=action.timezone, created=created)


def _within(action: Any, minute: datetime) -> bool:
    start, end = _moment(action.start_time), _moment(action.end_time)
    return (start is None or start <= minute) and (end is None or minute <= end)


def _moment(value: Any) -> datetime | None:
    """A timestamp of the JSON protocol: seconds since 1970, or a text."""
    if value is None:
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    found = datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
