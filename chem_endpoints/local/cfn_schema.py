"""The CloudFormation schema of a resource type, read from the files that cfn-lint ships.

The files are read one at a time and without importing cfn-lint, which takes seconds and 70 MB.
Source: "CloudFormation resource type schemas", AWS CloudFormation CLI user guide.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_REGION = "us-east-1"
"""Holds nearly every type; used for a region that has no list of its own."""

PropertyPath = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Tagging:
    """How resources of a type are tagged."""

    property_name: str
    updatable: bool
    """Whether tags change without a new resource."""
    system_tags: bool
    """Whether CloudFormation adds its own tags, ``aws:cloudformation:…``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Schema:
    """What CloudFormation knows of one resource type; paths are without ``/properties``."""

    document: dict[str, Any]
    """The JSON schema of the properties, with its definitions."""
    create_only: tuple[PropertyPath, ...]
    """Properties whose change replaces the resource."""
    read_only: tuple[PropertyPath, ...]
    """Properties that the service sets and a template must not."""
    identifiers: tuple[str, ...]
    """Properties that together are the resource's identity."""
    tagging: Tagging | None
    """None: the type cannot be tagged."""


def schema_of(type_name: str, region: str = _REGION) -> Schema | None:
    """The schema of a type in a region; None for a type that has none there, custom resources among them."""
    file_name = _index(region).get(type_name)
    return _read(file_name) if file_name is not None else None


@cache
def _folder() -> Path:
    found = find_spec("cfnlint")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("cfn-lint is not installed: it ships the CloudFormation schemas", name="cfnlint")
    return Path(found.origin).parent / "data" / "schemas"


@cache
def _index(region: str) -> dict[str, str]:
    path = _folder() / "providers" / f"{region}.json"
    if not path.exists():
        return _index(_REGION)
    names: dict[str, str] = json.loads(path.read_text())
    return names


@lru_cache(maxsize=8)
def _read(file_name: str) -> Schema:
    whole = json.loads((_folder() / "resources" / f"{file_name}.json").read_text())
    members = ("type", "properties", "definitions", "required", "additionalProperties", "patternProperties")
    combinations = ("allOf", "anyOf", "oneOf")
    return Schema(
        document={name: whole[name] for name in (*members, *combinations) if name in whole},
        create_only=_paths(whole.get("createOnlyProperties")),
        read_only=_paths(whole.get("readOnlyProperties")),
        identifiers=tuple("/".join(path) for path in _paths(whole.get("primaryIdentifier"))),
        tagging=_tagging(whole),
    )


def _paths(pointers: Iterable[str] | None) -> tuple[PropertyPath, ...]:
    return tuple(tuple(pointer.removeprefix("/properties/").split("/")) for pointer in pointers or ())


def _tagging(whole: dict[str, Any]) -> Tagging | None:
    tagging = whole.get("tagging") or {"taggable": whole.get("taggable", False)}
    name = str(tagging.get("tagProperty", "/properties/Tags")).removeprefix("/properties/")
    if not tagging.get("taggable", True) or name not in whole["properties"]:
        return None
    return Tagging(
        property_name=name,
        updatable=bool(tagging.get("tagUpdatable", True)),
        system_tags=bool(tagging.get("cloudFormationSystemTags", True)),
    )
