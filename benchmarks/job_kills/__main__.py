"""kill -9 at random calls of a process that works on a job, then another process fetches the result.

    .venv/bin/python -m benchmarks.job_kills [--times 200] [--from 0] [--rows 100000] [--kind async] [--seed 1]

Real processes with real boto3 work against the simulated SageMaker and S3 (`chem_endpoints.local.faults`) over HTTP. In
each round one submits a frame and fetches the result; when the server has seen so many calls, drawn by seed and round,
it is killed. A second process opens the job and fetches the result; where the first one had not come to store the
job, it submits the frame again. PASS, in every round:

- the result has the bytes of an uninterrupted run (the frame as a Parquet file: rows, order, index, types, values);
- no request is sent again whose answer was there (its output object, or the file of an answer that came in the call);
- the time of both processes is at most 2 s more than that of an uninterrupted run beside it, imports not counted.

A part of the rounds can be run at a time: ``--from 60 --times 20`` runs rounds 60 to 79.
"""

import statistics
import sys

import click

from benchmarks.figures import Figures
from benchmarks.job_kills.rounds import OVERHEAD_SECONDS, Ending, Kills
from chem_endpoints.spec.support_matrix import Kind

ROWS, ROWS_PER_CHUNK = 100_000, 500


@click.command()
@click.option("--times", default=200, show_default=True, help="Rounds to run.")
@click.option("--from", "first", default=0, show_default=True, help="Number of the first round.")
@click.option("--rows", "count", default=ROWS, show_default=True)
@click.option("--rows-per-chunk", default=ROWS_PER_CHUNK, show_default=True)
@click.option("--kind", type=click.Choice(["async", "realtime"]), default="async", show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(times: int, first: int, count: int, rows_per_chunk: int, kind: Kind, seed: int) -> None:
    """Runs the rounds and prints PASS or FAIL; the exit status is 1 on FAIL."""
    kills = Kills(kind=kind, count=count, rows_per_chunk=rows_per_chunk, seed=seed, side_by_side=True)
    _, seconds, calls = kills.uninterrupted
    print(f"uninterrupted: {seconds:.1f} s, {calls} calls, {-(-count // rows_per_chunk)} requests", file=sys.stderr)
    endings: list[Ending] = []
    failures: list[str] = []
    for number in range(first, first + times):
        ending = kills.round(number)
        endings.append(ending)
        failures += [f"round {number}: {told}" for told in ending.broken_promises()]
        print(f"round {number}: {ending}", file=sys.stderr)
    resumed = [ending for ending in endings if not ending.submitted_again]
    overheads = sorted(ending.overhead for ending in resumed)
    print(
        f"{times} x kill -9 on {count:,} rows ({kind}): {sum(ending.killed for ending in endings)} in time,"
        f" {len(resumed)} resumed, {sum(ending.sent_again for ending in endings)} finished requests sent again,"
        f" {sum(ending.sent_twice for ending in endings)} unfinished ones sent twice"
    )
    print("\n".join(failures[:20]))
    figures = Figures()
    figures.at_most("broken promises", len(failures), 0, note=f"{times} x kill -9 on {count:,} rows ({kind})")
    figures.at_most("finished requests sent again", sum(ending.sent_again for ending in endings), 0)
    if overheads:
        longest = f"longest {overheads[-1]:.1f} s"
        figures.at_most(
            "resuming costs, median", statistics.median(overheads), OVERHEAD_SECONDS, unit="s", note=longest
        )
    sys.exit(figures.exit_status())


if __name__ == "__main__":
    main()
