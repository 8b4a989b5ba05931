"""Application Auto Scaling: bounds, schedules and policies become capacities.

It acts through the local AWS's own public API, as AWS's does: an endpoint that is being updated is left alone.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.scaling.activities import Activities, Activity
from chem_endpoints.local.scaling.alarm_book import Trigger
from chem_endpoints.local.scaling.cooldown import LastActivity, Proposal, base_capacity, blocks_scale_in, chosen
from chem_endpoints.local.scaling.datapoints import Datapoints
from chem_endpoints.local.scaling.policy_proposals import Proposals, step_proposal, tracking_proposals
from chem_endpoints.local.scaling.scalable_resource import (
    Capacity,
    ResourceKey,
    UnknownResourceError,
    read_capacity,
    set_capacity,
)
from chem_endpoints.local.scaling.scheduled_bounds import apply_due_actions

_LOGGER = logging.getLogger(__name__)


@dataclass(kw_only=True)
class _Watch:
    """What is remembered of a scalable target."""

    bounds: tuple[int, int] | None = None
    """Those that the capacity was brought into."""
    last: dict[str, LastActivity] = field(default_factory=dict)
    """By the policy's ARN."""
    running: Activity | None = None
    proposal: Proposal | None = None
    before: int = 0


class Autoscaler:
    """The scalable targets of one local AWS."""

    def __init__(self, clients: OwnClients, activities: Activities) -> None:
        self._clients, self._activities = clients, activities
        self._watches: dict[ResourceKey, _Watch] = {}

    def act(self, backend: Any, triggers: Sequence[Trigger], datapoints: Datapoints, minute: datetime) -> None:
        """One minute of one region.

        Args:
            backend: moto's record of targets, policies and scheduled actions.
            triggers: step policies whose alarms fire.
            datapoints: for target tracking.
            minute: the minute that begins now.
        """
        targets = {
            ResourceKey(backend.region_name, target.resource_id, target.scalable_dimension): target
            for by_resource in list(backend.targets.values())
            for target in list(by_resource.values())
            if target.service_namespace == "sagemaker"
        }
        for gone in [key for key in self._watches if key.region == backend.region_name and key not in targets]:
            del self._watches[gone]
        apply_due_actions(backend, minute)
        for key, target in targets.items():
            policies = [policy for policy in list(backend.policies.values()) if _belongs(policy, key)]
            try:
                self._one(key, target, policies, triggers, datapoints, minute)
            except (ClientError, BotoCoreError, UnknownResourceError) as error:
                _LOGGER.warning("%s is not scaled: %s", key.resource_id, error)
            except Exception:
                _LOGGER.exception("%s is not scaled; the other targets are", key.resource_id)

    def snapshot(self) -> dict[ResourceKey, Any]:
        """What is remembered of each target."""
        return dict(self._watches)

    def restore(self, kept: dict[ResourceKey, Any]) -> None:
        """Takes what another process remembered; activities that ran go on."""
        self._watches.update(kept)

    def finish(self, minute: datetime) -> bool:
        """Notes which activities have ended; tells whether one still runs."""
        for key, watch in list(self._watches.items()):
            try:
                self._finish_one(key, watch, minute)
            except (ClientError, BotoCoreError) as error:
                _LOGGER.warning("The capacity of %s cannot be read: %s", key.resource_id, error)
        return any(watch.running is not None for watch in self._watches.values())

    def _one(
        self,
        key: ResourceKey,
        target: Any,
        policies: Iterable[Any],
        triggers: Sequence[Trigger],
        datapoints: Datapoints,
        minute: datetime,
    ) -> None:
        watch = self._watches.setdefault(key, _Watch())
        self._finish_one(key, watch, minute)
        capacity = read_capacity(key, self._clients)
        if capacity is None or capacity.busy or watch.running is not None:
            return
        if self._brought_into_bounds(key, target, watch, capacity, minute):
            return
        wanted = _proposals(key, policies, triggers, datapoints, watch, capacity.desired, minute)
        suspended = target.suspended_state or {}
        least, most = int(target.min_capacity or 0), int(target.max_capacity or 0)
        proposal = chosen([_clamped(each, least, most) for each in wanted.proposals], wanted.holding, capacity.desired)
        if proposal is None:
            return
        direction = "Out" if proposal.capacity > capacity.desired else "In"
        if not suspended.get(f"DynamicScaling{direction}Suspended"):
            self._begin(key, watch, proposal.capacity, proposal.cause, capacity.desired, minute, proposal)

    def _brought_into_bounds(
        self, key: ResourceKey, target: Any, watch: _Watch, capacity: Capacity, minute: datetime
    ) -> bool:
        """New bounds move the capacity at once; after that only policies move it."""
        least, most = int(target.min_capacity or 0), int(target.max_capacity or 0)
        if watch.bounds == (least, most):
            return False
        watch.bounds = (least, most)
        inside = min(max(capacity.desired, least), most)
        if inside == capacity.desired:
            return False
        raised = inside > capacity.desired
        which = f"minimum capacity was set to {least}" if raised else f"maximum capacity was set to {most}"
        self._begin(key, watch, inside, which, capacity.desired, minute, None)
        return True

    def _begin(
        self,
        key: ResourceKey,
        watch: _Watch,
        capacity: int,
        cause: str,
        before: int,
        minute: datetime,
        proposal: Proposal | None,
    ) -> None:
        activity = Activity(key=key, before=before, capacity=capacity, cause=cause, start=minute)
        _LOGGER.info("%s: %s %d -> %d: %s", key.resource_id, key.what, before, capacity, cause)
        try:
            set_capacity(key, capacity, self._clients)
        except (ClientError, BotoCoreError) as error:
            _LOGGER.warning("%s is not scaled: %s", key.resource_id, error)
            self._activities.put(activity.ended(minute, f"Failed to set {key.what}: {error}"))
            return
        watch.running, watch.proposal, watch.before = activity, proposal, before
        self._activities.put(activity)

    def _finish_one(self, key: ResourceKey, watch: _Watch, minute: datetime) -> None:
        activity = watch.running
        if activity is None:
            return
        capacity = read_capacity(key, self._clients)
        if capacity is not None and capacity.busy:
            return
        watch.running = None
        if capacity is None or capacity.desired != activity.capacity:
            reason = capacity.failure if capacity else None
            self._activities.put(activity.ended(minute, reason or f"{key.resource_id} has another capacity now"))
            return
        self._activities.put(activity.ended(minute))
        if watch.proposal is not None:
            outward = activity.capacity > watch.before
            seconds = watch.proposal.cooldown_out if outward else watch.proposal.cooldown_in
            watch.last[watch.proposal.policy_arn] = LastActivity(
                before=watch.before, outward=outward, until=minute + timedelta(seconds=seconds)
            )


def _belongs(policy: Any, key: ResourceKey) -> bool:
    return (policy.service_namespace, policy.resource_id, policy.scalable_dimension) == (
        "sagemaker",
        key.resource_id,
        key.dimension,
    )


def _clamped(proposal: Proposal, least: int, most: int) -> Proposal:
    return replace(proposal, capacity=min(max(proposal.capacity, least), most))


def _proposals(
    key: ResourceKey,
    policies: Iterable[Any],
    triggers: Sequence[Trigger],
    datapoints: Datapoints,
    watch: _Watch,
    current: int,
    minute: datetime,
) -> Proposals:
    """What all policies of a target ask for."""
    wanted = Proposals()
    tracking = []
    for policy in policies:
        last = watch.last.get(policy.policy_arn)
        base = base_capacity(last, current, minute)
        if policy.target_tracking_scaling_policy_configuration is not None:
            tracking.append((policy, base))
        for trigger in triggers:
            if trigger.policy_arn == policy.policy_arn and policy.step_scaling_policy_configuration is not None:
                wanted.add(step_proposal(policy, trigger, base), current, blocks_scale_in(last, minute))
    for proposal in tracking_proposals(key, tracking, datapoints, minute, current):
        last = watch.last.get(proposal.policy_arn)
        wanted.add(proposal, current, blocks_scale_in(last, minute))
    return wanted
