"""``chem-endpoints smoke``: asks a real account what no document and no local run proves."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chem_endpoints.cli.finite_float import FiniteFloat

if TYPE_CHECKING:
    import boto3

    from chem_endpoints.smoke.account import Account
    from chem_endpoints.smoke.check import Check, Finding
    from chem_endpoints.smoke.served_model import ServedModel

REFUTED_STATUS = 1
"""Exit status where an assumption does not hold, or something could not be deleted."""

INTERRUPTED_STATUS = 130

NO_LOCAL_ACCOUNT = "skipped: no account. Run it by `chem-endpoints local run -- chem-endpoints smoke --local`"

DEFAULT_ROWS = b"smiles\nCCO\n"


@click.command()
@click.option("--profile", default=None, help="AWS profile; default: your AWS environment.")
@click.option("--region", default=None, help="AWS region; default: that of the profile.")
@click.option("--max-cost", type=FiniteFloat(min=0), default=None, help="Most that it may cost, in US dollars.")
@click.option("--endpoint", default=None, metavar="NAME", help="A deployed endpoint whose model the checks deploy.")
@click.option("--image", default=None, metavar="URI", help="Instead of --endpoint: an image in ECR…")
@click.option("--model-data", default=None, metavar="S3URI", help="…and a model.tar.gz in S3.")
@click.option("--role", default=None, metavar="ARN", help="An execution role to use; default: one is made and deleted.")
@click.option(
    "--rows",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="A small CSV file that the model answers; default: one row with the column smiles.",
)
@click.option("--only", multiple=True, metavar="ID", help="Checks, or ids of docs/unverified.md; default: all.")
@click.option("--instance-type", default="ml.m5.large", show_default=True, help="Of every endpoint.")
@click.option("--prices", type=click.Path(path_type=Path), default=None, help="Your table instead of prices.yaml.")
@click.option(
    "--output", default=".", type=click.Path(file_okay=False, path_type=Path), help="Folder for the result files."
)
@click.option("--clean", is_flag=True, help="Only delete what an interrupted run left.")
@click.option("--local", is_flag=True, help="Ask the local AWS, which tests this command and proves nothing about AWS.")
@click.option("--yes", is_flag=True, help="Do not ask before anything is made or deleted.")
def smoke(**given: Any) -> None:
    """Ask a real AWS account which assumptions of docs/unverified.md hold; shows the most that it costs first.

    It makes its own small endpoints, deletes them again, and writes smoke-DATE-REGION.json and .md.
    Without credentials nothing is asked. Exits with 1 when an assumption is refuted.

    \b
    Examples:
      chem-endpoints smoke --profile sandbox --region us-east-1 --endpoint logs-v1 --max-cost 2
      chem-endpoints smoke --profile sandbox --endpoint logs-v1 --max-cost 1 --only components-at-zero
      chem-endpoints smoke --profile sandbox --clean
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from chem_endpoints.plan.prices import PricesError
    from chem_endpoints.smoke.account import Account, WrongPlaceError
    from chem_endpoints.smoke.cost import NoPriceError
    from chem_endpoints.smoke.served_model import NoModelError

    try:
        session = _session(given["profile"], given["region"])
        if session.get_credentials() is None:
            click.echo(NO_LOCAL_ACCOUNT if given["local"] else "skipped: no account")
            return
        account = Account(session, local=given["local"])
        if given["clean"]:
            _clean(account, yes=given["yes"])
        else:
            _run(account, given)
    except (WrongPlaceError, NoModelError, NoPriceError, PricesError, BotoCoreError, ClientError) as error:
        raise click.ClickException(str(error)) from None


def _run(account: "Account", given: dict[str, Any]) -> None:
    from chem_endpoints.plan.prices import PRICES, load_prices
    from chem_endpoints.smoke.cost import cost_of
    from chem_endpoints.smoke.kinds import EXPIRES_TAG, RUN_TAG
    from chem_endpoints.smoke.result_file import Place, write_result
    from chem_endpoints.smoke.running import run_checks
    from chem_endpoints.smoke.sandbox import Sandbox

    checks = _chosen(given["only"])
    cost = cost_of(
        checks,
        region=account.region,
        instance_type=given["instance_type"],
        prices=load_prices(given["prices"] or PRICES),
    )
    for line in cost.lines():
        click.echo(line)
    if given["max_cost"] is None:
        raise click.UsageError("--max-cost is missing: nothing is made without a limit")
    if not cost.most <= given["max_cost"]:  # A cost that is no number is above every limit.
        raise click.ClickException(
            f"this may cost {cost.most:.2f} {cost.currency}, more than --max-cost {given['max_cost']:g}: "
            "allow more, or choose checks with --only"
        )
    model = _model(account, given)
    where = "the local AWS" if account.is_local else f"account {account.number}, {account.region}"
    if not given["yes"]:
        click.confirm(f"Make and delete these in {where}?", abort=True)
    now = datetime.now(UTC)
    expires = now + timedelta(minutes=sum(check.ceiling_minutes for check in checks) + 60)
    run = now.strftime("%y%m%d%H%M%S")
    sandbox = Sandbox(
        account,
        model,
        run=run,
        tags={RUN_TAG: run, EXPIRES_TAG: expires.isoformat(timespec="seconds")},
        instance_type=given["instance_type"],
        tell=click.echo,
        role=given["role"],
    )
    with _sigterm_interrupts():
        result = run_checks(checks, sandbox, click.echo)
    place = Place(
        date=now.date().isoformat(),
        region=account.region,
        is_local=account.is_local,
        image=account.masked(model.image),
        instance_type=given["instance_type"],
    )
    findings = {name: _masked(account, finding) for name, finding in result.findings.items()}
    paths = write_result(given["output"], place, findings, tuple(map(account.masked, result.left)))
    verdicts = [finding.verdict for finding in findings.values()]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in ("confirmed", "refuted", "not tested"))
    click.echo(f"{counts}: {paths[0]}, {paths[1]}")
    for sentence in result.left:
        click.echo(f"Error: not deleted, try `chem-endpoints smoke --clean`: {sentence}", err=True)
    if result.interrupted:
        raise SystemExit(INTERRUPTED_STATUS)
    if "refuted" in verdicts or result.left:
        raise SystemExit(REFUTED_STATUS)


def _clean(account: "Account", *, yes: bool) -> None:
    from chem_endpoints.smoke.removal import expired, leftovers, remove, remove_log_groups

    found = leftovers(account)
    for leftover in found:
        until = f"{leftover.expires:%Y-%m-%d %H:%M} UTC"
        state = "its run has ended" if expired(leftover) else f"a run that ends by {until} may use it"
        click.echo(f"{leftover.made.kind} {leftover.made.name}: {state}")
    if not found:
        click.echo("nothing is left")
        return
    if not yes:
        click.confirm(f"Delete {len(found)} resources?", abort=True)
    failed = remove(account, [leftover.made for leftover in found], click.echo)
    for run in sorted({leftover.run for leftover in found}):
        remove_log_groups(account, run, click.echo)
    for sentence in failed:
        click.echo(f"Error: not deleted: {sentence}", err=True)
    if failed:
        raise SystemExit(REFUTED_STATUS)


def _chosen(only: tuple[str, ...]) -> "tuple[Check, ...]":
    from chem_endpoints.smoke.checks import CHECKS

    known = {name for check in CHECKS for name in (check.id, *check.answers)}
    if unknown := sorted(set(only) - known):
        raise click.UsageError(f"--only {', '.join(unknown)}: no such check. There are: {', '.join(sorted(known))}")
    return tuple(check for check in CHECKS if not only or {check.id, *check.answers} & set(only))


def _model(account: "Account", given: dict[str, Any]) -> "ServedModel":
    from chem_endpoints.smoke.served_model import model_of_endpoint, model_of_parts

    rows = given["rows"].read_bytes() if given["rows"] else DEFAULT_ROWS
    parts = (given["image"], given["model_data"])
    if given["endpoint"] and not any(parts):
        return model_of_endpoint(given["endpoint"], account, rows)
    if all(parts) and not given["endpoint"]:
        return model_of_parts(*parts, rows)
    raise click.UsageError("no model to deploy: give --endpoint NAME, or --image URI with --model-data S3URI")


def _session(profile: str | None, region: str | None) -> "boto3.Session":
    import boto3

    return boto3.Session(profile_name=profile, region_name=region)


def _masked(account: "Account", finding: "Finding") -> "Finding":
    from dataclasses import replace

    return replace(finding, evidence=account.masked(finding.evidence))


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """A run that is told to end cleans up, as after Ctrl-C."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
