"""Which outputs a custom resource wants hidden: those with attributes of a resource that answered ``NoEcho``.

Source: "NoEcho" in "Custom resource request and response reference", CloudFormation user guide.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

HIDDEN = "*****"
"""What is shown in place of a hidden value."""

_ATTRIBUTE = re.compile(r"\$\{([^!}.]+)\.[^}]*\}")


def resources_read(value: Any) -> Iterator[str]:
    """Logical ids of the resources of which this part of a template reads attributes."""
    if isinstance(value, list):
        for item in value:
            yield from resources_read(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "Fn::GetAtt":
                yield inner[0] if isinstance(inner, list) else inner.split(".")[0]
            elif key == "Fn::Sub":
                yield from _ATTRIBUTE.findall(inner if isinstance(inner, str) else inner[0])
            yield from resources_read(inner)


def is_hidden(value: Any, resources: Mapping[str, Any]) -> bool:
    """Whether a value must not be shown."""
    made = (getattr(resources.get(name), "made", None) for name in resources_read(value))
    return any(each is not None and each.no_echo for each in made)
