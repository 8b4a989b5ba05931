"""A synthesized template, read by resource type."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of a template."""

    logical_id: str
    type: str
    properties: Values
    depends_on: tuple[str, ...] = ()
    """Logical ids that it names in ``DependsOn``."""


class Template:
    """The resources of a template."""

    def __init__(self, document: Values) -> None:
        """
        Args:
            document: the template as parsed from JSON.
        """
        self.resources = tuple(
            Resource(
                logical_id=name,
                type=resource["Type"],
                properties=resource.get("Properties") or {},
                depends_on=tuple(as_list(resource.get("DependsOn"))),
            )
            for name, resource in document.get("Resources", {}).items()
        )

    def of(self, *types: str) -> tuple[Resource, ...]:
        """Resources of some types."""
        return tuple(resource for resource in self.resources if resource.type in types)

    def referred(self, value: Any) -> Resource | None:
        """The resource that a ``Ref`` or ``Fn::GetAtt`` refers to."""
        if not isinstance(value, Mapping):
            return None
        attribute = value.get("Fn::GetAtt", "")
        target = value.get("Ref") or (attribute.split(".")[0] if isinstance(attribute, str) else attribute[0])
        return next((resource for resource in self.resources if resource.logical_id == target), None)


def as_list(value: Any) -> list[Any]:
    """A property that may be one value or several."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def is_true(value: Any) -> bool:
    """CloudFormation takes ``true`` and ``"true"``."""
    return str(value).lower() == "true"


def number(value: Any) -> float:
    """A number, or not-a-number for a reference to one, which compares as false with everything."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def texts(value: Any) -> Iterator[str]:
    """Every string in a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def text(value: Any) -> str:
    """A string as CloudFormation would print it, as far as the template tells: references stay visible."""
    if isinstance(value, str):
        return value
    if not isinstance(value, Mapping):
        return str(value)
    if "Fn::Sub" in value:
        return str(as_list(value["Fn::Sub"])[0])
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator).join(text(part) for part in parts) if isinstance(parts, list) else str(value)
    return f"<{value.get('Ref') or value.get('Fn::GetAtt') or value}>"
