"""The shape of a template: what CloudFormation refuses before it looks at any value."""

from collections.abc import Mapping
from typing import Any

_POLICIES = {
    "DeletionPolicy": ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot"),
    "UpdateReplacePolicy": ("Delete", "Retain", "Snapshot"),
}
_WITH_SNAPSHOTS = (
    "AWS::DocDB::DBCluster",
    "AWS::EC2::Volume",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::Neptune::DBCluster",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
)
"""Types of which CloudFormation takes a snapshot. Source: "DeletionPolicy attribute", template reference."""


class ShapeError(Exception):
    """A template whose members are not what they must be; the message says where."""

    def __init__(self, message: str, *, kind: str = "Template format error") -> None:
        super().__init__(f"{kind}: {message}")


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
    _check_policies(name, resource)
    needed = resource.get("DependsOn", [])
    names = [needed] if isinstance(needed, str) else needed
    if not isinstance(names, list) or not all(isinstance(item, str) for item in names):
        raise ShapeError(f"[{place}/DependsOn] must be a name or a list of names")
    missing = [item for item in names if item not in resources]
    if missing:
        raise ShapeError(
            f"Unresolved resource dependencies [{', '.join(missing)}] in the Resources block of the template"
        )


def _check_policies(name: str, resource: Mapping[str, Any]) -> None:
    for attribute, allowed in _POLICIES.items():
        policy = resource.get(attribute, "Delete")
        if policy not in allowed:
            raise ShapeError(f"Unrecognized {attribute} {policy} for resource {name}")
        if policy == "Snapshot" and resource["Type"] not in _WITH_SNAPSHOTS:
            words = f"resource type {resource['Type']} does not support deletion policy Snapshot"
            raise ShapeError(words, kind="Template error")


def _require_mapping(value: Any, place: str) -> None:
    if value is not None and not isinstance(value, dict):
        raise ShapeError(f"[{place}] must be an object")


def _require_member(value: Any, member: str, place: str) -> None:
    if not isinstance(value, dict):
        raise ShapeError(f"[{place}] must be an object")
    if member not in value:
        raise ShapeError(f"[{place}] must contain a {member} member")
