"""``chem-endpoints job``: what became of rows that were submitted."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chem_endpoints.cli.exit_status import ROWS_FAILED, failures_told
from chem_endpoints.cli.json_output import echo_json, echo_lines, json_option
from chem_endpoints.cli.notes import tell_notes, warnings_told
from chem_endpoints.cli.row_source import format_option
from chem_endpoints.client.files.formats import Format

if TYPE_CHECKING:
    from chem_endpoints.client.files import FileRows
    from chem_endpoints.client.jobs.job import Job


@click.group()
def job() -> None:
    """Look after jobs: chem-endpoints submit starts them.

    \b
    Example:
      chem-endpoints job status logs-v1.3f2a9c01b7de
    """


@job.command()
@click.argument("identifier", metavar="ID")
@json_option
def status(identifier: str, as_json: bool) -> None:
    """Tell how far the job ID is.

    \b
    Example:
      chem-endpoints job status logs-v1.3f2a9c01b7de --json
    """
    with failures_told():
        progress = _open(identifier).progress()
    if as_json:
        echo_json({"job": identifier, **asdict(progress)})
    else:
        click.echo(f"{identifier}: {progress}")


@job.command()
@click.argument("identifier", metavar="ID")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="File to write; default: standard output.")
@click.option(
    "--like",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="The file that was submitted: the output takes its separator, molecule blocks and names.",
)
@click.option("--partial", is_flag=True, help="What is answered now, without waiting; the other rows are 'unsent'.")
@format_option
@click.option("--failed-file/--no-failed-file", default=True, help="Write failed rows to NAME.failed.csv too.")
@click.option("--force", is_flag=True, help="Overwrite files.")
@click.option("--fail-on-error-rows", is_flag=True, help=f"Exit with {ROWS_FAILED} if a row has no prediction.")
@json_option
def result(
    identifier: str,
    out: Path | None,
    like: Path | None,
    partial: bool,
    stream_format: Format | None,
    failed_file: bool,
    force: bool,
    fail_on_error_rows: bool,
    as_json: bool,
) -> None:
    """Wait for the job ID and write its rows with their answers.

    An interrupted wait costs nothing: ask again.

    \b
    Example:
      chem-endpoints job result logs-v1.3f2a9c01b7de --out predicted.csv
    """
    with failures_told():
        from chem_endpoints.cli.answer_places import AnswerPlaces
        from chem_endpoints.cli.answer_summary import errors_of, summary_of, with_read_reasons

        rows = _rows_like(like, stream_format)
        with AnswerPlaces(out, rows, stream_format=stream_format, keep_failed=failed_file, force=force) as places:
            found = _open(identifier)
            fetch = found.partial if partial else found.result
            with warnings_told(), places.partial_kept():
                answer = fetch(None if like is None else rows.frame)
            answer = with_read_reasons(answer, rows)
            told = summary_of(answer)
            if as_json and places.out is None:
                echo_lines(answer)
            else:
                places.put(answer)
            places.put_failed(answer.loc[[bool(error) for error in errors_of(answer)]])
    if as_json and places.out is not None:
        failed = None if places.failed is None else str(places.failed)
        echo_json({"job": identifier, "out": str(places.out), "failed_file": failed, **asdict(told)})
    else:
        click.echo(f"{places.out}: {told}" if places.out else str(told), err=places.out is None)
    if fail_on_error_rows and told.failed:
        raise SystemExit(ROWS_FAILED)


@job.command()
@click.argument("identifier", metavar="ID")
@json_option
def cancel(identifier: str, as_json: bool) -> None:
    """Stop the job ID; what it has answered stays, for job result --partial.

    \b
    Example:
      chem-endpoints job cancel logs-v1.3f2a9c01b7de
    """
    with failures_told():
        _open(identifier).cancel()
    if as_json:
        echo_json({"job": identifier, "cancelled": True})
    else:
        click.echo(f"{identifier}: cancelled")


@job.command(name="list")
@click.argument("endpoint")
@json_option
def list_jobs(endpoint: str, as_json: bool) -> None:
    """List the jobs of ENDPOINT.

    \b
    Example:
      chem-endpoints job list conformers-v1
    """
    with failures_told():
        from chem_endpoints.client.endpoint import Endpoint

        found = [
            {"job": each.id, "created": each.created, **asdict(each.progress())} for each in Endpoint(endpoint).jobs()
        ]
    if as_json:
        echo_json(found)
        return
    if not found:
        click.echo(f"{endpoint} has no jobs.", err=True)
        return
    from chem_endpoints.cli.text_table import aligned, shown

    for line in aligned(list(found[0]), [[shown(value) for value in one.values()] for one in found]):
        click.echo(line)


@job.command()
@click.argument("identifier", metavar="ID")
@click.confirmation_option("--yes", prompt="Delete the rows and answers of this job?")
@json_option
def purge(identifier: str, as_json: bool) -> None:
    """Delete all that the job ID keeps: its rows, its answers and its manifest.

    \b
    Example:
      chem-endpoints job purge logs-v1.3f2a9c01b7de --yes
    """
    with failures_told():
        removed = _open(identifier).purge()
    if as_json:
        echo_json({"job": identifier, **asdict(removed)})
    else:
        left = f", {len(removed.left)} stay until they expire" if removed.left else ""
        click.echo(f"{identifier}: {removed.deleted} objects deleted, {removed.emptied} emptied{left}")


def _open(identifier: str) -> "Job":
    from chem_endpoints.client.endpoint import Endpoint

    return Endpoint.job(identifier)


def _rows_like(like: Path | None, stream_format: Format | None) -> "FileRows":
    """The submitted file, for its form; without it an empty one, whose form is a plain CSV file's."""
    import pandas as pd

    from chem_endpoints.client.files import FileRows, read_rows

    if like is None:
        return FileRows(frame=pd.DataFrame(), format="csv", name="the job")
    rows = read_rows(like, format=None if like.suffix else stream_format)
    tell_notes(rows.notes)
    return rows
