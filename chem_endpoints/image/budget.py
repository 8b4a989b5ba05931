"""How large each image may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from chem_endpoints.image.contents import Contents

MEGABYTE = 1_000_000
"""Bytes; sizes of images are told in megabytes, not mebibytes."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Size of an image as it is pushed: the sum of its gzipped layers, byte code included."""

    limit: int
    """Bytes; more fails the build."""
    aim: int
    """Bytes that the image is meant to stay below."""


BUDGETS: Mapping[str, Budget] = MappingProxyType(
    {
        "base": Budget(limit=300 * MEGABYTE, aim=270 * MEGABYTE),
        "deep": Budget(limit=540 * MEGABYTE, aim=480 * MEGABYTE),
    }
)
"""By the image's name; an image that is not named, as deep-gpu, has none."""


def over_budget(contents: Contents, image: str) -> str | None:
    """What is wrong with the image's size; None: it keeps its budget, or has none."""
    budget = BUDGETS.get(image)
    if budget is None or contents.compressed <= budget.limit:
        return None
    return (
        f"{image} is {contents.compressed / MEGABYTE:.1f} MB gzipped, its limit is {budget.limit / MEGABYTE:.1f} MB: "
        "drop what it does not need (the report lists the largest packages)"
    )
