"""Tags that a stack gives its resources: its own, and CloudFormation's ``aws:cloudformation:…`` where it sets them.

Source: "Resource tag", CloudFormation template reference; which types take which tags is in their schemas.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chem_endpoints.local.cfn_schema import schema_of
from chem_endpoints.local.cfn_stack import Stack

Tag = Mapping[str, str]


def with_stack_tags(
    stack: Stack, tags: Sequence[Tag], logical_id: str, type_name: str, properties: Mapping[str, Any]
) -> dict[str, Any]:
    """The properties with the stack's tags; a tag that the resource declares itself wins.

    Args:
        stack: whose resource it is.
        tags: the tags that the stack is to have.
        logical_id: the resource's name in the template.
        type_name: its type; one that cannot be tagged keeps its properties.
        properties: resolved.
    """
    schema = schema_of(type_name, stack.region)
    tagging = schema.tagging if schema else None
    if schema is None or tagging is None:
        return dict(properties)
    system = _system_tags(stack, logical_id) if tagging.system_tags else {}
    inherited = {**{tag["Key"]: tag["Value"] for tag in tags}, **system}
    name = tagging.property_name
    if not inherited:
        return dict(properties)
    as_map = schema.document["properties"][name].get("type") == "object"
    own = properties.get(name, {} if as_map else [])
    if as_map and isinstance(own, dict):
        return {**properties, name: {**inherited, **own}}
    if as_map or not isinstance(own, list):
        return dict(properties)  # of the wrong type: the schema refuses it
    keys = {tag.get("Key") for tag in own if isinstance(tag, dict)}
    added = [{"Key": key, "Value": value} for key, value in inherited.items() if key not in keys]
    return {**properties, name: [*own, *added]}


def _system_tags(stack: Stack, logical_id: str) -> dict[str, str]:
    return {
        "aws:cloudformation:stack-name": stack.name,
        "aws:cloudformation:stack-id": stack.stack_id,
        "aws:cloudformation:logical-id": logical_id,
    }
