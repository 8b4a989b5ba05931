"""CloudFormation templates: reading them, the order of their resources, and the values of their functions."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import yaml

from chem_endpoints.local.cfn_shape import ShapeError, check_shape

PSEUDO_NO_VALUE = "AWS::NoValue"
UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""Stands in a plan for what only the deployment will tell (CloudFormation's own words)."""

_NO_VALUE = object()
_PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")
_LITERAL = re.compile(r"\$\{!([^}]*)\}")

Json = Any
Template = dict[str, Any]


class TemplateError(Exception):
    """A template that CloudFormation would refuse; the message is for the person who deploys."""


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: short function tags, and dates stay text."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _construct_function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Json:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Json = loader.construct_scalar(node)
        return {name: str(value).split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type]


_Loader.add_multi_constructor("!", _construct_function)


def parse_template(body: str) -> Template:
    """A template from its JSON or YAML text.

    Raises:
        TemplateError: neither JSON nor YAML, or without resources.
    """
    try:
        template = yaml.load(body, Loader=_Loader) if not body.lstrip().startswith("{") else json.loads(body)  # noqa: S506
    except (ValueError, yaml.YAMLError) as error:
        raise TemplateError(f"Template format error: {error}") from error
    if not isinstance(template, dict) or not template.get("Resources"):
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    try:
        check_shape(template)
    except ShapeError as error:
        raise TemplateError(str(error)) from error
    _refuse_circular_conditions(template.get("Conditions") or {})
    return template


def as_text(value: Json) -> str:
    """A scalar as CloudFormation's functions see it: all are text, and a boolean is ``true`` or ``false``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def references(value: Json) -> Iterator[str]:
    """Logical ids that this part of a template refers to (parameters and pseudo parameters included)."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _references_of(key, inner)


def _references_of(key: str, inner: Json) -> Iterator[str]:
    if key == "Ref":
        yield inner
    elif key == "Fn::GetAtt":
        yield inner[0] if isinstance(inner, list) else inner.split(".")[0]
    elif key == "Fn::Sub":
        text, names = inner if isinstance(inner, list) else (inner, {})
        yield from (found.split(".")[0] for found in _PLACEHOLDER.findall(text) if found not in names)
        yield from references(names)
    elif key == "DependsOn":
        yield from [inner] if isinstance(inner, str) else inner
    else:
        yield from references(inner)


def _references_or_refusal(name: str, resource: Json) -> list[str]:
    try:
        return [needed for needed in references(resource) if isinstance(needed, str)]
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise TemplateError(f"Template format error: a function of resource {name} is malformed") from error


def creation_order(resources: Mapping[str, Json]) -> list[str]:
    """The resources' names, each behind those that it needs.

    Raises:
        TemplateError: a resource needs itself, directly or through others.
    """
    needs = {name: _references_or_refusal(name, resource) for name, resource in resources.items()}
    return _needed_first(needs, "Circular dependency between resources")


def _refuse_circular_conditions(conditions: Mapping[str, Json]) -> None:
    needs = {name: list(_conditions_in(condition)) for name, condition in conditions.items()}
    _needed_first(needs, "Template error: Found circular condition dependency")


def _conditions_in(value: Json) -> Iterator[str]:
    """Names of the conditions that a condition is made of."""
    inner: list[Json] = value if isinstance(value, list) else []
    if isinstance(value, dict):
        inner = list(value.values())
        named = value.get("Condition"), *(value.get("Fn::If") or [])[:1]
        yield from (name for name in named if isinstance(name, str))
    for each in inner:
        yield from _conditions_in(each)


def _needed_first(needs: Mapping[str, list[str]], circular: str) -> list[str]:
    order: list[str] = []
    open_names: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        if name in open_names:
            circle = ", ".join(open_names[open_names.index(name) :])
            raise TemplateError(f"{circular}: [{circle}]")
        open_names.append(name)
        for needed in needs[name]:
            if needed in needs:
                visit(needed)
        open_names.pop()
        order.append(name)

    for name in needs:
        visit(name)
    return order


class Referable(Protocol):
    """A resource that others can name."""

    @property
    def physical_id(self) -> str: ...
    @property
    def attributes(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class Unmade:
    """A resource that the deployment will make or replace: nothing about it is known yet."""

    physical_id: str = UNKNOWN

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Every attribute is unknown."""
        return _AllUnknown()


class _AllUnknown(dict[str, Any]):
    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> Any:
        return UNKNOWN


@dataclass(kw_only=True)
class Resolver:
    """Gives the functions of one template their values."""

    template: Template
    parameters: Mapping[str, Any]
    """Parameters and pseudo parameters, resolved."""
    resources: Mapping[str, Referable]
    exports: Mapping[str, str] = field(default_factory=dict)
    imported: set[str] = field(default_factory=set)
    """Names of the exports that have been used."""

    def resolve(self, value: Json) -> Json:
        """The value with every function replaced; members without a value are left out."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in _FUNCTIONS and (name != "Condition" or isinstance(argument, str)):
                return self._call(name, argument)
            if name.startswith("Fn::"):
                raise TemplateError(f"Template error: the function {name} is not supported by the local AWS")
        members = {key: self.resolve(inner) for key, inner in value.items()}
        return {key: inner for key, inner in members.items() if inner is not _NO_VALUE}

    def _call(self, name: str, argument: Json) -> Json:
        try:
            return _FUNCTIONS[name](self, argument)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise TemplateError(f"Template error: the argument of {name} is malformed: {argument}") from error

    def condition(self, name: str) -> bool:
        """Whether the named condition of the template holds."""
        conditions = self.template.get("Conditions") or {}
        if name not in conditions:
            raise TemplateError(f"Template format error: Unresolved condition {name}")
        return bool(self.resolve(conditions[name]))

    def present(self, member: Mapping[str, Any]) -> bool:
        """Whether a resource or output exists, by its ``Condition``."""
        return "Condition" not in member or self.condition(member["Condition"])

    def _ref(self, name: str) -> Json:
        if name == PSEUDO_NO_VALUE:
            return _NO_VALUE
        if name in self.parameters:
            return self.parameters[name]
        return self._resource(name).physical_id

    def _resource(self, name: str) -> Referable:
        if name not in self.resources:
            raise TemplateError(f"Template format error: Unresolved resource dependencies [{name}] in the template")
        return self.resources[name]

    def _get_att(self, argument: Json) -> Json:
        name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
        attributes = self._resource(name).attributes
        if attribute not in attributes:
            raise TemplateError(f"Template error: resource {name} does not support attribute type {attribute}")
        return attributes[attribute]

    def _sub(self, argument: Json) -> str:
        text, given = argument if isinstance(argument, list) else (argument, {})
        names = {name: self.resolve(inner) for name, inner in given.items()}

        def value_of(found: re.Match[str]) -> str:
            name = found.group(1).strip()
            if name in names:
                return as_text(names[name])
            return as_text(self._get_att(name) if "." in name else self._ref(name))

        return _LITERAL.sub(r"${\1}", _PLACEHOLDER.sub(value_of, text))

    def _find_in_map(self, argument: Json) -> Json:
        place: Any = self.template.get("Mappings") or {}
        for key in map(self.resolve, argument[:3]):
            if key not in place:
                raise TemplateError(f"Template error: Unable to get mapping for {argument}")
            place = place[key]
        return place

    def _if(self, argument: Json) -> Json:
        name, then, otherwise = argument
        return self.resolve(then if self.condition(name) else otherwise)

    def _join(self, argument: Json) -> str:
        separator, parts = argument
        resolved = self.resolve(parts)
        return UNKNOWN if resolved == UNKNOWN else str(separator).join(map(as_text, resolved))

    def _split(self, argument: Json) -> Json:
        separator, text = argument
        resolved = self.resolve(text)
        return resolved if resolved == UNKNOWN else str(resolved).split(separator)

    def _select(self, argument: Json) -> Json:
        index, items = argument
        resolved = self.resolve(items)
        if resolved == UNKNOWN:
            return resolved
        place = int(self.resolve(index))
        if not 0 <= place < len(resolved):
            raise TemplateError(f"Template error: Fn::Select cannot select nonexistent value at index {place}")
        return resolved[place]

    def _import_value(self, argument: Json) -> str:
        name = self.resolve(argument)
        if name not in self.exports:
            raise TemplateError(f"No export named {name} found.")
        self.imported.add(name)
        return self.exports[name]

    def _equals(self, argument: Json) -> bool:
        left, right = self.resolve(argument)
        return as_text(left) == as_text(right)

    def _and(self, argument: Json) -> bool:
        return all(map(self.resolve, argument))

    def _or(self, argument: Json) -> bool:
        return any(map(self.resolve, argument))

    def _not(self, argument: Json) -> bool:
        return not self.resolve(argument[0])

    def _base64(self, argument: Json) -> str:
        return base64.b64encode(as_text(self.resolve(argument)).encode()).decode()

    def _get_azs(self, argument: Json) -> list[str]:
        region = self.resolve(argument) or self.parameters["AWS::Region"]
        return [f"{region}{letter}" for letter in "abc"]


_FUNCTIONS = {
    "Ref": Resolver._ref,
    "Fn::GetAtt": Resolver._get_att,
    "Fn::Sub": Resolver._sub,
    "Fn::FindInMap": Resolver._find_in_map,
    "Fn::If": Resolver._if,
    "Fn::Join": Resolver._join,
    "Fn::Split": Resolver._split,
    "Fn::Select": Resolver._select,
    "Fn::ImportValue": Resolver._import_value,
    "Fn::Equals": Resolver._equals,
    "Fn::And": Resolver._and,
    "Fn::Or": Resolver._or,
    "Fn::Not": Resolver._not,
    "Fn::Base64": Resolver._base64,
    "Fn::GetAZs": Resolver._get_azs,
    "Condition": Resolver.condition,
}
