"""What a deployment would change, before it is done: the contents of a change set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chem_endpoints.local.cfn_no_echo import HIDDEN, is_hidden
from chem_endpoints.local.cfn_parameters import pseudo_parameters
from chem_endpoints.local.cfn_schema_check import violations
from chem_endpoints.local.cfn_stack import (
    Desired,
    Output,
    PropertyChange,
    Refusal,
    ResourceChange,
    Stack,
    StackResource,
)
from chem_endpoints.local.cfn_tags import with_stack_tags
from chem_endpoints.local.cfn_template import Referable, Resolver, TemplateError, Unmade, as_text, creation_order
from chem_endpoints.local.cfn_types import IGNORED_TYPES, TYPES, unrecognized


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a deployment would do, and what CloudFormation refuses of it before it does anything."""

    changes: tuple[ResourceChange, ...]
    refusals: tuple[Refusal, ...]


def resolver_for(
    stack: Stack, desired: Desired, resources: Mapping[str, Referable], exports: Mapping[str, str]
) -> Resolver:
    """The resolver of what the stack is to become."""
    return Resolver(
        template=desired.template,
        parameters={**pseudo_parameters(stack), **desired.parameters},
        resources=resources,
        exports=exports,
    )


def present_resources(resolver: Resolver) -> dict[str, Any]:
    """The template's resources whose conditions hold, in the order of their creation.

    Raises:
        TemplateError: the local AWS cannot make one of the types.
    """
    found = {
        name: resource
        for name, resource in resolver.template["Resources"].items()
        if resource["Type"] not in IGNORED_TYPES and resolver.present(resource)
    }
    unknown = unrecognized({resource["Type"] for resource in found.values()})
    if unknown:
        raise TemplateError(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
    return {name: found[name] for name in creation_order(found)}


def wanted_properties(resolver: Resolver, stack: Stack, desired: Desired, name: str) -> dict[str, Any]:
    """The properties that a resource is to have: resolved, with the stack's tags."""
    declared = resolver.template["Resources"][name]
    resolved = resolver.resolve(declared.get("Properties") or {})
    return with_stack_tags(stack, desired.tags, name, declared["Type"], resolved)


def plan(stack: Stack, desired: Desired, exports: Mapping[str, str]) -> Plan:
    """The changes that lead from the stack to what it is to become."""
    before = stack.state.resources
    resources: dict[str, Referable] = dict(before)
    resolver = resolver_for(stack, desired, resources, exports)
    wanted = present_resources(resolver)
    changes: list[ResourceChange] = []
    refusals: list[Refusal] = []
    for name, resource in wanted.items():
        properties = wanted_properties(resolver, stack, desired, name)
        existing = before.get(name)
        change = _change(name, resource["Type"], properties, existing)
        if change is not None:
            changes.append(change)
            refusals += _refusals(change, stack.region, properties)
        if existing is None or (change is not None and change.replaces):
            resources[name] = Unmade()
    removals = [_removal(resource) for name, resource in before.items() if name not in wanted]
    return Plan(changes=(*changes, *removals), refusals=tuple(refusals))


def _refusals(change: ResourceChange, region: str, properties: Mapping[str, Any]) -> list[Refusal]:
    return [
        Refusal(
            logical_id=change.logical_id,
            type_name=change.type_name,
            physical_id=change.physical_id or "",
            violation=violation,
        )
        for violation in violations(change.type_name, region, properties)
    ]


def _change(
    name: str, type_name: str, properties: dict[str, Any], existing: StackResource | None
) -> ResourceChange | None:
    if existing is None:
        return ResourceChange(action="Add", logical_id=name, type_name=type_name)
    if existing.type_name != type_name:
        raise TemplateError(f"Update of resource type is not permitted. The new template modifies resource {name}")
    changed = changed_properties(type_name, existing.properties, properties)
    if not changed:
        return None
    return ResourceChange(
        action="Modify",
        logical_id=name,
        type_name=type_name,
        physical_id=existing.physical_id,
        properties=changed,
    )


def changed_properties(type_name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[PropertyChange, ...]:
    """The properties that differ, and whether each replaces the resource."""
    names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    return tuple(PropertyChange(name=name, replaces=TYPES[type_name].replaces(name)) for name in names)


def _removal(resource: StackResource) -> ResourceChange:
    return ResourceChange(
        action="Remove",
        logical_id=resource.logical_id,
        type_name=resource.type_name,
        physical_id=resource.physical_id,
    )


def outputs_of(resolver: Resolver) -> list[Output]:
    """The template's outputs, with their values."""
    declared = resolver.template.get("Outputs") or {}
    return [
        Output(
            key=key,
            value=HIDDEN
            if is_hidden(output["Value"], resolver.resources)
            else as_text(resolver.resolve(output["Value"])),
            description=output.get("Description"),
            export=resolver.resolve(output["Export"]["Name"]) if output.get("Export") else None,
        )
        for key, output in declared.items()
        if resolver.present(output)
    ]


def changes_outside_resources(stack: Stack, desired: Desired, exports: Mapping[str, str]) -> bool:
    """Whether the outputs or the stack's tags change, given that no resource does."""
    resolver = resolver_for(stack, desired, stack.state.resources, exports)
    return outputs_of(resolver) != stack.state.outputs or desired.tags != stack.state.tags
