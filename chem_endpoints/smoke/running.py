"""Runs checks one after the other; whatever happens, what they made is deleted."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.smoke.check import Check, Finding, not_tested
from chem_endpoints.smoke.removal import Tell
from chem_endpoints.smoke.sandbox import CeilingError, CheckError, Sandbox


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What became of a run."""

    findings: dict[str, Finding]
    """By id of docs/unverified.md; every id of every check that was asked for."""
    left: tuple[str, ...]
    """Sentences on what could not be deleted."""
    interrupted: bool


def run_checks(checks: Sequence[Check], sandbox: Sandbox, tell: Tell) -> RunResult:
    """Runs checks; an interruption (Ctrl-C, SIGTERM) ends them, and what they found so far is kept.

    Args:
        checks: in this order.
        sandbox: theirs; it is empty afterwards.
        tell: gets a line per finding.
    """
    findings: dict[str, Finding] = {}
    left: list[str] = []
    interrupted = False
    try:
        for check in checks:
            tell(f"{check.id}: up to {check.ceiling_minutes} minutes")
            try:
                _run_one(check, sandbox, findings, tell)
            finally:
                left += sandbox.empty()
    except KeyboardInterrupt:
        interrupted = True
        tell("interrupted; deleting what was made. Interrupt again, and `smoke --clean` must do it")
    finally:
        left += sandbox.close()
    for check in checks:
        for name in check.answers:
            findings.setdefault(name, not_tested("interrupted"))
    return RunResult(findings=findings, left=tuple(dict.fromkeys(left)), interrupted=interrupted)


def _run_one(check: Check, sandbox: Sandbox, findings: dict[str, Finding], tell: Tell) -> None:
    sandbox.deadline = time.monotonic() + 60 * check.ceiling_minutes
    why = "the check ended without an answer"
    try:
        with _running(check.run(sandbox)) as found:
            for name, finding in found:
                if sandbox.account.is_local and name in check.not_local:
                    finding = not_tested(check.not_local[name])
                findings[name] = finding
                tell(f"  {name}: {finding.verdict}. {sandbox.account.masked(finding.evidence)}")
    except CeilingError:
        why = f"the check's {check.ceiling_minutes} minutes were over"
    except (CheckError, ClientError, BotoCoreError) as error:
        why = str(error)
    for name in check.answers:
        if name not in findings:
            findings[name] = not_tested(why)
            tell(f"  {name}: not tested. {sandbox.account.masked(why)}")


@contextmanager
def _running(found: Any) -> Iterator[Iterator[tuple[str, Finding]]]:
    try:
        yield found
    finally:
        found.close()
