"""The shape of a template: what CloudFormation refuses before it looks at any value."""

from collections.abc import Mapping
from typing import Any


class ShapeError(Exception):
    """A template whose members are not what they must be; the message says where."""


def check_shape(template: Mapping[str, Any]) -> None:
    """Refuses a template whose sections or resources are malformed.

    Raises:
        ShapeError: with CloudFormation's words as far as they are known.
    """
    for section in ("Parameters", "Mappings", "Conditions", "Outputs", "Resources"):
        _require_mapping(template.get(section, {}), f"/{section}")
    for name, parameter in (template.get("Parameters") or {}).items():
        _require_member(parameter, "Type", f"/Parameters/{name}")
    for name, output in (template.get("Outputs") or {}).items():
        _require_member(output, "Value", f"/Outputs/{name}")
    for name, resource in template["Resources"].items():
        _check_resource(name, resource, template["Resources"])


def _check_resource(name: str, resource: Any, resources: Mapping[str, Any]) -> None:
    place = f"/Resources/{name}"
    _require_member(resource, "Type", place)
    _require_mapping(resource.get("Properties", {}), f"{place}/Properties")
    for member in ("Type", "Condition", "DeletionPolicy", "UpdateReplacePolicy"):
        if not isinstance(resource.get(member, ""), str):
            raise ShapeError(f"[{place}/{member}] must be a string")
    needed = resource.get("DependsOn", [])
    names = [needed] if isinstance(needed, str) else needed
    if not isinstance(names, list) or not all(isinstance(item, str) for item in names):
        raise ShapeError(f"[{place}/DependsOn] must be a name or a list of names")
    missing = [item for item in names if item not in resources]
    if missing:
        raise ShapeError(
            f"Unresolved resource dependencies [{', '.join(missing)}] in the Resources block of the template"
        )


def _require_mapping(value: Any, place: str) -> None:
    if value is not None and not isinstance(value, dict):
        raise ShapeError(f"[{place}] must be an object")


def _require_member(value: Any, member: str, place: str) -> None:
    if not isinstance(value, dict):
        raise ShapeError(f"[{place}] must be an object")
    if member not in value:
        raise ShapeError(f"[{place}] must contain a {member} member")
