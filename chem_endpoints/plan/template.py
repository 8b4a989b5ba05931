"""A CloudFormation template, read only."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

MODEL = "AWS::SageMaker::Model"
ENDPOINT_CONFIG = "AWS::SageMaker::EndpointConfig"
ENDPOINT = "AWS::SageMaker::Endpoint"
COMPONENT = "AWS::SageMaker::InferenceComponent"
SCALABLE_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
SCALING_POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"
ALARM = "AWS::CloudWatch::Alarm"
COMPOSITE_ALARM = "AWS::CloudWatch::CompositeAlarm"

_LONG_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")

STACK_PREFIX = "ChemEndpoints-"
"""What the names of all our stacks start with; the rest is the endpoint's name."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource as the template states it.

    Attributes:
        logical_id: its name inside the template.
        type: CloudFormation type.
        properties: as written, intrinsic functions included.
        policies: ``DeletionPolicy`` and ``UpdateReplacePolicy``, where given.
    """

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    policies: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template; an empty one stands for a stack that does not exist."""

    body: Mapping[str, Any]

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """By logical id."""
        return {
            name: Resource(
                logical_id=name,
                type=written["Type"],
                properties=written.get("Properties", {}),
                policies={key: written[key] for key in ("DeletionPolicy", "UpdateReplacePolicy") if key in written},
            )
            for name, written in self.body.get("Resources", {}).items()
        }

    def of_type(self, *types: str) -> Iterator[Resource]:
        """The resources of these types, in the template's order."""
        return (resource for resource in self.resources.values() if resource.type in types)

    def referred(self, value: object, type_: str) -> Resource | None:
        """The resource of a type that a value (``Ref`` or ``Fn::GetAtt``) leads to."""
        for name in references(value):
            found = self.resources.get(name)
            if found is not None and found.type == type_:
                return found
        return None


EMPTY = Template(body={})


def read_template(path: Path) -> Template:
    """A template file of a cloud assembly."""
    return Template(body=json.loads(path.read_text(encoding="utf-8")))


def references(value: object) -> Iterator[str]:
    """Logical ids that a value refers to by ``Ref``, ``Fn::GetAtt`` or ``Fn::Sub``; pseudo parameters left out."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            match key, inner:
                case "Ref", str() if not inner.startswith("AWS::"):
                    yield inner
                case "Fn::GetAtt", [str(name), *_]:
                    yield name
                case "Fn::GetAtt", str():
                    yield inner.split(".")[0]
                case "Fn::Sub", _:
                    yield from _substituted(inner)
                case _:
                    yield from references(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from references(inner)


def _substituted(value: object) -> Iterator[str]:
    text, given = value if isinstance(value, list) else (value, {})
    yield from references(given)
    for part in str(text).split("${")[1:]:
        name = part.split("}")[0].split(".")[0]
        if not name.startswith(("AWS::", "!")) and name not in given:
            yield name


def shown(value: object) -> str:
    """A value as a reviewer reads it: text as it is, ``Ref`` and ``Fn::GetAtt`` as ``<Name.Attribute>``."""
    match value:
        case str():
            return value
        case {"Ref": str(name)}:
            return f"<{name}>"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Sub": str(text)}:
            return text
        case {"Fn::Join": [str(separator), [*parts]]}:
            return separator.join(map(shown, parts))
        case bool() | None:
            return json.dumps(value)
        case int() | float():
            return str(int(value)) if value == int(value) else str(value)
        case _:
            return json.dumps(value, sort_keys=True)


def abbreviated(text: str) -> str:
    """Every SHA-256 cut to twelve digits, as git and Docker show them."""
    return _LONG_DIGEST.sub(lambda found: found[0][:12], text)
