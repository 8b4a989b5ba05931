"""``chem-endpoints doctor``: what is deployed and yet not right."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import boto3

    from chem_endpoints.doctor import Finding, Report

FINDINGS_STATUS = 1
"""Exit status where there is something to do."""

UNSEEN_STATUS = 2
"""Exit status where nothing else is known to be wrong and something could not be looked at."""


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--stage", default=None, help="Stage of stages.yaml (in a clone); default: your AWS environment.")
@click.option(
    "--days",
    type=click.IntRange(min=1, max=455),
    default=14,
    show_default=True,
    help="Days without an invocation after which what costs money is reported.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")
def doctor(names: tuple[str, ...], stage: str | None, days: int, as_json: bool) -> None:
    """Examine the deployed endpoints NAME, or all: what runs, scaling, images, quotas, logs and alarms.

    It only reads. Exits with 0 when all is well, 1 when there is something to do, 2 when it could not look.

    \b
    Example:
      chem-endpoints local run -- chem-endpoints doctor logs-v1
    """
    from chem_endpoints.doctor import CannotLookError, reports

    try:
        examined = reports(names, session=_session(stage), days=days)
    except CannotLookError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(UNSEEN_STATUS) from None
    if as_json:
        click.echo(json.dumps([asdict(report) for report in examined], indent=2, sort_keys=True))
    else:
        for line in lines(examined):
            click.echo(line)
    if any(report.is_sick for report in examined):
        raise SystemExit(FINDINGS_STATUS)
    if any(report.is_unseen for report in examined):
        raise SystemExit(UNSEEN_STATUS)


def check_deployment(name: str, *, region: str) -> None:
    """Ends a deployment: tells all that is found of the endpoint, and fails where it does not run what was deployed.

    Args:
        name: the endpoint, or what the name of a shared stack ends with, of which there is nothing to check.
        region: where it was deployed.

    Raises:
        SystemExit: with status 1, it runs something else.
        click.ClickException: nobody knows what it runs.
    """
    from chem_endpoints.doctor import LIVE, CannotLookError, is_shared

    if is_shared(name):
        return
    try:
        examined = tell_findings(name, region=region)
    except CannotLookError as error:
        raise click.ClickException(f"{name} is deployed, but {error}") from None
    findings = [finding for report in examined for finding in report.findings]
    if any(finding.check == LIVE and finding.severity == "error" for finding in findings):
        raise SystemExit(FINDINGS_STATUS)


def tell_findings(name: str, *, region: str) -> "tuple[Report, ...]":
    """Prints and returns what is found of one endpoint.

    Args:
        name: the endpoint.
        region: where it is.

    Raises:
        CannotLookError: AWS cannot be reached or refuses, or there is no such endpoint.
    """
    import boto3

    from chem_endpoints.doctor import reports

    examined = reports([name], session=boto3.Session(region_name=region))
    for line in lines(examined):
        click.echo(line)
    return examined


def lines(examined: "Iterable[Report]") -> list[str]:
    """One line per finding; of an endpoint without any, one that says so."""
    told = []
    for report in examined:
        told += [_line(finding) for finding in report.findings]
        if not report.is_sick and not report.is_unseen:
            told.append(f"{report.endpoint}: healthy ({report.checks} checks)")
    return told or ["no endpoint of Chem Endpoints is deployed here"]


def _line(finding: "Finding") -> str:
    told = f"{finding.endpoint}: {'note: ' if finding.severity == 'note' else ''}{finding.happened}."
    return f"{told} Do: {finding.remedy}" if finding.remedy else told


def _session(stage: str | None) -> "boto3.Session | None":
    """The stage's account and region; the account must be that of the credentials.

    Raises:
        CannotLookError: it is not, or AWS does not tell.
    """
    if stage is None:
        return None
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from chem_endpoints.cli.clone import require_clone
    from chem_endpoints.doctor import CannotLookError
    from chem_endpoints.spec.stages import load_stage
    from chem_endpoints.spec.violation import DeclarationError

    try:
        place = load_stage(require_clone() / "stages.yaml", stage)
        session = boto3.Session(region_name=place.region)
        account = session.client("sts").get_caller_identity()["Account"]
    except (click.ClickException, DeclarationError, BotoCoreError, ClientError) as error:
        raise CannotLookError(f"cannot look at stage {stage}: {error}") from None
    if account != place.account:
        raise CannotLookError(f"the stage's account is {place.account}, the credentials are for {account}")
    return session
