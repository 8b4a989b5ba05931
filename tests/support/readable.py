"""Templates as a reviewer wants to read them in a snapshot: short, and with nothing left out but digests."""

import re
from typing import Any

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PAIRS = ({"Name", "Value"}, {"Key", "Value"})


def readable(value: Any, *, masked: bool = True) -> Any:
    """The value with dimensions and tags as mappings and, if masked, digests as ``<SHA256>``."""
    if isinstance(value, dict):
        return {key: readable(each, masked=masked) for key, each in value.items()}
    if isinstance(value, list):
        return _mapping_of_pairs([readable(each, masked=masked) for each in value])
    return _DIGEST.sub("<SHA256>", value) if masked and isinstance(value, str) else value


def _mapping_of_pairs(items: list[Any]) -> Any:
    if not items or not all(isinstance(each, dict) and set(each) in _PAIRS for each in items):
        return items
    mapping = {each.get("Name", each.get("Key")): each["Value"] for each in items}
    return mapping if len(mapping) == len(items) else items


def images(template: dict[str, Any]) -> list[Any]:
    """The images that a stack's models run, digests included."""
    models = [each for each in template["Resources"].values() if each["Type"] == "AWS::SageMaker::Model"]
    return [each["Properties"]["PrimaryContainer"]["Image"] for each in models]
