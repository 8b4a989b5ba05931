"""Finding the bad rows of a request that failed as a whole: calls, and wall time in simulated seconds.

    .venv/bin/python -m benchmarks.isolation [--placements 60] [--parallel 8] [--seed 0]

Bad rows are placed at random. Calls are set against the least that any search needs in the mean, log2 C(n, k), and
time against sequential bisection, which asks for both halves of each failed group, one call after the other. A call
takes a round trip and a time for each of its rows; both sides begin with the call of all rows, which fails.
Exit status 1: a target was missed, a bad row not found, or a good row not answered.
"""

import argparse
import heapq
import itertools
import math
import statistics
import sys
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.figures import Figures
from chem_endpoints.client.isolation import PARALLEL, Isolation

Flags = npt.NDArray[np.bool_]

CELLS = tuple(itertools.product((1_000, 10_000), (1, 3, 10, 100)))
"""Rows in the request, and bad ones among them."""

PLACEMENTS = 60
MOST_CALLS = 1.5
"""Times log2 C(n, k), in the mean."""

MOST_WALL = 0.5
"""Times sequential bisection's wall time, in the mean."""

ROUND_TRIP_SECONDS = 0.020
SECONDS_PER_ROW = (5e-6, 0.0)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one search took.

    Attributes:
        calls: the first, failed one included.
        seconds: simulated.
    """

    calls: int
    seconds: float


def placed(n: int, k: int, seed: int) -> Flags:
    """Flags `[n]`, k of them true at random."""
    bad = np.zeros(n, dtype=bool)
    bad[np.random.default_rng([seed, n, k]).choice(n, k, replace=False)] = True
    return bad


def least_calls(n: int, k: int) -> float:
    """The bits that say which k of n rows are bad: log2 C(n, k)."""
    return math.log2(math.comb(n, k))


def isolate(bad: Flags, *, seconds_per_row: float, parallel: int = PARALLEL) -> Outcome:
    """Plays a whole search, each call taking its time.

    Raises:
        AssertionError: a row's fate was wrong.
    """

    def call_seconds(rows: int) -> float:
        return ROUND_TRIP_SECONDS + seconds_per_row * rows

    now = call_seconds(len(bad))
    everything = np.arange(len(bad), dtype=np.int64)
    search = Isolation(everything, calls=10 * len(bad), seconds=math.inf, now=now, parallel=parallel)
    order = itertools.count()
    flying: list[tuple[float, int, npt.NDArray[np.int64]]] = []
    while not search.done:
        for rows in search.next(now):
            heapq.heappush(flying, (now + call_seconds(len(rows)), next(order), rows))
        now, _, rows = heapq.heappop(flying)
        tell = search.failed if bad[rows].any() else search.passed
        tell(rows)
    if not (np.array_equal(search.guilty, np.flatnonzero(bad)) and len(search.passed_rows) == len(bad) - bad.sum()):
        raise AssertionError("the search blamed a good row or lost one")
    return Outcome(calls=1 + search.calls, seconds=now)


def bisect_sequentially(bad: Flags, *, seconds_per_row: float) -> Outcome:
    """Asks for both halves of each failed group, one call after the other."""
    calls, sent, groups = 0, 0, [bad]
    while groups:
        group = groups.pop()
        calls += 1
        sent += len(group)
        if group.any() and len(group) > 1:
            groups += np.array_split(group, 2)
    return Outcome(calls=calls, seconds=calls * ROUND_TRIP_SECONDS + sent * seconds_per_row)


def main() -> int:
    """Plays all cells and prints the table; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--placements", type=int, default=PLACEMENTS)
    parser.add_argument("--parallel", type=int, default=PARALLEL)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(f"mean of {arguments.placements} placements, {arguments.parallel} calls in flight at most")
    print(f"{'us/row':>6} {'n':>6} {'k':>4} {'calls':>7} {'/ log2 C':>8} {'seconds':>8} {'/ sequential':>12}")
    of_least: list[float] = []
    of_sequential: list[float] = []
    for seconds_per_row, (n, k) in itertools.product(SECONDS_PER_ROW, CELLS):
        placements = [placed(n, k, arguments.seed + at) for at in range(arguments.placements)]
        ours = [isolate(bad, seconds_per_row=seconds_per_row, parallel=arguments.parallel) for bad in placements]
        theirs = [bisect_sequentially(bad, seconds_per_row=seconds_per_row) for bad in placements]
        calls = statistics.fmean(outcome.calls for outcome in ours)
        seconds = statistics.fmean(outcome.seconds for outcome in ours)
        of_least.append(calls / least_calls(n, k))
        of_sequential.append(seconds / statistics.fmean(outcome.seconds for outcome in theirs))
        print(
            f"{seconds_per_row * 1e6:>6.0f} {n:>6} {k:>4} {calls:>7.1f} {of_least[-1]:>8.3f} {seconds:>8.3f} "
            f"{of_sequential[-1]:>12.3f}"
        )
    figures = Figures()
    worst = f"the most of {len(of_least)} cells"
    figures.at_most("calls to find the bad rows, by log2 C(n, k)", max(of_least), MOST_CALLS, unit="times", note=worst)
    figures.at_most(
        "time to find them, by that of sequential bisection", max(of_sequential), MOST_WALL, unit="times", note=worst
    )
    return figures.exit_status()


if __name__ == "__main__":
    sys.exit(main())
