"""Runs every check on every endpoint."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.doctor.discovery import find_endpoints
from chem_endpoints.doctor.finding import CannotLookError, Finding, Flaw, Report
from chem_endpoints.doctor.look import Look, is_local
from chem_endpoints.doctor.stack import Stack
from chem_endpoints.doctor.subject import Subject, read_subject
from chem_endpoints.doctor.table import CHECKS, LIVE, Check

IDLE_DAYS = 14


def reports(
    names: Sequence[str] = (),
    *,
    session: boto3.Session | None = None,
    days: int = IDLE_DAYS,
    now: datetime | None = None,
    local: bool | None = None,
) -> tuple[Report, ...]:
    """Examines endpoints; only reads, and neither requests nor answers.

    Args:
        names: which endpoints; default: every one of ours in the account and region.
        session: credentials and region; default: the environment's.
        days: days without an invocation after which an endpoint that costs money is reported.
        now: the time to take for now; default: the clock's.
        local: whether to excuse what an AWS on this machine cannot have (pushed images, quotas, subscribers); default:
            where the session's calls go.

    Raises:
        CannotLookError: AWS cannot be reached or refuses, or an endpoint is unknown.
    """
    try:
        session = session or boto3.Session()
        look = Look(
            session=session,
            now=now or datetime.now(UTC),
            days=days,
            local=is_local(session) if local is None else local,
        )
        discovered = find_endpoints(look, names)
    except (BotoCoreError, ClientError) as error:
        raise CannotLookError(
            f"cannot look: {error}. Check the credentials, the region, and that they allow what docs/doctor.md lists"
        ) from None
    examined = [_examined(look, name, stack) for name, stack in discovered.endpoints.items()]
    unseen = [_unseen(name, error) for name, error in discovered.unseen.items()]
    return tuple(sorted((*examined, *unseen), key=lambda report: report.endpoint) if not names else examined)


def examine(
    names: Sequence[str] = (),
    *,
    session: boto3.Session | None = None,
    days: int = IDLE_DAYS,
    now: datetime | None = None,
    local: bool | None = None,
) -> tuple[Finding, ...]:
    """The findings of `reports`, which says what the arguments mean and what is raised."""
    examined = reports(names, session=session, days=days, now=now, local=local)
    return tuple(finding for report in examined for finding in report.findings)


def _examined(look: Look, name: str, stack: Stack | None) -> Report:
    """An endpoint that AWS does not let us read does not keep us from the others."""
    try:
        subject = read_subject(look, name, stack)
    except (BotoCoreError, ClientError) as error:
        return _unseen(name, error)
    return _report(subject, look)


def _unseen(name: str, error: Exception) -> Report:
    finding = Finding(
        endpoint=name,
        check=LIVE,
        severity="unseen",
        happened=f"could not look: {error}",
        remedy="Allow what docs/doctor.md lists for every endpoint",
    )
    return Report(endpoint=name, checks=0, findings=(finding,))


def _report(subject: Subject, look: Look) -> Report:
    """Of an endpoint that is not there, only that is worth telling."""
    checks = [check for check in CHECKS if subject.endpoint or check.id == LIVE]
    findings = [finding for check in checks for finding in _findings(check, subject, look)]
    return Report(endpoint=subject.name, checks=len(checks), findings=tuple(findings))


def _findings(check: Check, subject: Subject, look: Look) -> Iterator[Finding]:
    for flaw in _flaws(check, subject, look):
        yield Finding(
            endpoint=subject.name,
            check=check.id,
            severity=flaw.severity,
            happened=flaw.happened,
            remedy=flaw.remedy,
        )


def _flaws(check: Check, subject: Subject, look: Look) -> Iterator[Flaw]:
    """A check that AWS refuses does not keep the others from looking."""
    try:
        yield from check.run(subject, look)
    except (BotoCoreError, ClientError) as error:
        yield Flaw(
            severity="unseen",
            happened=f"could not look ({check.id}): {error}",
            remedy=f"Allow {', '.join(check.reads)}" if check.reads else "Try again",
        )
