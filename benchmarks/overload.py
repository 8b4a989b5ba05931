"""Goodput, refusals and /ping when ten times more is asked than the server can do.

    .venv/bin/python -m benchmarks.overload [--workers 1] [--rows 20] [--rounds 2] [--seconds 20]

A ramp finds the rate of the highest goodput; rounds at that rate and at ten times that rate are interleaved. The
model is the demonstration's: all CPU, about 25 ms a molecule. One worker by default, so that the generator has the
other core of a small machine. PASS: goodput at 10x of at least 95 % of the peak, 99 % of the refusals (429) within
20 ms of their scheduled arrival, no error, no ping missed.
"""

import itertools
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.figures import Figures
from benchmarks.load.answers import Outcome
from benchmarks.load.engine import Result, offer
from benchmarks.load.payloads import Payload, payloads, read_rows
from benchmarks.load.schedule import Step
from benchmarks.load.summary import Summary, percentile, summarize, table
from benchmarks.load.target import find_target
from benchmarks.peers import process_tree
from benchmarks.pings import Pings, pinging
from benchmarks.served import SOLUBILITY_BUNDLE, SOLUBILITY_DATA, Served, serving, unpacked
from chem_endpoints.wire import environment
from chem_endpoints.wire.content_types import CSV

OVERLOAD = 10
GOODPUT_SHARE = 0.95
REFUSAL_MS = 20.0
PING_INTERVAL = 0.02

FIRST_RATE = 0.5
RAMP_FACTOR = 1.5
SATURATED_SHARE = 0.8
"""The ramp ends where less than this share of the offered rate is goodput."""


@dataclass(frozen=True, kw_only=True)
class Offered:
    """What one stretch came to.

    Attributes:
        summary: of its only step.
        results: each request.
        cpu_seconds: of all processes of the server.
    """

    summary: Summary
    results: Sequence[Result]
    cpu_seconds: float


@click.command()
@click.option("--workers", default=1, show_default=True)
@click.option("--rows", default=20, show_default=True, help="SMILES per request.")
@click.option("--rounds", default=2, show_default=True)
@click.option("--seconds", default=20.0, show_default=True, help="Of each stretch of a round.")
@click.option("--ramp-seconds", default=10.0, show_default=True, help="Of each stretch of the ramp.")
def main(workers: int, rows: int, rounds: int, seconds: float, ramp_seconds: float) -> None:
    """Measures and prints PASS or FAIL; the exit status is 1 on FAIL."""
    bodies = payloads(read_rows(SOLUBILITY_DATA), rows=rows, requests=512, content_type=CSV)
    with tempfile.TemporaryDirectory() as folder:
        model = unpacked(SOLUBILITY_BUNDLE, Path(folder))
        with serving(model, {environment.WORKERS: str(workers)}) as served:
            sys.exit(_measure(served, bodies, rounds, seconds, ramp_seconds))


def _measure(served: Served, bodies: Sequence[Payload], rounds: int, seconds: float, ramp_seconds: float) -> int:
    rate = _rate_of_peak(served, bodies, ramp_seconds)
    at_peak: list[Offered] = []
    overloaded: list[Offered] = []
    with pinging(served.port, interval=PING_INTERVAL) as pings:
        for _ in range(rounds):
            at_peak.append(_offered(served, bodies, rate, seconds))
            overloaded.append(_offered(served, bodies, OVERLOAD * rate, seconds))
    print(table([each.summary for pair in zip(at_peak, overloaded, strict=True) for each in pair]))
    return _judged(at_peak, overloaded, pings)


def _rate_of_peak(served: Served, bodies: Sequence[Payload], seconds: float) -> float:
    """Rises until the server no longer keeps up; the rate at which it answered most."""
    ramp: list[Summary] = []
    for rate in (FIRST_RATE * RAMP_FACTOR**power for power in itertools.count()):
        ramp.append(_offered(served, bodies, rate, seconds).summary)
        print(f"ramp: {rate:.2f}/s offered, {ramp[-1].goodput:.2f}/s right", file=sys.stderr)
        if ramp[-1].goodput < SATURATED_SHARE * rate:
            break
    return max(ramp, key=lambda summary: summary.goodput).offered


def _offered(served: Served, bodies: Sequence[Payload], rate: float, seconds: float) -> Offered:
    """Offers one rate and waits for the last answer, so that the next stretch finds an empty queue."""
    steps = [Step(rate=rate, seconds=seconds)]
    before = process_tree.cpu_seconds([served.process])
    results = offer(find_target(served.url, {"Content-Type": CSV}), bodies, steps)
    (summary,) = summarize(steps, results)
    served.check_running()
    used = process_tree.cpu_seconds([served.process]) - before
    return Offered(summary=summary, results=results, cpu_seconds=used)


def _judged(at_peak: Sequence[Offered], overloaded: Sequence[Offered], pings: Pings) -> int:
    peak, goodput = (
        sum(each.summary.goodput for each in stretches) / len(stretches) for stretches in (at_peak, overloaded)
    )
    refusals = sorted(
        result.milliseconds for each in overloaded for result in each.results if result.outcome is Outcome.REFUSED
    )
    refusal = percentile(refusals, 99)
    errors = sum(sum(each.summary.errors.values()) for each in (*at_peak, *overloaded))
    at_rest, pressed = (
        1e3 * sum(each.cpu_seconds for each in stretches) / max(1, sum(each.summary.right for each in stretches))
        for stretches in (at_peak, overloaded)
    )
    print(f"CPU ms of the server for each right answer: {at_rest:.1f} at the peak, {pressed:.1f} at {OVERLOAD}x")
    figures = Figures()
    figures.at_least(
        f"goodput at {OVERLOAD} times the rate of the peak, by that of the peak",
        goodput / peak,
        GOODPUT_SHARE,
        unit="times",
        note=f"{goodput:.2f}/s, {peak:.2f}/s at the peak",
    )
    figures.at_most("refusals (429), 99th percentile", refusal, REFUSAL_MS, unit="ms", note=f"{len(refusals)} of them")
    figures.at_most("errors other than 429", errors, 0)
    figures.at_most("pings missed meanwhile", pings.missed, 0, note=str(pings))
    return figures.exit_status()


if __name__ == "__main__":
    main()
