"""What CloudFormation does to each resource when one template takes another's place.

Source: "Update behaviors of stack resources", CloudFormation user guide; the create-only properties of each type.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from chem_endpoints.plan.schemas import create_only
from chem_endpoints.plan.template import Resource, Template, abbreviated, references, shown

_ABSENT = object()
_LONGEST_SHOWN = 100
_NAME = "AlarmName"


class Action(StrEnum):
    """What happens to a resource."""

    REPLACE = "replace"
    """A new one is made, what refers to it is updated, the old one is deleted at the end."""
    UPDATE = "update"
    """It is changed in place."""
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, kw_only=True)
class PropertyChange:
    """One property, as a dotted path, before and after; empty text where it is absent."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class ResourceChange:
    """What happens to one resource, and why.

    Attributes:
        name: the physical name that the template gives it, where that says more than the logical id (alarms).
        follows: logical ids of replaced resources that it refers to.
        kept: the resource is removed from the stack, yet AWS keeps it (``DeletionPolicy: Retain``).
    """

    logical_id: str
    type: str
    action: Action
    name: str = ""
    properties: tuple[PropertyChange, ...] = ()
    follows: tuple[str, ...] = ()
    kept: bool = False


def resource_changes(old: Template, new: Template) -> tuple[ResourceChange, ...]:
    """Every resource that a deployment touches, in the order of the new template, then the removed ones."""
    changes: dict[str, ResourceChange] = {}
    for name, resource in new.resources.items():
        before = old.resources.get(name)
        if before is None:
            changes[name] = _change(resource, Action.ADD)
        elif own := _own_change(before, resource):
            changes[name] = own
    _follow_replaced(old, new, changes)
    ordered = [changes[name] for name in new.resources if name in changes]
    return (*ordered, *(_removal(resource) for name, resource in old.resources.items() if name not in new.resources))


def _removal(resource: Resource) -> ResourceChange:
    kept = resource.policies.get("DeletionPolicy", "").startswith("Retain")
    return replace(_change(resource, Action.REMOVE), kept=kept)


def _change(resource: Resource, action: Action) -> ResourceChange:
    name = shown(resource.properties.get(_NAME, ""))
    return ResourceChange(logical_id=resource.logical_id, type=resource.type, action=action, name=name)


def _own_change(old: Resource, new: Resource) -> ResourceChange | None:
    """What a resource's own text brings about."""
    if old.type != new.type:
        return replace(
            _change(new, Action.REPLACE), properties=(PropertyChange(path="Type", old=old.type, new=new.type),)
        )
    changed = tuple(property_changes(old.properties, new.properties)) + tuple(
        property_changes(old.policies, new.policies)
    )
    if not changed:
        return None
    replaced = any(_at(old.properties, path) != _at(new.properties, path) for path in create_only(new.type))
    action = Action.REPLACE if replaced else Action.UPDATE
    return replace(_change(new, action), properties=changed)


def _follow_replaced(old: Template, new: Template, changes: dict[str, ResourceChange]) -> None:
    """A reference to a replaced resource has a new value, although its text is the same."""
    waiting = True
    while waiting:
        waiting = False
        replaced = {name for name, change in changes.items() if change.action is Action.REPLACE}
        for name, resource in new.resources.items():
            known = changes.get(name)
            if name not in old.resources or (known and known.action is Action.REPLACE):
                continue
            follows = tuple(dict.fromkeys(r for r in references(resource.properties) if r in replaced))
            if not follows or (known and known.follows == follows):
                continue
            changes[name] = _following(resource, known, follows)
            waiting = True


def _following(resource: Resource, known: ResourceChange | None, follows: tuple[str, ...]) -> ResourceChange:
    affected = any(
        set(references(_at(resource.properties, path))) & set(follows) for path in create_only(resource.type)
    )
    change = _change(resource, Action.REPLACE if affected else Action.UPDATE)
    return replace(change, properties=known.properties if known else (), follows=follows)


def _at(properties: Mapping[str, Any], path: Iterable[str]) -> object:
    value: object = properties
    for part in path:
        value = value.get(part, _ABSENT) if isinstance(value, Mapping) else _ABSENT
    return value


def property_changes(old: object, new: object, path: str = "") -> Iterator[PropertyChange]:
    """The leaves in which two values differ."""
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping) and not _is_function(old) and not _is_function(new):
        for key in dict.fromkeys([*old, *new]):
            inner = f"{path}.{key}" if path else str(key)
            yield from property_changes(old.get(key, _ABSENT), new.get(key, _ABSENT), inner)
    elif isinstance(old, list) and isinstance(new, list) and (named := _named_entries(old, new)):
        yield from property_changes(*named, path)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, pair in enumerate(zip(old, new, strict=True)):
            yield from property_changes(*pair, f"{path}[{number}]")
    else:
        yield PropertyChange(path=path, old=_short(old), new=_short(new))


def _named_entries(old: list[Any], new: list[Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Lists whose entries have names (tags, variants, dimensions) compared by name, not by place."""
    for key, value in (("Key", "Value"), ("VariantName", None), ("Name", "Value"), ("Id", None)):
        if all(isinstance(entry, Mapping) and isinstance(entry.get(key), str) for entry in (*old, *new)):
            named = [{entry[key]: entry[value] if value else entry for entry in entries} for entries in (old, new)]
            if len(named[0]) == len(old) and len(named[1]) == len(new):
                return named[0], named[1]
    return None


def _is_function(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))


def _short(value: object) -> str:
    if value is _ABSENT:
        return ""
    text = abbreviated(shown(value))
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
