"""Cooldowns: what a policy's last activity lets it do now.

Source: "StepScalingPolicyConfiguration" and "TargetTrackingScalingPolicyConfiguration", Application Auto Scaling API
reference.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class LastActivity:
    """What a policy did last."""

    before: int
    """The capacity that it changed."""
    outward: bool
    until: datetime
    """End of the cooldown."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """The capacity that a policy asks for now."""

    policy_arn: str
    capacity: int
    outward: bool
    """Whether it wants more than there was before its cooldown, whatever others have done since."""
    cause: str
    cooldown_out: int
    cooldown_in: int


def base_capacity(last: LastActivity | None, current: int, now: datetime) -> int:
    """What a policy reckons from: while its scale-out cools down, what it added counts as part of the next one."""
    if last is not None and last.outward and now < last.until:
        return min(last.before, current)
    return current


def blocks_scale_in(last: LastActivity | None, now: datetime) -> bool:
    """Whether a policy must not remove capacity yet."""
    return last is not None and now < last.until


def chosen(proposals: list[Proposal], holding: bool, current: int) -> Proposal | None:
    """The proposal that is carried out: the largest capacity wins.

    Args:
        proposals: of all policies that may act.
        holding: a policy that wants more waits for its cooldown, so nothing is removed.
        current: the capacity now.
    """
    largest = max(proposals, key=lambda proposal: proposal.capacity, default=None)
    if largest is None or largest.capacity == current or (holding and largest.capacity < current):
        return None
    return largest
