"""What the doctor says of an endpoint."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "unseen", "note"]
"""``error``: it does not do what was deployed. ``warning``: it will fail, or costs for nothing. ``unseen``: AWS did
not let us look. ``note``: nothing to do."""


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """One thing that a check has found."""

    severity: Severity
    happened: str
    """What happened, one sentence without its full stop."""
    remedy: str
    """What to do, as an order; empty in a note."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A flaw of one endpoint, as one check found it."""

    endpoint: str
    check: str
    """Id of the check."""
    severity: Severity
    happened: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that was found of one endpoint."""

    endpoint: str
    checks: int
    """How many were made."""
    findings: tuple[Finding, ...]

    @property
    def is_sick(self) -> bool:
        """Whether there is something to do."""
        return any(finding.severity in ("error", "warning") for finding in self.findings)

    @property
    def is_unseen(self) -> bool:
        """Whether a check could not look."""
        return any(finding.severity == "unseen" for finding in self.findings)


class CannotLookError(Exception):
    """Nothing could be examined; the message says why and what to do."""
