"""``chem-endpoints predict``: a file in, the same file with answers out; or SMILES in, a table out."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chem_endpoints.cli.exit_status import ROWS_FAILED, failures_told
from chem_endpoints.cli.json_output import echo_json, echo_lines, json_option, rehearse_lines
from chem_endpoints.cli.notes import tell_notes, warnings_told
from chem_endpoints.cli.row_source import columns_of, format_option, model_options, names_file, read_source
from chem_endpoints.client.files.formats import Format

if TYPE_CHECKING:
    import pandas as pd

    from chem_endpoints.cli.answer_places import AnswerPlaces
    from chem_endpoints.client.cache.cache import InferenceCache
    from chem_endpoints.client.endpoint import Endpoint


@click.command()
@click.argument("endpoint")
@click.argument("source", nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="File to write; default: standard output.")
@model_options
@click.option("--drop-error-rows", is_flag=True, help="Leave out the rows without a prediction.")
@click.option("--threads", type=click.IntRange(min=1), default=None, help="Requests under way at once.")
@format_option
@click.option("--cache/--no-cache", default=False, help="Ask only for rows that the local cache does not know.")
@click.option("--failed-file/--no-failed-file", default=True, help="Write failed rows to NAME.failed.csv too.")
@click.option("--force", is_flag=True, help="Overwrite files; the input never is.")
@click.option("--fail-on-error-rows", is_flag=True, help=f"Exit with {ROWS_FAILED} if a row has no prediction.")
@click.option("--quiet", "-q", is_flag=True, help="Neither progress nor notes nor the final line.")
@json_option
def predict(
    endpoint: str,
    source: tuple[str, ...],
    out: Path | None,
    renamed: tuple[str, ...],
    drop_error_rows: bool,
    stream_format: Format | None,
    cache: bool,
    failed_file: bool,
    force: bool,
    fail_on_error_rows: bool,
    quiet: bool,
    as_json: bool,
    **asked: Any,
) -> None:
    """Predict every row of SOURCE at ENDPOINT.

    SOURCE is a CSV, Parquet, SD or SMILES file, - for standard input, or one or more SMILES. Columns and rows come back
    as they were, with the model's columns added; a row that could not be predicted says why in prediction_error.

    \b
    Examples:
      chem-endpoints predict logs-v1 compounds.csv --out predicted.csv
      chem-endpoints predict logs-v1 'CCO'
      chem-endpoints predict logs-v1 library.sdf.gz --out predicted.sdf
      cat compounds.csv | chem-endpoints predict logs-v1 - > predicted.csv
    """
    options = {**asked, "columns": columns_of(renamed), "progress": False if quiet else None}
    with failures_told():
        from chem_endpoints.cli.answer_places import AnswerPlaces
        from chem_endpoints.cli.answer_summary import errors_of, summary_of, with_read_reasons
        from chem_endpoints.client.endpoint import Endpoint

        rows = read_source(source, stream_format)
        if not quiet:
            tell_notes(rows.notes)
        places = AnswerPlaces(out, rows, stream_format=stream_format, keep_failed=failed_file, force=force)
        to_people = places.out is None and not names_file(source[0]) and stream_format is None
        _refuse_lines(places, asked)
        if as_json and places.out is None:
            rehearse_lines(rows.frame)
        with places:
            end = Endpoint(endpoint)
            with warnings_told(quiet=quiet), places.partial_kept():
                answer = _asker(end, cache=cache).inference(rows.frame, **options)
            answer = with_read_reasons(answer, rows)
            told = summary_of(answer)
            good = [not error for error in errors_of(answer)]
            shown = answer.loc[good] if drop_error_rows else answer
            if places.out is None and as_json:
                echo_lines(shown)
            elif to_people:
                _echo_table(shown, end)
            else:
                places.put(shown)
                places.put_failed(answer.loc[[not one for one in good]])
    if as_json and places.out is not None:
        echo_json(_report(endpoint, places, told, answer))
    elif not quiet and not to_people:
        click.echo(f"{places.out}: {told}" if places.out else str(told), err=places.out is None)
    if fail_on_error_rows and told.failed:
        raise SystemExit(ROWS_FAILED)


def _refuse_lines(places: "AnswerPlaces", asked: dict[str, Any]) -> None:
    """Told before anything is sent: conformers are SD files, drawings have several lines."""
    if not places.carries_lines and (asked["conformers"] or asked["explain"]):
        raise click.UsageError("--conformers and --explain add texts of several lines: write .csv or .parquet")


def _asker(end: "Endpoint", *, cache: bool) -> "Endpoint | InferenceCache":
    """The endpoint, or the cache before it."""
    if not cache:
        return end
    from chem_endpoints.client.cache.cache import InferenceCache

    return InferenceCache(end)


def _echo_table(answer: "pd.DataFrame", end: "Endpoint") -> None:
    """One compound: its outputs below each other, with units; several: one line each."""
    manifest = end.description.manifest  # nobody knows the units of a foreign endpoint
    units = {output.name: output.unit or "" for output in manifest.outputs} if manifest else {}
    for line in _one(answer, units) if len(answer) == 1 else _several(answer):
        click.echo(line)


def _one(answer: "pd.DataFrame", units: dict[str, str]) -> Sequence[str]:
    from chem_endpoints.cli.text_table import aligned, shown

    row = answer.iloc[0]
    rows = [(str(name), shown(value), units.get(str(name), "")) for name, value in row.items() if shown(value)]
    return aligned(("column", "value", "unit"), rows)


def _several(answer: "pd.DataFrame") -> Sequence[str]:
    from chem_endpoints.cli.answer_summary import errors_of
    from chem_endpoints.cli.text_table import aligned, shown
    from chem_endpoints.wire.columns import PREDICTION_ERROR

    if not any(errors_of(answer)):
        answer = answer.drop(columns=PREDICTION_ERROR, errors="ignore")
    numeric = [dtype.kind in "iuf" for dtype in answer.dtypes]
    rows = [[shown(cell) for cell in row] for row in answer.itertuples(index=False, name=None)]
    return aligned([str(name) for name in answer.columns], rows, right=numeric)


def _report(endpoint: str, places: "AnswerPlaces", told: Any, answer: "pd.DataFrame") -> dict[str, Any]:
    report = answer.attrs.get("report", {})
    return {
        "endpoint": endpoint,
        "out": str(places.out),
        "failed_file": None if places.failed is None else str(places.failed),
        "rows": told.rows,
        "predicted": told.predicted,
        "failed": told.failed,
        **{key: report[key] for key in ("model_sha256", "requests", "retries", "seconds") if key in report},
    }
