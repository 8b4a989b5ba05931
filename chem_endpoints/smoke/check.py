"""A check: a small experiment in an account that answers some rows of docs/unverified.md."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from chem_endpoints.smoke.sandbox import Sandbox

Verdict = Literal["confirmed", "refuted", "not tested"]
"""What was found of an assumption."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one row turned out to be, and what shows it. No structure, credential or account number is evidence."""

    verdict: Verdict
    evidence: str


def confirmed_if(true: object, evidence: str) -> Finding:
    """The assumption holds, or it does not; the evidence is the same sentence."""
    return Finding(verdict="confirmed" if true else "refuted", evidence=evidence)


def not_tested(why: str) -> Finding:
    """Nobody knows more than before."""
    return Finding(verdict="not tested", evidence=why)


@dataclass(frozen=True, kw_only=True)
class Check:
    """An experiment. It makes what it needs in a sandbox, which the run empties however the check ends."""

    id: str
    answers: tuple[str, ...]
    """Ids of docs/unverified.md, in the order in which they are answered."""
    instances: int
    """That run at once at most, while the check runs."""
    ceiling_minutes: int
    """After that the check ends, whatever it knows."""
    run: Callable[["Sandbox"], Iterator[tuple[str, Finding]]]
    """Tells id and finding as soon as it has one."""
    not_local: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Id → why the local AWS cannot tell."""
