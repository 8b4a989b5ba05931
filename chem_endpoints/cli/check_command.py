"""``chem-endpoints check``: what a caller relies on, asked of a bundle before it is deployed."""

from pathlib import Path

import click

from chem_endpoints.cli.json_output import echo_json, json_option

FAILED_STATUS = 1
"""Exit status where a promise is broken."""


@click.command()
@click.argument("bundle", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--rows",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="Rows that the model answers; used beside its golden rows. A bundle without a manifest needs them.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=10,
    show_default=True,
    help="How long it is put under load, for latency and memory together.",
)
@click.option(
    "--max-ms",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    help="What the 95th percentile of one row's latency must stay below. Default: no bound.",
)
@json_option
def check(bundle: Path, rows: Path | None, seconds: float, max_ms: float | None, as_json: bool) -> None:
    """Check what callers of BUNDLE rely on, served on this machine.

    BUNDLE is a model.tar.gz, or the folder that it was unpacked into. The image's own server is asked
    over HTTP: row order, columns, empty and broken rows, repeated answers, batches, formats, hostile structures,
    latency and memory. Exits with 0 when every promise is kept, with 1 when one is broken.

    \b
    Examples:
      chem-endpoints check examples/bundles/logs-v1.tar.gz
      chem-endpoints check model.tar.gz --rows compounds.csv --max-ms 200 --json
    """
    from chem_endpoints.check import check_bundle
    from chem_endpoints.cli.exit_status import failures_told
    from chem_endpoints.client.progress import watched

    def tell(promise: str) -> None:
        click.echo(f"\r\033[K{promise}", nl=False, err=True)

    watching = watched()
    with failures_told():
        try:
            report = check_bundle(
                bundle, rows=rows, seconds=seconds, max_ms=max_ms, told=tell if watching else lambda promise: None
            )
        finally:
            if watching:
                click.echo("\r\033[K", nl=False, err=True)
    if as_json:
        echo_json(report.to_dict())
    else:
        click.echo(str(report))
    if not report.passed:
        raise SystemExit(FAILED_STATUS)
