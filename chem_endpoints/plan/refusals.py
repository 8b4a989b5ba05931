"""Changes that AWS refuses in one deployment, and the deployments that get there.

Source: "Update or delete endpoints that use automatic scaling", SageMaker developer guide: an update that changes the
instance type of, or removes, a variant that is a scalable target fails. CloudFormation deletes resources last, so one
deployment cannot take the target away first. "Use blue/green deployments", ibid.: both fleets have the same variants.
"Update behaviors of stack resources", CloudFormation user guide: a resource with a literal name is not replaced, nor
does a logical id change its type.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from chem_endpoints.plan.capacity import Capacity, bounds, capacities
from chem_endpoints.plan.changes import Action, resource_changes
from chem_endpoints.plan.schemas import identifiers
from chem_endpoints.plan.template import SCALABLE_TARGET, STACK_PREFIX, Resource, Template
from chem_endpoints.plan.without_scaling import without_scaling


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why one deployment will not do, and what to run instead.

    Attributes:
        reason: one sentence.
        steps: commands or instructions, in order; the first uses the old declaration.
        two_steps: `chem-endpoints deploy` can do it by itself.
    """

    reason: str
    steps: tuple[str, ...]
    two_steps: bool


def refusals(old: Template, new: Template) -> tuple[Refusal, ...]:
    """Everything between two templates of one stack that AWS refuses in one deployment."""
    after = capacities(new)
    found: list[Refusal] = list(_moved_in_as_few_steps_as_possible(old, new))
    found += _impossible_replacements(old, new)
    for name, before in capacities(old).items():
        if name in after:
            reasons = list(_scaled_variants(old, before, after[name]))
            found += [_in_two_steps(name, reason) for reason in reasons]
            found += _conversions(before, after[name])
            found += _guarded_variants(before, after[name])
    return tuple(found)


def _scaled_variants(old: Template, before: Capacity, after: Capacity) -> Iterator[str]:
    scaled = {resource for resource, _ in bounds(old)}
    types = {pool.variant: pool.instance_type for pool in after.pools}
    for pool in before.pools:
        if f"endpoint/{before.endpoint}/variant/{pool.variant}" not in scaled:
            continue
        if pool.variant not in types:
            yield f"variant {pool.variant} is scaled automatically and would be removed"
        elif types[pool.variant] != pool.instance_type:
            yield (
                f"variant {pool.variant} is scaled automatically and its instance type would change from"
                f" {pool.instance_type} to {types[pool.variant]}"
            )


def _moved_in_as_few_steps_as_possible(old: Template, new: Template) -> Iterator[Refusal]:
    """What the first of two steps takes away has no name to lose in the second."""
    moved = list(_moved(old, new))
    if moved:
        left = {one.reason for one in _moved(Template(body=without_scaling(old.body)), new)}
        endpoint = next(iter(capacities(old)), "")
        yield from (
            one if one.two_steps or one.reason in left else _in_two_steps(endpoint, one.reason) for one in moved
        )


def _moved(old: Template, new: Template) -> Iterator[Refusal]:
    """One thing in AWS under another logical id: CloudFormation makes the new one before it deletes the old one."""
    before = {_identity(one): one for one in old.resources.values() if one.logical_id not in new.resources}
    for resource in new.resources.values():
        identity = _identity(resource)
        gone = before.get(identity)
        if identity is None or gone is None or resource.logical_id in old.resources:
            continue
        name = identity[1]
        if resource.type == SCALABLE_TARGET:
            endpoint = name.split("/")[1]
            yield _in_two_steps(
                endpoint,
                f"the scaling of {name} moves from {gone.logical_id} to {resource.logical_id}: CloudFormation would"
                " register it, then deregister it with the old one, and nothing would be scaled any more",
            )
        else:
            yield Refusal(
                reason=f"{name} moves from {gone.logical_id} to {resource.logical_id}: CloudFormation makes the new one"
                " while the old one still has the name",
                steps=(
                    "keep the old logical ids (the paths of the constructs), or give other names,"
                    " or destroy the stack before it is deployed again",
                ),
                two_steps=False,
            )


def _identity(resource: Resource) -> tuple[str, ...] | None:
    """Type and literal names, the most telling first; None where CloudFormation makes the name up."""
    names = [resource.properties.get(name) for name in identifiers(resource.type)]
    literal = [name for name in names if isinstance(name, str)]
    return (resource.type, *literal) if literal and len(literal) == len(names) else None


def _impossible_replacements(old: Template, new: Template) -> Iterator[Refusal]:
    """Replacements at which CloudFormation fails."""
    for change in resource_changes(old, new):
        if change.action is not Action.REPLACE:
            continue
        name = change.logical_id
        before, after = old.resources[name], new.resources[name]
        identity = _identity(after)
        if before.type != after.type:
            yield Refusal(
                reason=f"{name} changes its type from {before.type} to {after.type}: CloudFormation refuses that",
                steps=("give the new resource another logical id (another path of its construct)",),
                two_steps=False,
            )
        elif identity is not None and identity == _identity(before):
            changed = ", ".join(one.path for one in change.properties) or f"what {name} refers to"
            yield Refusal(
                reason=f"{identity[1]} ({name}) would be replaced because of {changed}, and the old one still has the"
                " name then",
                steps=(f"give {name} another name, or destroy the stack before it is deployed again",),
                two_steps=False,
            )


def _in_two_steps(endpoint: str, reason: str) -> Refusal:
    stack = f"{STACK_PREFIX}{endpoint}"
    first, second = f"cdk deploy {stack} -c scaling=off", f"cdk deploy {stack}"
    return Refusal(
        reason=reason,
        steps=(
            f"{first}   # with the old declaration: takes nothing but the scaling away",
            f"{second:<{len(first)}}   # with the new declaration: changes the variant and scales again",
        ),
        two_steps=True,
    )


def _conversions(before: Capacity, after: Capacity) -> Iterator[Refusal]:
    """Source: "Deploy models with Amazon SageMaker Serverless Inference": no way back from instances."""
    if before.pools and after.serverless:
        yield Refusal(
            reason="an endpoint on instances cannot become serverless",
            steps=(
                "declare a serverless endpoint under a new name, move the callers, then destroy"
                f" {STACK_PREFIX}{before.endpoint}",
            ),
            two_steps=False,
        )
    elif before.components != after.components:
        yield Refusal(
            reason="an endpoint cannot change between variants with a model and inference components",
            steps=(
                "declare the other kind under a new name, move the callers, then destroy"
                f" {STACK_PREFIX}{before.endpoint}",
            ),
            two_steps=False,
        )


def _guarded_variants(before: Capacity, after: Capacity) -> Iterator[Refusal]:
    if after.guarded and before.variants != after.variants:
        told = [
            f"{', '.join(sorted(names))} {verb}"
            for names, verb in ((after.variants - before.variants, "added"), (before.variants - after.variants, "gone"))
            if names
        ]
        first, second = (f"cdk deploy {STACK_PREFIX}{after.endpoint}{off}" for off in (" -c guardrails=off", ""))
        yield Refusal(
            reason=f"an update under a deployment strategy keeps the variants' names; here: {', '.join(told)}",
            steps=(
                f"{first}   # all at once: the variants change, nothing is rolled back by an alarm",
                f"{second:<{len(first)}}   # declares the strategy again",
            ),
            two_steps=False,
        )
