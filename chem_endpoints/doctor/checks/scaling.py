"""Will it scale as declared?

A target that is gone (deleting an endpoint takes it along; people remove it to change an instance type) makes no noise:
the endpoint keeps its size.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from chem_endpoints.doctor.cloudwatch import read_alarms
from chem_endpoints.doctor.finding import Flaw
from chem_endpoints.doctor.look import Look
from chem_endpoints.doctor.stack import Deployed, Stack
from chem_endpoints.doctor.subject import Subject
from chem_endpoints.plan.template import ALARM, SCALABLE_TARGET, SCALING_POLICY, references

_REGISTER = "Register it again: deploy {stack} with -c scaling=off, then without"


def scales_as_declared(subject: Subject, look: Look) -> Iterator[Flaw]:
    """Every scalable target, scheduled action, policy and alarm of the stack is there, on, and as the template says."""
    if subject.stack is None:
        return
    yield from _never_wakes(subject, subject.stack)
    for deployed in subject.stack.deployed(SCALABLE_TARGET):
        resource, dimension, namespace = deployed.id.split("|")
        key = {"ServiceNamespace": namespace, "ScalableDimension": dimension}
        found = look.scaling.describe_scalable_targets(ResourceIds=[resource], **key)["ScalableTargets"]
        if not found:
            yield Flaw(
                severity="error",
                happened=f"{resource} is not registered for scaling: it keeps its size, whatever happens",
                remedy=_REGISTER.format(stack=subject.stack.name),
            )
            continue
        yield from _bounds(deployed, resource, found[0], subject.stack)
        yield from _schedule(deployed, look, {**key, "ResourceId": resource}, subject.stack)
        yield from _policies(deployed, look, {**key, "ResourceId": resource}, subject.stack)


def _never_wakes(subject: Subject, stack: Stack) -> Iterator[Flaw]:
    """What goes to zero, or waits in a queue, needs scaling to come back; a failed second step leaves it without."""
    if not stack.is_settled or any(True for _ in stack.template.of_type(SCALABLE_TARGET)):
        return
    managed = [each.get("ManagedInstanceScaling", {}) for each in subject.configured_variants]
    to_zero = any(each.get("Status") == "ENABLED" and each.get("MinInstanceCount") == 0 for each in managed)
    if subject.is_async or to_zero:
        what = "a queue" if subject.is_async else "instances managed down to zero"
        yield Flaw(
            severity="error",
            happened=f"the endpoint has {what}, and its stack declares no automatic scaling: at zero it never wakes,"
            " and it never grows",
            remedy=f"Deploy it with its scaling: chem-endpoints deploy {subject.name}",
        )


def scaling_alarms(stack: Stack) -> Iterator[tuple[Deployed, list[str]]]:
    """The alarms that drive scaling policies, each with the ARNs of these."""
    for alarm in stack.deployed(ALARM):
        named = references(alarm.resource.properties.get("AlarmActions"))
        resources = [stack.template.resources.get(name) for name in named]
        policies = [each for each in resources if each and each.type == SCALING_POLICY]
        if policies:
            yield alarm, [arn for policy in policies if (arn := stack.id_of(policy))]


def _bounds(deployed: Deployed, resource: str, live: Mapping[str, Any], stack: Stack) -> Iterator[Flaw]:
    """The schedule changes the bounds, so that any of its pairs is right."""
    written = deployed.resource.properties
    actions = [action.get("ScalableTargetAction", {}) for action in written.get("ScheduledActions", ())]
    allowed = {(int(each["MinCapacity"]), int(each["MaxCapacity"])) for each in [written, *actions] if _has_both(each)}
    bounds = (int(live["MinCapacity"]), int(live["MaxCapacity"]))
    if allowed and bounds not in allowed:
        declared = " or ".join(f"{least} to {most}" for least, most in sorted(allowed))
        yield Flaw(
            severity="error",
            happened=f"{resource} scales from {bounds[0]} to {bounds[1]}, the stack deployed {declared}",
            remedy=_REGISTER.format(stack=stack.name),
        )
    suspended = sorted(key.removesuffix("Suspended") for key, value in live.get("SuspendedState", {}).items() if value)
    if suspended and not written.get("SuspendedState"):
        yield Flaw(
            severity="error",
            happened=f"scaling of {resource} is suspended ({', '.join(suspended)})",
            remedy="Resume it: aws application-autoscaling register-scalable-target with --suspended-state",
        )


def _has_both(values: Mapping[str, Any]) -> bool:
    return "MinCapacity" in values and "MaxCapacity" in values


def _schedule(deployed: Deployed, look: Look, key: Mapping[str, str], stack: Stack) -> Iterator[Flaw]:
    wanted = {action["ScheduledActionName"] for action in deployed.resource.properties.get("ScheduledActions", ())}
    if not wanted:
        return
    pages = look.scaling.get_paginator("describe_scheduled_actions").paginate(**key)
    found = {action["ScheduledActionName"] for page in pages for action in page["ScheduledActions"]}
    for name in sorted(wanted - found):
        yield Flaw(
            severity="error",
            happened=f"the scheduled action {name} of {key['ResourceId']} is gone",
            remedy=_REGISTER.format(stack=stack.name),
        )


def _policies(target: Deployed, look: Look, key: Mapping[str, str], stack: Stack) -> Iterator[Flaw]:
    pages = look.scaling.get_paginator("describe_scaling_policies").paginate(**key)
    live = {policy["PolicyARN"]: policy for page in pages for policy in page["ScalingPolicies"]}
    missing = set()
    for policy in stack.deployed(SCALING_POLICY):
        if stack.id_of(stack.template.referred(policy.resource.properties, SCALABLE_TARGET)) != target.id:
            continue
        if policy.id not in live:
            missing.add(policy.id)
            yield Flaw(
                severity="error",
                happened=f"the scaling policy {policy.resource.properties.get('PolicyName')} is gone",
                remedy=_REGISTER.format(stack=stack.name),
            )
    # Target tracking makes its own alarms; of step scaling they are resources of the stack.
    own = [alarm["AlarmName"] for policy in live.values() for alarm in policy.get("Alarms", ())]
    driven = {alarm.id: arns for alarm, arns in scaling_alarms(stack)}
    ours = {name: arns for name, arns in driven.items() if any(arn in live for arn in arns) and not missing & {*arns}}
    found = read_alarms(look.cloudwatch, [*own, *ours])
    for name in sorted({*own, *ours}):
        alarm = found.get(name)
        if alarm is None:
            yield Flaw(
                severity="error",
                happened=f"the scaling alarm {name} is gone: its policy never acts",
                remedy=_REGISTER.format(stack=stack.name),
            )
        elif not alarm["ActionsEnabled"]:
            yield Flaw(
                severity="error",
                happened=f"the actions of the scaling alarm {name} are disabled",
                remedy=f"Enable them: aws cloudwatch enable-alarm-actions --alarm-names {name}",
            )
        elif not {*ours.get(name, ())} <= {*alarm["AlarmActions"]}:
            yield Flaw(
                severity="error",
                happened=f"the scaling alarm {name} does not act on the policy that the stack deployed",
                remedy=_REGISTER.format(stack=stack.name),
            )
