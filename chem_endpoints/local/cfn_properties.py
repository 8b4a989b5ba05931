"""CloudFormation property values as API parameters, checked against botocore's description of the operation.

CloudFormation takes ``"60"`` for 60 and ``"true"`` for true, and its names differ from the API's in case at most.
What the API does not know is refused: a property that is silently dropped here would be a false green.
"""

import json
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


class PropertyError(Exception):
    """A property that the resource type does not have, or a value that it cannot take."""


def as_parameters(shape: Shape | None, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties as parameters of the operation with this input shape.

    Raises:
        PropertyError: a property is unknown or has a value of the wrong kind; the message has its path.
    """
    converted = _convert(shape, properties, "#") if shape is not None else {}
    return dict(converted)


def _convert(shape: Shape, value: Any, path: str) -> Any:
    if isinstance(shape, StructureShape):
        return _structure(shape, value, path)
    if isinstance(shape, ListShape):
        items = _require(list, value, path)
        return [_convert(shape.member, item, f"{path}/{index}") for index, item in enumerate(items)]
    if isinstance(shape, MapShape):
        members = _require(dict, _tags_as_map(value), path)
        return {key: _convert(shape.value, inner, f"{path}/{key}") for key, inner in members.items()}
    return _scalar(shape, value, path)


def _tags_as_map(value: Any) -> Any:
    """CloudFormation writes tags as a list of pairs; some services take them as a map."""
    if isinstance(value, list) and all(isinstance(item, dict) and set(item) == {"Key", "Value"} for item in value):
        return {item["Key"]: item["Value"] for item in value}
    return value


def _structure(shape: StructureShape, value: Any, path: str) -> dict[str, Any]:
    names = {name.lower(): name for name in shape.members}
    converted = {}
    for key, inner in _require(dict, value, path).items():
        if key.lower() not in names:
            raise PropertyError(f"{path}: extraneous key [{key}] is not permitted")
        name = names[key.lower()]
        converted[name] = _convert(shape.members[name], inner, f"{path}/{key}")
    return converted


def _scalar(shape: Shape, value: Any, path: str) -> Any:
    if isinstance(value, (dict, list)):
        raise PropertyError(f"{path}: expected type: {shape.type_name.title()}, found: {type(value).__name__}")
    if shape.type_name == "boolean":
        return _boolean(value, path)
    if shape.type_name in ("integer", "long", "float", "double"):
        return _number(shape.type_name, value, path)
    return json.dumps(value) if isinstance(value, (bool, int, float)) else value


def _boolean(value: Any, path: str) -> bool:
    text = str(value).lower()
    if text not in ("true", "false"):
        raise PropertyError(f"{path}: {value!r} is neither true nor false")
    return text == "true"


def _number(type_name: str, value: Any, path: str) -> int | float:
    try:
        number = float(value)
    except ValueError:
        raise PropertyError(f"{path}: {value!r} is not a number") from None
    return int(number) if type_name in ("integer", "long") and number.is_integer() else number


def _require(kind: type, value: Any, path: str) -> Any:
    if not isinstance(value, kind):
        found = type(value).__name__
        raise PropertyError(f"{path}: expected a {'list' if kind is list else 'mapping'}, found: {found}")
    return value


class Properties:
    """The properties of a resource whose type is made by several API calls; each is taken once, by name."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        self._left = dict(properties)

    def take(self, name: str, default: Any = None) -> Any:
        """The property's value, or the default when it is not given."""
        return self._left.pop(name, default)

    def take_json(self, name: str) -> str | None:
        """The property's value as JSON text, as policy parameters want it."""
        value = self.take(name)
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def end(self) -> None:
        """Refuses what was not taken.

        Raises:
            PropertyError: a property that the type does not have.
        """
        if self._left:
            raise PropertyError(f"#: extraneous key [{', '.join(sorted(self._left))}] is not permitted")


def given(**parameters: Any) -> dict[str, Any]:
    """The parameters that have a value."""
    return {name: value for name, value in parameters.items() if value is not None}
