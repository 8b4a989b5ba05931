"""Which rule of an ECR repository will take an image away.

Source: "Lifecycle policy properties", "How lifecycle policies work" (Amazon ECR user guide): an image matches one rule
at most, the one with the lowest priority number; of a list of prefixes or patterns an image must match all.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

Values = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Removal:
    """What a rule will do to an image."""

    priority: int
    when: str
    """In words, such as ``7 days after its push``."""
    what: str
    """``expires`` or ``archives``; nobody can pull either."""


def removal_of(image: Values, policy: str) -> Removal | None:
    """The rule that will take an image away.

    Args:
        image: of DescribeImages.
        policy: ``lifecyclePolicyText``.
    """
    for rule in _rules(policy):
        if _selects(rule["selection"], image.get("imageTags", ())):
            transition = rule.get("action", {}).get("type") == "transition"
            return Removal(
                priority=int(rule["rulePriority"]),
                when=_when(rule["selection"]),
                what="archives" if transition else "expires",
            )
    return None


def _rules(policy: str) -> Iterator[Values]:
    rules = json.loads(policy).get("rules", [])
    yield from sorted(rules, key=lambda rule: int(rule["rulePriority"]))


def _selects(selection: Values, tags: Sequence[str]) -> bool:
    if selection.get("storageClass", "standard") != "standard":
        return False
    match selection["tagStatus"]:
        case "untagged":
            return not tags
        case "tagged":
            prefixes = [f"{prefix}*" for prefix in selection.get("tagPrefixList", ())]
            patterns = [*prefixes, *selection.get("tagPatternList", ())]
            return bool(tags) and all(any(fnmatchcase(tag, pattern) for tag in tags) for pattern in patterns)
        case _:
            return True


def _when(selection: Values) -> str:
    number = selection["countNumber"]
    if selection["countType"] == "imageCountMoreThan":
        return f"as soon as {number} newer images match the rule"
    since = {"sinceImagePulled": "last pull", "sinceImageTransitioned": "transition"}
    return f"{number} days after its {since.get(selection['countType'], 'push')}"
