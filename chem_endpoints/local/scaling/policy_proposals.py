"""What the policies of a scalable target ask for in one minute."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chem_endpoints.local.scaling.alarm_book import Trigger
from chem_endpoints.local.scaling.cooldown import Proposal
from chem_endpoints.local.scaling.datapoints import Datapoints
from chem_endpoints.local.scaling.scalable_resource import ResourceKey
from chem_endpoints.local.scaling.step_scaling import step_capacity
from chem_endpoints.local.scaling.target_tracking import (
    DEFAULT_COOLDOWN,
    IN_MINUTES,
    UnsupportedMetricError,
    Wish,
    tracked_metric,
    tracking_wish,
)

_LOGGER = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Proposals:
    """The proposals that may be carried out, and whether a policy that wants more is waiting."""

    proposals: list[Proposal] = field(default_factory=list)
    holding: bool = False

    def add(self, proposal: Proposal | None, current: int, scale_in_blocked: bool) -> None:
        """Adds what a policy asks for, unless its cooldown forbids it."""
        if proposal is None:
            return
        if proposal.capacity >= current or proposal.outward:
            self.holding = self.holding or proposal.capacity <= current
            self.proposals.extend([proposal] if proposal.capacity > current else [])
        elif not scale_in_blocked:
            self.proposals.append(proposal)


def cooldowns(policy: Any) -> tuple[int, int]:
    """Seconds after scaling out and after scaling in."""
    step = policy.step_scaling_policy_configuration
    if step is not None:
        seconds = int(_given(step.get("Cooldown")))
        return seconds, seconds
    tracking = policy.target_tracking_scaling_policy_configuration
    return int(_given(tracking.get("ScaleOutCooldown"))), int(_given(tracking.get("ScaleInCooldown")))


def _given(seconds: Any) -> Any:
    return DEFAULT_COOLDOWN if seconds is None else seconds


def step_proposal(policy: Any, trigger: Trigger, base: int) -> Proposal | None:
    """What a step policy asks for when its alarm fires."""
    capacity = step_capacity(
        policy.step_scaling_policy_configuration, capacity=base, values=trigger.values, threshold=trigger.threshold
    )
    if capacity is None:
        return None
    cause = f"monitor alarm {trigger.alarm} in state ALARM triggered policy {policy.policy_name}"
    return _proposal(policy, capacity, base, cause)


def tracking_proposals(
    key: ResourceKey,
    policies: Sequence[tuple[Any, int]],
    datapoints: Datapoints,
    minute: datetime,
    current: int,
) -> list[Proposal]:
    """What the target tracking policies ask for: more if one wants more, less only if all want less."""
    wishes = [(policy, base, _wish(key, policy, datapoints, minute)) for policy, base in policies]
    outward = [
        _proposal(policy, wish.capacity(base), base, _cause(policy, wish))
        for policy, base, wish in wishes
        if wish.direction > 0 and base > 0
    ]
    if outward:
        return outward
    able = [item for item in wishes if not item[0].target_tracking_scaling_policy_configuration.get("DisableScaleIn")]
    if not able or any(wish.direction >= 0 for _, _, wish in able):
        return []
    return [_proposal(policy, wish.capacity(current), current, _cause(policy, wish)) for policy, _, wish in able]


def _wish(key: ResourceKey, policy: Any, datapoints: Datapoints, minute: datetime) -> Wish:
    config = policy.target_tracking_scaling_policy_configuration
    try:
        query = tracked_metric(config, key.metric_dimensions)
        return tracking_wish(config, query.values(datapoints, minute, IN_MINUTES))
    except (UnsupportedMetricError, ValueError) as error:
        _LOGGER.error("Policy %s does nothing: %s", policy.policy_name, error)  # noqa: TRY400
        return Wish(direction=0)


def _cause(policy: Any, wish: Wish) -> str:
    side = "high" if wish.direction > 0 else "low"
    return (
        f"monitor alarm TargetTracking-{policy.policy_name}-{side} triggered policy {policy.policy_name}: {wish.reason}"
    )


def _proposal(policy: Any, capacity: int, base: int, cause: str) -> Proposal:
    outward, inward = cooldowns(policy)
    return Proposal(
        policy_arn=policy.policy_arn,
        capacity=capacity,
        outward=capacity > base,
        cause=cause,
        cooldown_out=outward,
        cooldown_in=inward,
    )
