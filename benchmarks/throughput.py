"""Requests per second, latency and processor time per request: ours beside the usual stacks, one XGBoost model.

    .venv/bin/python -m benchmarks.throughput [--rounds 3] [--seconds 10] [--cells KEY ...] [--quick]

See docs/benchmarks.md for what the sides are and how the figures are got. Exit status 1: a target was missed.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import Beside, Details, Figures
from benchmarks.peers.cells import CELLS, Cell, Contestant, Target, ratio
from benchmarks.peers.errors import SideError
from benchmarks.peers.load import write_bodies
from benchmarks.peers.payloads import Format, payloads
from benchmarks.peers.sides import OURS, OURS_APART
from benchmarks.peers.turn import Figures as Results
from benchmarks.peers.turn import Questions, take_turn
from benchmarks.serving_bundle import ServingModels, write_models

CHECKED_FEW_ROWS = 128
CHECKED_MANY_ROWS = 4
QUICK_SECONDS = 2.0
SKIPPED = "skipped"
OURS_SIDES = (OURS, OURS_APART)


@dataclass(frozen=True, kw_only=True)
class Words:
    """How a target is told.

    Attributes:
        what: is measured.
        unit: of it.
        better: unit of the ratio.
        value: takes it from the figures of a round.
    """

    what: str
    unit: str
    better: str
    value: Callable[[Results], float]


WORDS = {
    "cpu": Words(what="processor time a request", unit="ms", better="times less", value=lambda results: results.cpu_ms),
    "rate": Words(
        what="requests per second",
        unit="requests/s",
        better="times more",
        value=lambda results: results.load.per_second,
    ),
    "p50": Words(what="median latency", unit="ms", better="times less", value=lambda results: results.load.p50_ms),
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the rounds of a cell gave.

    Attributes:
        figures: contestant → one per round.
        absent: contestant → why it has none.
    """

    figures: dict[str, list[Results]] = field(default_factory=dict)
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
        outcome.absent[contestant.name] = f"{SKIPPED}: {', '.join(lacks)} is not installed"
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


def _line(name: str, rounds: list[Results]) -> str:
    def median(values: Iterable[float]) -> float:
        return statistics.median(values)

    rate, p50 = median(r.load.per_second for r in rounds), median(r.load.p50_ms for r in rounds)
    p99, cpu = median(r.load.p99_ms for r in rounds), median(r.cpu_ms for r in rounds)
    unanswered = sum(r.load.unanswered for r in rounds)
    note = f"  ({unanswered} unanswered)" if unanswered else ""
    return f"{name:<48}{rate:>10.1f}{p50:>10.2f}{p99:>10.2f}{cpu:>10.3f}{note}"


def _median_ratio(what: str, ours: list[Results], theirs: list[Results]) -> float:
    """Ratios are taken within a round, where both sides met the same weather."""
    ratios = [ratio(what, mine, other) for mine, other in zip(ours, theirs, strict=False)]
    return statistics.median(ratios) if ratios else float("nan")


def judge(cell: Cell, target: Target, outcome: Outcome, figures: Figures) -> None:
    """Tells what became of a target of the cell."""
    name = f"{cell.title}: {WORDS[target.what].what}, {target.ours} against {target.theirs}"
    for side in (target.ours, target.theirs):
        if told := outcome.absent.get(side, ""):
            if told.startswith(SKIPPED):
                figures.skipped(name, told)
            else:
                figures.promise(name, kept=False, note=f"{side} {told}")
            return
    ours, theirs = outcome.figures[target.ours], outcome.figures[target.theirs]
    beside = _beside(cell, target.what, target.ours, target.theirs, outcome)
    details = Details(unit=WORDS[target.what].better, beside=beside)
    if target.aim:
        details["aim"] = target.aim
    figures.at_least(name, _median_ratio(target.what, ours, theirs), target.floor, **details)


def show(cell: Cell, outcome: Outcome, figures: Figures) -> None:
    """Tells the ratios of processor time that no target is about: our first contestant beside each other stack."""
    first = cell.contestants[0].name
    judged = {target.theirs for target in cell.targets if target.what == "cpu" and target.ours == first}
    for contestant in cell.contestants:
        name = contestant.name
        if contestant.side in OURS_SIDES or name in judged or not {first, name} <= outcome.figures.keys():
            continue
        ours, theirs = outcome.figures[first], outcome.figures[name]
        figures.seen(
            f"{cell.title}: {WORDS['cpu'].what}, {first} against {name}",
            _median_ratio("cpu", ours, theirs),
            unit=WORDS["cpu"].better,
            beside=_beside(cell, "cpu", first, name, outcome),
        )


def _beside(cell: Cell, what: str, ours: str, theirs: str, outcome: Outcome) -> Beside:
    words = WORDS[what]
    mine, other = (statistics.median(map(words.value, outcome.figures[name])) for name in (ours, theirs))
    instead = ours.removeprefix(OURS.name)  # of what the cell's title says
    return Beside(
        ours=mine,
        theirs=other,
        unit=words.unit,
        whose=theirs,
        what=f"{cell.title}{instead}: {words.what}",
        arguments=f"--cells {cell.key}",
    )


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
    figures = Figures()
    if shutil.which("wrk") is None:
        figures.skipped("all cells", "wrk is not installed (Debian: apt-get install wrk nginx)")
        return figures.exit_status()
    cells = [cell for cell in CELLS if cell.key in arguments.cells]
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as folder:
        models = write_models(Path(folder))
        for cell in cells:
            print(f"{cell.title}: {arguments.rounds} rounds of {arguments.seconds:g} s", flush=True)
            outcomes.append(play(cell, models, rounds=arguments.rounds, seconds=arguments.seconds))
            report(cell, outcomes[-1])
    for cell, outcome in zip(cells, outcomes, strict=True):
        for target in cell.targets:
            judge(cell, target, outcome, figures)
        show(cell, outcome, figures)
    return figures.exit_status()


if __name__ == "__main__":
    sys.exit(main())
