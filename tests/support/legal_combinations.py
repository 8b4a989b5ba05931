"""Every legal combination of kind, VPC, isolation, capture, guardrail, schedule and image source.

Derived from the support matrix, so that a cell that changes there changes what is synthesized.
"""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import combinations, product
from typing import Any, get_args

from chem_endpoints.spec.deployment import Strategy
from chem_endpoints.spec.support_matrix import SUPPORT, Kind

IMAGE_SOURCES = ("asset", "codebuild", "pin")
NO_GUARDRAIL = "none"
DIGEST = "a" * 64


@dataclass(frozen=True)
class Combination:
    """One choice per question."""

    kind: Kind
    vpc: bool
    isolation: bool
    capture: bool
    guardrail: str
    """A strategy of `serving.deployment`, or none."""
    scheduled: bool
    image: str
    """One of `IMAGE_SOURCES`."""

    @property
    def name(self) -> str:
        """Name of the endpoint: what it combines."""
        chosen = {"vpc": self.vpc, "open": not self.isolation, "capture": self.capture, "clock": self.scheduled}
        words = [self.kind.replace("_", "-"), *(word for word, yes in chosen.items() if yes)]
        return "-".join([*words, self.guardrail.replace("_", "-"), self.image])

    def declaration(self) -> dict[str, Any]:
        """What a file of ``endpoints/`` says."""
        serving: dict[str, Any] = {"kind": self.kind, **_ESSENTIALS[self.kind]}
        if SUPPORT[self.kind].vpc.value:
            serving["vpc"] = self.vpc
        if SUPPORT[self.kind].isolation.value:
            serving["isolation"] = self.isolation
        if self.capture:
            serving["capture"] = {"percent": 20, **({"unverified": True} if self.kind == "inference_component" else {})}
        if self.guardrail != NO_GUARDRAIL:
            serving["deployment"] = {"strategy": self.guardrail, "percent": 25, "wait_minutes": 2}
        if self.scheduled:
            serving["scaling"] = {**serving["scaling"], "schedule": OFFICE_HOURS}
        return {
            "name": self.name,
            "owner": "admet-platform",
            "model": {"artifact": "s3://models/logs-v1.tar.gz", "sha256": DIGEST},
            "serving": serving,
        }


OFFICE_HOURS = [
    {"name": "opens", "cron": "0 7 ? * MON-FRI *", "timezone": "Europe/Zurich", "min": 2, "max": 4},
    {"name": "closes", "cron": "0 19 ? * MON-FRI *", "timezone": "Europe/Zurich", "min": 2, "max": 2},
]
_ESSENTIALS: dict[Kind, dict[str, Any]] = {
    "realtime": {
        "instance_type": "ml.c7i.large",
        "scaling": {"min": 2, "max": 4, "invocations_per_instance": 600},
    },
    "async": {"instance_type": "ml.c7i.large", "scaling": {"min": 0, "max": 4}},
    "serverless": {"max_concurrency": 10, "provisioned_concurrency": 2, "scaling": {"min": 1, "max": 4}},
    "inference_component": {
        "instance_type": "ml.c7i.xlarge",
        "instances": {"min": 0, "max": 4},
        "scaling": {"min": 0, "max": 4, "invocations_per_copy": 60},
    },
}


def legal_combinations() -> tuple[Combination, ...]:
    """All of them, in a fixed order."""
    return tuple(each for kind in SUPPORT for each in _of(kind))


def pairwise_sample(legal: Sequence[Combination]) -> tuple[Combination, ...]:
    """The fewest that a greedy choice finds in which every pair of choices that is legal at all occurs."""
    uncovered = {pair for each in legal for pair in _pairs(each)}
    chosen = []
    while uncovered:
        best = max(legal, key=lambda each: len(uncovered & _pairs(each)))
        uncovered -= _pairs(best)
        chosen.append(best)
    return tuple(chosen)


def _pairs(combination: Combination) -> frozenset[tuple[tuple[int, object], ...]]:
    return frozenset(combinations(enumerate(astuple(combination)), 2))


def _of(kind: Kind) -> Iterator[Combination]:
    support = SUPPORT[kind]
    guardrails = [strategy for strategy in get_args(Strategy) if getattr(support, strategy).value]
    choices = product(
        _optional(support.vpc.value),
        _optional(support.isolation.value),
        _optional(support.data_capture.value),
        [NO_GUARDRAIL, *guardrails],
        _optional(support.scaling.value),
        IMAGE_SOURCES,
    )
    for choice in choices:
        yield Combination(kind, *choice)


def _optional(offered: bool) -> tuple[bool, ...]:
    return (False, True) if offered else (False,)
