"""Property values as the schema types them: CloudFormation takes ``"60"`` for 60 and ``"true"`` for true."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Json = Any
Node = Mapping[str, Any]
_COMBINATIONS = ("allOf", "anyOf", "oneOf")


def coerced(document: Node, value: Json) -> Json:
    """The value with every scalar in the type that the schema names, where there is such a reading of it."""
    return _coerce(document, document, value)


def _coerce(document: Node, node: Node, value: Json) -> Json:
    node = _followed(document, node)
    for combination in _alternatives(document, node):
        if isinstance(value, (dict, list)):
            value = _coerce(document, combination, value)
    if isinstance(value, dict):
        return {key: _coerce(document, _member(node, key), inner) for key, inner in value.items()}
    if isinstance(value, list):
        items = node.get("items", {})
        return [_coerce(document, items, item) for item in value] if isinstance(items, dict) else value
    return _scalar(set(_types(document, node)), value)


def _followed(document: Node, node: Node) -> Node:
    """The node that a reference names."""
    while "$ref" in node:
        found: Any = document
        for step in str(node["$ref"]).removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def _alternatives(document: Node, node: Node) -> Iterator[Node]:
    for name in _COMBINATIONS:
        for part in node.get(name, ()):
            yield _followed(document, part)


def _member(node: Node, key: str) -> Node:
    found: Node = (node.get("properties") or {}).get(key) or {}
    return found


def _types(document: Node, node: Node) -> Iterator[str]:
    """The JSON types that a value of this node may have; none when it may have any."""
    named = node.get("type", ())
    yield from [named] if isinstance(named, str) else named
    if not named:
        for part in _alternatives(document, node):
            yield from _types(document, part)


def json_type(value: Json) -> str:
    """The name of a value's type in JSON schemas."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    names = {float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _scalar(types: set[str], value: Json) -> Json:
    own = json_type(value)
    if own in types or (own == "integer" and "number" in types) or not types:
        return value
    if "string" in types and own != "null":
        return json.dumps(value)
    if isinstance(value, str) and "boolean" in types and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if isinstance(value, str) and types & {"integer", "number"}:
        return _number(value, whole="number" not in types)
    return value


def _number(text: str, *, whole: bool) -> Json:
    try:
        number = float(text)
    except ValueError:
        return text
    if number.is_integer():
        return int(number)
    return text if whole else number
