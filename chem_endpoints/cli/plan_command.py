"""``chem-endpoints plan``: what a deployment will change and cost, for the reviewer of a pull request."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import click

REFUSED_STATUS = 2
"""Exit status where one deployment will not do."""


def _throughput(context: click.Context, parameter: click.Parameter, given: Sequence[str]) -> dict[str, float]:
    found = {}
    for text in given:
        name, _, figure = text.partition("=")
        try:
            found[name] = float(figure)
        except ValueError:
            raise click.BadParameter(f"{text}: write ENDPOINT=ROWS_PER_SECOND, for example logs-v1=850") from None
        if not 0 < found[name] < float("inf"):
            raise click.BadParameter(f"{text}: the rows per second must be more than 0")
    return found


@click.command()
@click.option("--stage", default="local", show_default=True, help="Stage of stages.yaml.")
@click.option("--endpoints", default="endpoints", show_default=True, help="Folder of declarations, from the clone.")
@click.option("--base", metavar="COMMIT", default=None, help="Compare with a commit; default: where you left main.")
@click.option("--deployed", is_flag=True, help="Compare with what CloudFormation holds (the only call to AWS).")
@click.option(
    "--against", type=click.Path(path_type=Path, file_okay=False), default=None, help="Compare with a kept cdk.out."
)
@click.option(
    "--prices", type=click.Path(path_type=Path), default=None, help="Your table instead of the project's prices.yaml."
)
@click.option(
    "--throughput",
    metavar="NAME=ROWS_PER_SECOND",
    multiple=True,
    callback=_throughput,
    help="Measured rows per second of one instance; may be given per endpoint.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of Markdown.")
def plan(
    stage: str,
    endpoints: str,
    base: str | None,
    deployed: bool,
    against: Path | None,
    prices: Path | None,
    throughput: dict[str, float],
    as_json: bool,
) -> None:
    """Say per endpoint what a deployment replaces, updates and costs.

    Exits with 2 where AWS would refuse the change in one deployment, and says which two it takes.

    \b
    Example:
      chem-endpoints plan --stage local --throughput logs-v1=850
    """
    from chem_endpoints.cli.clone import require_clone
    from chem_endpoints.plan.assembly import AssemblyError, resolve_commit, synthesize
    from chem_endpoints.plan.comparison import base_side, deployed_side, folder_side, plans
    from chem_endpoints.plan.markdown import Header, markdown
    from chem_endpoints.plan.prices import PRICES, PricesError, load_prices

    if sum((base is not None, deployed, against is not None)) > 1:
        raise click.UsageError("give one of --base, --deployed and --against")
    root = require_clone()
    context = {"stage": stage, "endpoints": endpoints}
    try:
        table = load_prices(prices or PRICES)
        kept = folder_side(against) if against is not None else None
        commit = "" if deployed or kept else resolve_commit(root, base)  # before the slow part: it may be mistyped
        with TemporaryDirectory() as temporary:
            declared = synthesize(root, Path(temporary), context=context)
        if kept is not None:
            other = kept
        elif deployed:
            other = deployed_side(declared)
        else:
            other = base_side(root, commit, name=base, context=context)
        planned = plans(declared, other, prices=table, throughput=throughput)
    except (AssemblyError, PricesError) as error:
        raise click.ClickException(str(error)) from None
    header = Header(stage=stage, account=declared.account, region=declared.region, compared_with=other.name)
    if as_json:
        contents = {**asdict(header), "stacks": [one.as_dict() for one in planned]}
        click.echo(json.dumps(contents, indent=2, sort_keys=True))
    else:
        click.echo(markdown(header, planned, table), nl=False)
    if any(one.refused for one in planned):
        raise SystemExit(REFUSED_STATUS)
