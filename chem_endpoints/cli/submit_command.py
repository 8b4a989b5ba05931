"""``chem-endpoints submit``: rows that are predicted while nobody waits."""

from typing import Any

import click

from chem_endpoints.cli.exit_status import failures_told
from chem_endpoints.cli.json_output import echo_json, json_option
from chem_endpoints.cli.notes import tell_notes, warnings_told
from chem_endpoints.cli.row_source import columns_of, format_option, model_options, read_source
from chem_endpoints.client.files.formats import Format


@click.command()
@click.argument("endpoint")
@click.argument("source")
@model_options
@format_option
@click.option("--quiet", "-q", is_flag=True, help="No notes.")
@json_option
def submit(
    endpoint: str,
    source: str,
    renamed: tuple[str, ...],
    stream_format: Format | None,
    quiet: bool,
    as_json: bool,
    **asked: Any,
) -> None:
    """Send the rows of the file SOURCE to ENDPOINT as a job, and print the job's id.

    An async endpoint then works on it by itself, and chem-endpoints job asks for it from any machine with the same AWS
    account. Of another endpoint the job lies on this machine, and job result does the work; it may be interrupted and
    goes on where it stood.

    \b
    Example:
      id=$(chem-endpoints submit conformers-v1 library.csv)
      chem-endpoints job result $id --out predicted.csv
    """
    columns = columns_of(renamed)
    with failures_told():
        from chem_endpoints.client.endpoint import Endpoint

        rows = read_source([source], stream_format)
        if not quiet:
            tell_notes(rows.notes)
        with warnings_told(quiet=quiet):
            job = Endpoint(endpoint).submit(rows.frame, columns=columns, **asked)
    if as_json:
        echo_json({"job": job.id, "endpoint": endpoint, "rows": len(rows.frame)})
    else:
        click.echo(job.id)
