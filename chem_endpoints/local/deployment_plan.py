"""DeploymentConfig as a plan: which shares of the requests, how long each, which alarms roll back.

Sources: API reference, DeploymentConfig, BlueGreenUpdatePolicy, TrafficRoutingConfig, RollingUpdatePolicy;
SageMaker developer guide, Deployment guardrails.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

INSTANCE_COUNT = "INSTANCE_COUNT"
_LONGEST_SECONDS = 28_800


class PlanError(Exception):
    """A DeploymentConfig that SageMaker would refuse; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How traffic moves from one fleet to its successor. By default at once, and nothing is watched."""

    shares: tuple[float, ...] = (1.0,)
    """Shares of the requests that the new fleet gets, one after the other; the last is 1."""
    batches: tuple[int, ...] = ()
    """A rolling update: how many new instances there are after each step; the shares follow from them."""
    wait_seconds: float = 0.0
    """Time between two shares."""
    bake_seconds: float = 0.0
    """Time after the last one, before the old fleet ends."""
    longest_seconds: float = _LONGEST_SECONDS
    """After that the update is rolled back."""
    alarms: tuple[str, ...] = ()
    guarded: bool = False
    """Whether there is any policy, so that the rules of guardrails hold."""

    def steps(self) -> Iterator[tuple[float, float]]:
        """Each share with the time that it is watched for."""
        for number, share in enumerate(self.shares, 1):
            last = number == len(self.shares)
            yield share, (self.bake_seconds if last else self.wait_seconds)


AT_ONCE = Plan()
"""Without a DeploymentConfig."""


def read_plan(config: Mapping[str, Any] | None, instances: int) -> Plan:
    """The plan that a DeploymentConfig means for a fleet of so many instances.

    Raises:
        PlanError: SageMaker would refuse it.
    """
    if not config:
        return AT_ONCE
    rollback = config.get("AutoRollbackConfiguration") or {}
    alarms = tuple(alarm["AlarmName"] for alarm in rollback.get("Alarms") or ())
    blue_green, rolling = config.get("BlueGreenUpdatePolicy"), config.get("RollingUpdatePolicy")
    if blue_green and rolling:
        raise PlanError("BlueGreenUpdatePolicy and RollingUpdatePolicy cannot both be given.")
    if rolling:
        return _rolling(rolling, alarms, instances)
    if blue_green:
        return _blue_green(blue_green, alarms, instances)
    return Plan(alarms=alarms)


def _blue_green(policy: Mapping[str, Any], alarms: tuple[str, ...], instances: int) -> Plan:
    routing = policy["TrafficRoutingConfiguration"]
    kind = routing["Type"]
    return Plan(
        shares=_shares(kind, routing, instances),
        wait_seconds=float(routing.get("WaitIntervalInSeconds", 0)),
        bake_seconds=float(policy.get("TerminationWaitInSeconds", 0)),
        longest_seconds=float(policy.get("MaximumExecutionTimeoutInSeconds", _LONGEST_SECONDS)),
        alarms=alarms,
        guarded=True,
    )


def _shares(kind: str, routing: Mapping[str, Any], instances: int) -> tuple[float, ...]:
    if kind == "ALL_AT_ONCE":
        return (1.0,)
    name = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(kind)
    if name is None:
        raise PlanError(f"TrafficRoutingConfiguration.Type {kind} is not ALL_AT_ONCE, CANARY or LINEAR.")
    if name not in routing:
        raise PlanError(f"{name} is required for the traffic routing type {kind}.")
    if instances == 0:
        return (1.0,)  # A sleeping endpoint has no traffic to share.
    share = _capacity(routing[name], instances, name) / instances
    if kind == "CANARY":
        return (share, 1.0)
    return (*(share * step for step in range(1, math.ceil(1 / share - 1e-9))), 1.0)


def _capacity(size: Mapping[str, Any], instances: int, name: str) -> int:
    """The instances that a size means.

    Raises:
        PlanError: more than half of them, as it always is of one instance.
    """
    value = float(size["Value"])
    count = int(value) if size["Type"] == INSTANCE_COUNT else max(1, math.floor(instances * value / 100))
    if count * 2 > instances:
        raise PlanError(
            f"{name} must be at most 50% of the variant's instances; it is {count} of {instances}. "
            "A variant with one instance cannot be updated in parts."
        )
    return count


def _rolling(policy: Mapping[str, Any], alarms: tuple[str, ...], instances: int) -> Plan:
    wait = float(policy.get("WaitIntervalInSeconds", 0))
    longest = float(policy.get("MaximumExecutionTimeoutInSeconds", _LONGEST_SECONDS))
    if instances == 0:
        return Plan(alarms=alarms, longest_seconds=longest, guarded=True)
    batch = _capacity(policy["MaximumBatchSize"], instances, "MaximumBatchSize")
    batches = (*range(batch, instances, batch), instances)
    return Plan(
        shares=tuple(count / instances for count in batches),
        batches=batches,
        wait_seconds=wait,
        bake_seconds=wait,
        longest_seconds=longest,
        alarms=alarms,
        guarded=True,
    )
