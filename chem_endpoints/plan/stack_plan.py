"""Everything that a reviewer wants to know of one stack, as data."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from chem_endpoints.plan.capacity import Bounds, Capacity, bounds, capacities
from chem_endpoints.plan.changes import Action, ResourceChange, resource_changes
from chem_endpoints.plan.cost import Cost, CostModel, Rate
from chem_endpoints.plan.permissions import PermissionChanges, permission_changes
from chem_endpoints.plan.refusals import Refusal, refusals
from chem_endpoints.plan.served import ServedChange, served_changes
from chem_endpoints.plan.template import (
    COMPONENT,
    EMPTY,
    ENDPOINT,
    ENDPOINT_CONFIG,
    MODEL,
    STACK_PREFIX,
    Template,
    references,
    shown,
)


@dataclass(frozen=True, kw_only=True)
class BoundsChange:
    """Scaling of one resource before and after; None where there is none."""

    resource: str
    old: Bounds | None
    new: Bounds | None


@dataclass(frozen=True, kw_only=True)
class RateChange:
    """Cost of a million rows before and after; None where unknown."""

    old: Rate | None
    new: Rate | None


@dataclass(frozen=True, kw_only=True)
class StackPlan:
    """What a deployment does to one stack.

    Attributes:
        stack: its name.
        exists: it was there before.
        declared: it is there afterwards; if not, nothing deletes it but ``cdk destroy``.
        changes: resource by resource; empty where nothing changes.
        chain: how what is replaced reaches the endpoint; empty where it need not.
        served: image and model changes.
        permissions: IAM and resource policies.
        scaling: bounds that change.
        refused: why one deployment will not do.
        notes: what the deployment itself starts and bills.
        before, after: monthly cost.
        rate: cost of a million rows, where a throughput was given.
    """

    stack: str
    exists: bool
    declared: bool
    changes: tuple[ResourceChange, ...]
    chain: str
    served: tuple[ServedChange, ...]
    permissions: PermissionChanges
    scaling: tuple[BoundsChange, ...]
    refused: tuple[Refusal, ...]
    notes: tuple[str, ...]
    before: Cost
    after: Cost
    rate: RateChange | None = None

    @property
    def endpoint(self) -> str:
        """The stack's name without what all our stacks begin with."""
        return self.stack.removeprefix(STACK_PREFIX)

    @property
    def changed(self) -> bool:
        """Something happens to the stack, or it is no longer declared."""
        return bool(self.changes)

    def as_dict(self) -> dict[str, Any]:
        """Everything as JSON types, the sums of the costs included."""
        sums = {
            when: {**asdict(cost), "idle": cost.idle, "maximum": cost.maximum}
            for when, cost in (("before", self.before), ("after", self.after))
        }
        return {**asdict(self), **sums}


def plan_stack(
    stack: str,
    *,
    old: Template | None,
    new: Template | None,
    costs: CostModel,
    rows_per_second: float | None = None,
) -> StackPlan:
    """Compares two templates of one stack; None stands for a stack that is not there.

    Args:
        stack: its name.
        old: what is deployed or on the base branch.
        new: what is declared now.
        costs: prices of the stage's region.
        rows_per_second: measured throughput of one instance.
    """
    before, after = old or EMPTY, new or EMPTY
    changes = resource_changes(before, after)
    return StackPlan(
        stack=stack,
        exists=old is not None,
        declared=new is not None,
        changes=changes,
        chain=_chain(changes),
        served=served_changes(before, after),
        permissions=permission_changes(before, after),
        scaling=tuple(_bounds_changes(before, after)),
        refused=refusals(before, after),
        notes=tuple(_notes(stack, before, after, changes, costs)),
        before=costs.cost(before),
        after=costs.cost(after),
        rate=_rates(before, after, costs, rows_per_second) if rows_per_second is not None else None,
    )


def _chain(changes: tuple[ResourceChange, ...]) -> str:
    done = {(change.type, change.action) for change in changes}
    model = (MODEL, Action.REPLACE) in done
    if {(ENDPOINT_CONFIG, Action.REPLACE), (ENDPOINT, Action.UPDATE)} <= done:
        made = "A new Model makes a new EndpointConfig" if model else "There will be a new EndpointConfig"
        return (
            f"{made}; the endpoint takes it over in place, under its name, without an interruption, and what it"
            " replaces is deleted at the end."
        )
    if model and (COMPONENT, Action.UPDATE) in done:
        return (
            "The inference component takes the new Model over in place, copy by copy; the old Model is deleted at the"
            " end."
        )
    return ""


def _bounds_changes(old: Template, new: Template) -> Iterator[BoundsChange]:
    before, after = bounds(old), bounds(new)
    for key in dict.fromkeys([*before, *after]):
        if before.get(key) != after.get(key):
            yield BoundsChange(resource=key[0], old=before.get(key), new=after.get(key))


def _rates(old: Template, new: Template, costs: CostModel, rows_per_second: float) -> RateChange:
    def rate(template: Template) -> Rate | None:
        return next((costs.rate(one, rows_per_second) for one in capacities(template).values()), None)

    return RateChange(old=rate(old), new=rate(new))


def _notes(
    stack: str, old: Template, new: Template, changes: tuple[ResourceChange, ...], costs: CostModel
) -> Iterator[str]:
    if not new.resources:
        yield (
            "No longer declared. No deployment deletes it, and it costs what it did, until"
            f" `cdk destroy {stack}` is run from a commit that declares {stack.removeprefix(STACK_PREFIX)}."
        )
        return
    before = capacities(old)
    reconfigured = set(_reconfigured(new, changes))
    for name, capacity in capacities(new).items():
        if name not in before:
            yield from _first_deployment(capacity, costs)
        elif name in reconfigured:
            yield from _update(capacity, costs)
    yield from _components(new, changes)


def _reconfigured(new: Template, changes: tuple[ResourceChange, ...]) -> Iterator[str]:
    """Endpoints that take another configuration over: only that starts instances."""
    for change in changes:
        endpoint = new.resources.get(change.logical_id)
        if endpoint is None or endpoint.type != ENDPOINT or change.action is not Action.UPDATE:
            continue
        follows = set(references(endpoint.properties.get("EndpointConfigName"))) & set(change.follows)
        if follows or any(one.path == "EndpointConfigName" for one in change.properties):
            yield shown(endpoint.properties.get("EndpointName", endpoint.logical_id))


def _components(new: Template, changes: tuple[ResourceChange, ...]) -> Iterator[str]:
    limits = {resource: one for (resource, _), one in bounds(new).items()}
    for change in changes:
        if change.type != COMPONENT or change.action is not Action.UPDATE:
            continue
        properties = new.resources[change.logical_id].properties
        name = shown(properties.get("InferenceComponentName", ""))
        copies = properties.get("RuntimeConfig", {}).get("CopyCount")
        scaled = limits.get(f"inference-component/{name}")
        if scaled is not None and copies is not None and scaled.highest > int(copies):
            yield (
                f"The update may drop capacity: a fleet of up to {scaled.highest} running copies of {name} falls back"
                f" to CopyCount {copies} until it is scaled out again."
            )


def _first_deployment(capacity: Capacity, costs: CostModel) -> Iterator[str]:
    for pool in capacity.pools:
        if pool.initial > pool.idle:
            until = "the copies are scaled in" if capacity.components else "scale-in"
            yield (
                f"The first deployment starts {_machines(pool.initial, pool.instance_type, costs)} for variant"
                f" {pool.variant}, billed until {until} (AWS starts no endpoint at zero)."
            )


def _update(capacity: Capacity, costs: CostModel) -> Iterator[str]:
    for pool in capacity.pools:
        fleet = max(pool.initial, capacity.update_minimum)
        machines = _machines(fleet, pool.instance_type, costs)
        if pool.idle == 0:
            yield (
                f"The update starts {machines} for variant {pool.variant} even while the endpoint sleeps, to check the"
                " new model, billed until scale-in."
            )
        elif capacity.doubles:
            count = "as many instances as run, at least" if capacity.keeps_count else ""
            started = " ".join(filter(None, ["A second fleet of", count, machines]))
            yield f"{started} runs beside the first during the update (variant {pool.variant})."
        if not capacity.keeps_count and not capacity.components and pool.maximum > fleet:
            yield (
                f"The update may drop capacity: a fleet of up to {pool.maximum} running instances of variant"
                f" {pool.variant} falls back to InitialInstanceCount {fleet} until it is scaled out again."
            )


def _machines(count: int, instance_type: str, costs: CostModel) -> str:
    hour = costs.hour(instance_type)
    price = "price unknown" if hour is None else f"{count * hour:.2f} an hour"
    return f"{count} x {instance_type} ({price})"
