"""Idle memory: ours with one worker and with two, beside one uvicorn worker, all around one XGBoost model.

    .venv/bin/python -m benchmarks.memory [--rounds 3]

Each worker has answered 100 requests before its side is weighed. See docs/benchmarks.md. Exit status 1: a target was
missed.
"""

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.figures import Beside, Figures
from benchmarks.peers import process_tree
from benchmarks.peers.payloads import CSV, Payload, payloads
from benchmarks.peers.sides import OURS, WORKBENCH, Side, running
from benchmarks.peers.turn import ask_and_check
from benchmarks.serving_bundle import ServingModels, write_models
from chem_endpoints.wire import environment

REQUESTS_PER_WORKER = 100
CALLERS_PER_WORKER = 4
IDLE_SECONDS = 2
MEGABYTE = 10**6
MOST_MEGABYTES = 254
MOST_RATIO = 1.25

ONE, TWO = (
    replace(OURS, name=f"ours, {workers} worker{'s' * (workers > 1)}", variables={environment.WORKERS: str(workers)})
    for workers in (1, 2)
)
SIDES = ((ONE, 1), (TWO, 2), (WORKBENCH, 1))
"""Each side with its number of workers."""


def weigh(side: Side, workers: int, models: ServingModels, questions: list[Payload]) -> tuple[float, int]:
    """Proportional set size of a side in megabytes, idle again after its requests, and its number of processes."""
    model_dir = models.own_script if side is WORKBENCH else models.built_in
    with running(side, model_dir) as server:
        requests, callers = REQUESTS_PER_WORKER * workers, CALLERS_PER_WORKER * workers
        ask_and_check(server.port, questions, count=requests, concurrency=callers)
        time.sleep(IDLE_SECONDS)
        return process_tree.pss_bytes(server.roots) / MEGABYTE, len(process_tree.members(server.roots))


def main() -> int:
    """Weighs the sides in turn and prints the verdicts; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    weights: dict[str, list[float]] = {side.name: [] for side, _ in SIDES}
    print(f"{'round':<8}{'':<28}{'PSS MB':>10}{'processes':>12}")
    with tempfile.TemporaryDirectory() as folder:
        models = write_models(Path(folder))
        questions = payloads(CSV, rows=1, count=256, booster=models.booster)
        for number in range(rounds):
            for side, workers in SIDES:
                megabytes, processes = weigh(side, workers, models, questions)
                weights[side.name].append(megabytes)
                print(f"{number:<8}{side.name:<28}{megabytes:>10.1f}{processes:>12}", flush=True)
    medians = {name: statistics.median(found) for name, found in weights.items()}
    for name, megabytes in medians.items():
        print(f"{'median':<8}{name:<28}{megabytes:>10.1f}")
    one, two = medians[ONE.name], medians[TWO.name]
    figures = Figures()
    figures.at_most("memory of two workers, idle", two, MOST_MEGABYTES, unit="MB")
    figures.at_most("memory of two workers, idle, by that of one", two / one, MOST_RATIO, unit="times")
    figures.seen(
        "memory, idle, ours with two workers against one worker of theirs",
        medians[WORKBENCH.name] / two,
        unit="times less",
        beside=Beside(ours=two, theirs=medians[WORKBENCH.name], unit="MB", whose=WORKBENCH.name),
    )
    return figures.exit_status()


if __name__ == "__main__":
    sys.exit(main())
