"""The stacks and the last lines of their histories."""

from collections.abc import Sequence
from dataclasses import dataclass

from chem_endpoints.local.cfn_stack import Event, Stack

MOST_EVENTS = 8
"""Newest events that are shown of one stack."""


@dataclass(frozen=True, kw_only=True)
class EventView:
    """One line of a stack's history."""

    at: float
    """Real seconds since 1970."""
    resource: str
    type_name: str
    status: str
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class StackView:
    """A stack that is not deleted."""

    name: str
    region: str
    status: str
    reason: str | None
    resources: int
    changed: float
    """Real seconds since 1970."""
    events: Sequence[EventView]
    """Newest first."""


def stack_view(stack: Stack) -> StackView:
    """A stack as the console shows it."""
    newest = [_event(event) for event in reversed(stack.events[-MOST_EVENTS:])]
    return StackView(
        name=stack.name,
        region=stack.region,
        status=stack.status,
        reason=stack.reason,
        resources=len(stack.state.resources),
        changed=newest[0].at if newest else stack.created.timestamp(),
        events=newest,
    )


def _event(event: Event) -> EventView:
    return EventView(
        at=event.timestamp.timestamp(),
        resource=event.logical_id,
        type_name=event.type_name,
        status=event.status,
        reason=event.reason,
    )
