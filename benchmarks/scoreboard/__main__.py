"""Runs the benchmarks one after another and writes what they found to docs/benchmarks.md and README.md.

    .venv/bin/python -m benchmarks.scoreboard [--only KEY ...] [--quick] [--table FILE] [--page]

Each benchmark that comes to its end replaces its file in benchmarks/results at once, so a run that is killed loses one
benchmark and no more. Exit status 1: a benchmark did not come to its end. A missed target is a result, and no failure.
"""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.scoreboard import record
from benchmarks.scoreboard.benchmarks import BENCHMARKS, BY_KEY, Benchmark
from benchmarks.scoreboard.page import PAGE, README, MarkersError, page, with_comparison
from benchmarks.scoreboard.run import UnfinishedError, replaces, run


@click.command(
    help=__doc__.partition("\n")[0] if __doc__ else None,
    epilog="Example: python -m benchmarks.scoreboard --only throughput --only memory",
)
@click.option("--only", "keys", multiple=True, type=click.Choice(list(BY_KEY)), help="Run this one; may be repeated.")
@click.option("--quick", is_flag=True, help="Short runs, rougher figures. They replace no full run's.")
@click.option(
    "--table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Measured values for the accuracy benchmarks: ESOL as MoleculeNet hands it out.",
)
@click.option("--page", "only_page", is_flag=True, help="Run nothing: write the page from the results that are there.")
@click.option("--list", "only_list", is_flag=True, help="Run nothing: say what there is and how long it takes.")
def main(keys: Sequence[str], quick: bool, table: Path | None, only_page: bool, only_list: bool) -> None:
    """Runs, records, and writes the page."""
    chosen = [BY_KEY[key] for key in keys] or list(BENCHMARKS)
    if only_list:
        for benchmark in chosen:
            click.echo(f"{benchmark.key:<20}{benchmark.minutes:>4} min  {benchmark.measures}")
        click.echo(f"{'in all':<20}{sum(benchmark.minutes for benchmark in chosen):>4} min")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    unfinished = [] if only_page else [benchmark.key for benchmark in chosen if not _run(benchmark, quick, table)]
    write_pages()
    if unfinished:
        sys.exit(f"no new figures of: {', '.join(unfinished)}")


def _run(benchmark: Benchmark, quick: bool, table: Path | None) -> bool:
    """Runs one and keeps its record; whether it came to its end. One that lacks something is passed over."""
    if missing := benchmark.missing(table):
        click.echo(f"== {benchmark.key}: passed over, needs {'; '.join(missing)}", err=True)
        return True
    click.echo(f"== {benchmark.key}: {benchmark.measures}", err=True)
    path = record.path_of(benchmark.key)
    try:
        new = run(benchmark, quick=quick, table=table)
    except UnfinishedError as error:
        click.echo(f"== {error}; what was recorded before stays", err=True)
        return False
    if replaces(new, record.read(path)):
        record.write(new, path)
        write_pages()
    else:
        click.echo(f"== {benchmark.key}: a full run's figures stay; a quick run replaces none", err=True)
    return True


def write_pages() -> None:
    """Writes docs/benchmarks.md, and README.md's table."""
    records = record.read_all()
    PAGE.write_text(page(records), encoding="utf-8")
    try:
        text = with_comparison(README.read_text(encoding="utf-8"), records)
    except MarkersError as error:
        click.echo(error, err=True)
    else:
        README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
