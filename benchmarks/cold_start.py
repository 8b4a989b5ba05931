"""From process start to the first 200 of /ping with an XGBoost model loaded: ours beside one uvicorn worker.

    .venv/bin/python -m benchmarks.cold_start [--rounds 10]

See docs/benchmarks.md. Exit status 1: the target was missed.
"""

import argparse
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.figures import Beside, Figures
from benchmarks.peers import process_tree
from benchmarks.peers.sides import OURS, WORKBENCH, Side, running
from benchmarks.serving_bundle import ServingModels, write_models

FLOOR, AIM = 1.6, 2.0


@dataclass(frozen=True, kw_only=True)
class Start:
    """One start: seconds on the clock, and processor time of all processes until then."""

    seconds: float
    cpu_seconds: float


def start(side: Side, models: ServingModels) -> Start:
    """Starts a side, and stops it as soon as it is healthy."""
    with running(side, models.own_script if side is WORKBENCH else models.built_in) as server:
        return Start(seconds=server.start_seconds, cpu_seconds=process_tree.cpu_seconds(server.roots))


def main() -> int:
    """Starts the sides in turn and prints the verdict; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    sides = (OURS, WORKBENCH)
    starts: dict[str, list[Start]] = {side.name: [] for side in sides}
    with tempfile.TemporaryDirectory() as folder:
        models = write_models(Path(folder))
        for side in sides:  # uncounted: both find their files in the page cache, and their byte code written
            start(side, models)
        print(f"{'round':<8}{'':<28}{'seconds':>10}{'CPU s':>10}")
        for number in range(rounds):
            for side in sides:
                found = start(side, models)
                starts[side.name].append(found)
                print(f"{number:<8}{side.name:<28}{found.seconds:>10.2f}{found.cpu_seconds:>10.2f}", flush=True)
    for name, each in starts.items():
        seconds, cpu = statistics.median(s.seconds for s in each), statistics.median(s.cpu_seconds for s in each)
        print(f"{'median':<8}{name:<28}{seconds:>10.2f}{cpu:>10.2f}")
    pairs = list(zip(starts[OURS.name], starts[WORKBENCH.name], strict=True))
    faster = statistics.median(theirs.seconds / ours.seconds for ours, theirs in pairs)
    cheaper = statistics.median(theirs.cpu_seconds / ours.cpu_seconds for ours, theirs in pairs)
    figures = Figures()
    figures.at_least(
        "process start to the first 200 of /ping",
        faster,
        FLOOR,
        unit="times faster",
        aim=AIM,
        beside=_beside(starts, "seconds"),
    )
    figures.seen("processor time until then", cheaper, unit="times less", beside=_beside(starts, "cpu_seconds"))
    return figures.exit_status()


def _beside(starts: dict[str, list[Start]], field: Literal["seconds", "cpu_seconds"]) -> Beside:
    ours, theirs = (statistics.median(getattr(each, field) for each in starts[side.name]) for side in (OURS, WORKBENCH))
    return Beside(ours=ours, theirs=theirs, unit="s", whose=WORKBENCH.name)


if __name__ == "__main__":
    sys.exit(main())
