"""Whether properties fit the schema of their resource type, told in CloudFormation's words.

Source of the words: ``ValidationException`` of aws-cloudformation/cloudformation-resource-schema. It names no value,
so that nothing secret gets into a stack's events; where it does not know better, it names the violated keyword.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonschema_rs import Draft7Validator, ValidationError

from chem_endpoints.local.cfn_coercion import coerced, json_type
from chem_endpoints.local.cfn_schema import PropertyPath, Schema, schema_of
from chem_endpoints.local.cfn_template import UNKNOWN

_MISSING_OR_TOO_MUCH = ("required", "additionalProperties")
"""Keywords whose verdict does not depend on values that only the deployment will tell."""

_TYPE_WORDS = {
    "string": "String",
    "integer": "Integer",
    "number": "Number",
    "boolean": "Boolean",
    "array": "JSONArray",
    "object": "JSONObject",
    "null": "Null",
}


_SIZE_WORDS = {
    "minLength": "expected minLength: {limit}, actual: {size}",
    "maxLength": "expected maxLength: {limit}, actual: {size}",
    "minItems": "expected minimum item count: {limit}, found: {size}",
    "maxItems": "expected maximum item count: {limit}, found: {size}",
    "minProperties": "minimum size: [{limit}], found: [{size}]",
    "maxProperties": "maximum size: [{limit}], found: [{size}]",
}


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One thing that is wrong with a resource's properties."""

    path: tuple[str | int, ...]
    words: str

    @property
    def pointer(self) -> str:
        """Where, as a JSON pointer."""
        return "/".join(("#", *map(str, self.path)))

    def __str__(self) -> str:
        return f"{self.pointer}: {self.words}"


class SchemaError(Exception):
    """Properties do not fit the schema of their type; the message is CloudFormation's."""


def check_properties(type_name: str, region: str, logical_id: str, properties: Mapping[str, Any]) -> None:
    """Refuses properties that do not fit their type's schema; a type without one takes any.

    Raises:
        SchemaError: with every violation, a line each.
    """
    found = violations(type_name, region, properties)
    if found:
        raise SchemaError(refusal_words(logical_id, found))


def refusal_words(logical_id: str, found: Sequence[Violation]) -> str:
    """CloudFormation's message about a resource whose properties are refused."""
    lines = "\n".join(map(str, found))
    return f"Properties validation failed for resource {logical_id} with message:\n{lines}"


def violations(type_name: str, region: str, properties: Mapping[str, Any]) -> tuple[Violation, ...]:
    """All that is wrong with a resource's properties, as far as they are known already."""
    schema = schema_of(type_name, region)
    if schema is None:
        return ()
    values = coerced(schema.document, properties)
    errors = _compiled(type_name, region).validator.iter_errors(values)
    told = [violation for error in errors if not _is_open(error) for violation in _told(error)]
    return tuple(dict.fromkeys([*told, *_set_by_the_service(schema, values)]))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Compiled:
    validator: Draft7Validator
    skipped_patterns: tuple[str, ...]


def skipped_patterns(type_name: str, region: str = "us-east-1") -> tuple[str, ...]:
    """The patterns of a type's schema that are not checked, since no regular expression engine here reads them."""
    return _compiled(type_name, region).skipped_patterns


@lru_cache(maxsize=4)  # they take a megabyte each, and are read again in milliseconds
def _compiled(type_name: str, region: str) -> _Compiled:
    schema = schema_of(type_name, region)
    document = schema.document if schema else {}
    skipped: list[str] = []
    try:
        validator = Draft7Validator(document, validate_formats=False)
    except ValidationError:
        readable = _with_readable_patterns(document, skipped)
        validator = Draft7Validator(readable, validate_formats=False)
    return _Compiled(validator=validator, skipped_patterns=tuple(skipped))


def _with_readable_patterns(node: Any, skipped: list[str]) -> Any:
    if isinstance(node, list):
        return [_with_readable_patterns(item, skipped) for item in node]
    if not isinstance(node, dict):
        return node
    pattern = node.get("pattern")
    if isinstance(pattern, str) and not _is_readable(pattern):
        skipped.append(pattern)
        node = {key: inner for key, inner in node.items() if key != "pattern"}
    return {key: _with_readable_patterns(inner, skipped) for key, inner in node.items()}


def _is_readable(pattern: str) -> bool:
    try:
        Draft7Validator({"pattern": pattern})
    except ValidationError:
        return False
    return True


def _is_open(error: ValidationError) -> bool:
    """Whether the verdict hangs on a value that only the deployment will tell."""
    return error.kind.name not in _MISSING_OR_TOO_MUCH and UNKNOWN in json.dumps(error.instance)


def _told(error: ValidationError) -> Iterator[Violation]:
    """The violation, behind it what each alternative asks for."""
    for words in _words(error):
        yield Violation(path=tuple(error.instance_path), words=words)
    for alternative in error.kind.as_dict().get("context", ()):
        for cause in alternative:
            yield from _told(cause)


def _words(error: ValidationError) -> Iterator[str]:
    keyword, details, value = error.kind.name, error.kind.as_dict(), error.instance
    match keyword:
        case "required":
            yield f"required key [{details['property']}] not found"
        case "additionalProperties":
            yield from (f"extraneous key [{key}] is not permitted" for key in details["unexpected"])
        case "type":
            expected = " or ".join(_TYPE_WORDS[name] for name in details["types"])
            yield f"expected type: {expected}, found: {_TYPE_WORDS[json_type(value)]}"
        case "anyOf" | "oneOf" if "context" in details:
            yield f"#: no subschema matched out of the total {len(details['context'])} subschemas"
        case "oneOf":
            yield "#: several subschemas matched instead of one"
        case "uniqueItems":
            yield "array items are not unique"
        case _ if keyword in _SIZE_WORDS and isinstance(value, (str, list, dict)):
            yield _SIZE_WORDS[keyword].format(limit=details["limit"], size=len(value))
        case _:
            yield f"failed validation constraint for keyword [{keyword}]"


def _set_by_the_service(schema: Schema, properties: Any) -> Iterator[Violation]:
    for path in schema.read_only:
        if path in schema.create_only:
            continue
        for parent in _parents(properties, path):
            yield Violation(path=parent, words=f"extraneous key [{path[-1]}] is not permitted")


def _parents(value: Any, path: PropertyPath, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where the last step of the path is given; ``*`` stands for every item of a list."""
    step, *rest = path
    if step == "*" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _parents(item, tuple(rest), (*place, index))
    elif isinstance(value, dict) and step in value:
        if rest:
            yield from _parents(value[step], tuple(rest), (*place, step))
        else:
            yield place
