"""Refuses parameters of SageMaker's control plane that botocore's description of the operation does not allow.

boto3 checks types, required members and lower limits before it sends; patterns, enumerations and upper limits it
leaves to SageMaker, and other callers check nothing at all.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, OperationNotFoundError, ServiceModel, Shape, StructureShape

from chem_endpoints.local.control_parameters import RefusedError
from chem_endpoints.local.service_models import service_model

_OPEN_ENUMERATIONS = ("ProductionVariantInstanceType",)
"""AWS adds to these: an instance type that botocore does not know yet is accepted."""
_NUMBER = (int, float)
_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": _NUMBER,
    "double": _NUMBER,
}


def check_parameters(operation: str, parameters: dict[str, Any]) -> None:
    """Refuses what SageMaker would refuse before it looks at any resource; an operation that botocore lacks passes.

    Args:
        operation: its name, such as ``CreateEndpoint``.
        parameters: as they were sent.

    Raises:
        RefusedError: in SageMaker's words, each violation with its place; values of maps (environments) are not told.
    """
    try:
        shape = _sagemaker().operation_model(operation).input_shape
    except OperationNotFoundError:
        return
    violations = list(_violations(shape, parameters, "")) if shape is not None else []
    if violations:
        count = f"{len(violations)} validation error{'s' if len(violations) > 1 else ''} detected"
        raise RefusedError(f"{count}: {'; '.join(violations)}")


@cache
def _sagemaker() -> ServiceModel:
    return service_model("sagemaker")


def _violations(shape: Shape, value: Any, where: str) -> Iterator[str]:
    shown = f"'{value}' " if isinstance(value, str | int | float) else ""
    for broken in _broken_constraints(shape, value):
        yield f"Value {shown}at '{where}' failed to satisfy constraint: Member must {broken}"
    if not _has_type(shape, value):
        return
    if isinstance(shape, StructureShape):
        yield from _violations_of_members(shape, value, where)
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value, start=1):
            yield from _violations(shape.member, item, f"{where}.{number}.member")
    elif isinstance(shape, MapShape):
        for broken in _broken_entries(shape, value):
            yield f"Value at '{where}' failed to satisfy constraint: {broken}"


def _violations_of_members(shape: StructureShape, value: dict[str, Any], where: str) -> Iterator[str]:
    for name, inner in shape.members.items():
        place = f"{where}.{_lower(name)}" if where else _lower(name)
        if value.get(name) is not None:
            yield from _violations(inner, value[name], place)
        elif name in shape.required_members:
            yield f"Value null at '{place}' failed to satisfy constraint: Member must not be null"


def _broken_entries(shape: MapShape, value: dict[str, Any]) -> Iterator[str]:
    """Each constraint once, however many entries break it."""
    keys = {broken for key in value for broken in _broken_constraints(shape.key, key)}
    values = {broken for inner in value.values() for broken in _broken_constraints(shape.value, inner)}
    if any(isinstance(inner, str) and "\0" in inner for inner in value.values()):
        values.add("have no NUL character")  # No environment of a process can hold one.
    for words, found in (("keys", keys), ("value", values)):
        if found:
            yield f"Map {words} must satisfy constraint: [{', '.join(f'Member must {one}' for one in sorted(found))}]"


def _broken_constraints(shape: Shape, value: Any) -> Iterator[str]:
    if not _has_type(shape, value):
        yield f"be of type {shape.type_name}"
        return
    allowed, limits = getattr(shape, "enum", None), shape.metadata
    if allowed and value not in allowed and shape.name not in _OPEN_ENUMERATIONS:
        yield f"satisfy enum value set: [{', '.join(allowed)}]"
    pattern = _compiled(limits.get("pattern", ""))
    if pattern is not None and isinstance(value, str) and not pattern.fullmatch(value):
        yield f"satisfy regular expression pattern: {limits['pattern']}"
    kind, size = ("value", value) if isinstance(value, _NUMBER) else ("length", _length(value))
    if "min" in limits and size < limits["min"]:
        yield f"have {kind} greater than or equal to {limits['min']}"
    if "max" in limits and size > limits["max"]:
        yield f"have {kind} less than or equal to {limits['max']}"


def _has_type(shape: Shape, value: Any) -> bool:
    types = _TYPES.get(shape.type_name, (object,))
    return isinstance(value, types) and (bool in types or object in types or not isinstance(value, bool))


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | list | dict) else 0


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """None: there is none, or Java alone understands it (Unicode classes in the patterns of tags)."""
    try:
        return re.compile(pattern) if pattern else None
    except re.error:
        return None


def _lower(name: str) -> str:
    """A member as SageMaker's messages write it."""
    return name[:1].lower() + name[1:]
