"""Requests per second, latency and processor time per request: ours beside the usual stacks, one XGBoost model.

    .venv/bin/python -m benchmarks.throughput [--rounds 3] [--seconds 10] [--cells KEY ...] [--quick]

See docs/benchmarks.md for what the sides are and how the figures are got. Exit status 1: a target was missed.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers.cells import CELLS, Cell, Contestant, Target, ratio
from benchmarks.peers.errors import SideError
from benchmarks.peers.load import write_bodies
from benchmarks.peers.payloads import Format, payloads
from benchmarks.peers.turn import Figures, Questions, take_turn
from benchmarks.serving_bundle import ServingModels, write_models

CHECKED_FEW_ROWS = 128
CHECKED_MANY_ROWS = 4
QUICK_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the rounds of a cell gave.

    Attributes:
        figures: contestant → one per round.
        absent: contestant → why it has none.
    """

    figures: dict[str, list[Figures]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)


def play(cell: Cell, models: ServingModels, *, rounds: int, seconds: float) -> Outcome:
    """Lets the contestants take turns, round after round; each turn is a fresh server."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as folder:
        questions = _questions(cell, models, Path(folder))
        for number in range(rounds):
            for contestant in cell.contestants:
                if contestant.name not in outcome.absent:
                    _play_turn(cell, contestant, models, questions[contestant.form], seconds, outcome, number)
    return outcome


def _questions(cell: Cell, models: ServingModels, folder: Path) -> dict[Format, Questions]:
    found: dict[Format, Questions] = {}
    for form in {contestant.form for contestant in cell.contestants}:
        bodies = payloads(form, rows=cell.rows, count=cell.distinct, booster=models.booster)
        place = folder / str(len(found))
        write_bodies(bodies, place)
        checked = CHECKED_FEW_ROWS if cell.rows == 1 else CHECKED_MANY_ROWS
        found[form] = Questions(bodies=bodies, folder=place, checked=checked)
    return found


def _play_turn(
    cell: Cell,
    contestant: Contestant,
    models: ServingModels,
    questions: Questions,
    seconds: float,
    outcome: Outcome,
    number: int,
) -> None:
    lacks = contestant.side.lacks
    if lacks:
        outcome.absent[contestant.name] = f"skipped: {', '.join(lacks)} is not installed"
        return
    model_dir = models.own_script if contestant.own_script else models.built_in
    try:
        figures = take_turn(contestant.side, model_dir, questions, concurrency=cell.concurrency, seconds=seconds)
    except SideError as error:
        outcome.absent[contestant.name] = f"failed: {error}"
        print(f"round {number}  {contestant.name}: {outcome.absent[contestant.name]}", flush=True)
        return
    outcome.figures.setdefault(contestant.name, []).append(figures)
    print(f"round {number}  {_line(contestant.name, [figures])}", flush=True)


def report(cell: Cell, outcome: Outcome) -> None:
    """Prints the medians of a cell, with how many times better our first contestant is than each."""
    print(f"\n{cell.title}: medians\n{'':<48}{'req/s':>10}{'p50 ms':>10}{'p99 ms':>10}{'CPU ms':>10}", end="")
    print(f"{'x req/s':>10}{'x p50':>10}{'x CPU':>10}")
    baseline = outcome.figures.get(cell.contestants[0].name)
    for contestant in cell.contestants:
        rounds = outcome.figures.get(contestant.name)
        if contestant.name in outcome.absent or not rounds:
            print(f"{contestant.name:<48}{outcome.absent[contestant.name]}")
            continue
        ratios = "".join(f"{_median_ratio(what, baseline or [], rounds):>10.2f}" for what in ("rate", "p50", "cpu"))
        print(_line(contestant.name, rounds) + ratios)
    print()


def _line(name: str, rounds: list[Figures]) -> str:
    def median(values: Iterable[float]) -> float:
        return statistics.median(values)

    rate, p50 = median(r.load.per_second for r in rounds), median(r.load.p50_ms for r in rounds)
    p99, cpu = median(r.load.p99_ms for r in rounds), median(r.cpu_ms for r in rounds)
    unanswered = sum(r.load.unanswered for r in rounds)
    note = f"  ({unanswered} unanswered)" if unanswered else ""
    return f"{name:<48}{rate:>10.1f}{p50:>10.2f}{p99:>10.2f}{cpu:>10.3f}{note}"


def _median_ratio(what: str, ours: list[Figures], theirs: list[Figures]) -> float:
    """Ratios are taken within a round, where both sides met the same weather."""
    ratios = [ratio(what, mine, other) for mine, other in zip(ours, theirs, strict=False)]
    return statistics.median(ratios) if ratios else float("nan")


def judge(target: Target, outcome: Outcome) -> str:
    """``PASS``, ``FAIL`` or ``skipped`` with the figure."""
    for name in (target.ours, target.theirs):
        if name in outcome.absent:
            told = outcome.absent[name]
            return told if told.startswith("skipped") else f"FAIL: {name} {told}"
    found = _median_ratio(target.what, outcome.figures[target.ours], outcome.figures[target.theirs])
    aim = f", aim {target.aim:g}" if target.aim else ""
    verdict = "PASS" if found >= target.floor else "FAIL"
    return f"{verdict}: {found:.2f} (at least {target.floor:g}{aim})"


def _arguments() -> argparse.Namespace:
    keys = [cell.key for cell in CELLS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="of questions in each turn")
    parser.add_argument("--cells", nargs="+", choices=keys, default=keys, metavar="KEY", help=", ".join(keys))
    parser.add_argument("--quick", action="store_true", help=f"one round of {QUICK_SECONDS:g} s")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.seconds = 1, QUICK_SECONDS
    return arguments


def main() -> int:
    """Plays the cells and prints the verdicts; returns the exit status."""
    arguments = _arguments()
    if shutil.which("wrk") is None:
        print("skipped: wrk is not installed (Debian: apt-get install wrk nginx)")
        return 0
    verdicts = []
    with tempfile.TemporaryDirectory() as folder:
        models = write_models(Path(folder))
        for cell in (cell for cell in CELLS if cell.key in arguments.cells):
            print(f"{cell.title}: {arguments.rounds} rounds of {arguments.seconds:g} s", flush=True)
            outcome = play(cell, models, rounds=arguments.rounds, seconds=arguments.seconds)
            report(cell, outcome)
            for target in cell.targets:
                subject = f"{cell.key}: {target.what}, {target.ours} against {target.theirs}"
                verdicts.append(f"{subject:<90}{judge(target, outcome)}")
    print("\n".join(verdicts))
    return 1 if any("FAIL" in verdict for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
