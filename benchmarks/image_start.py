"""From container start to the first 200 of /ping: the images as SageMaker runs them, on two cores.

    .venv/bin/python -m benchmarks.image_start [--rounds 10] [--only xgboost]

An XGBoost model in `base`, a ChemProp model in `deep`, and for comparison a container that only ends: what the engine
itself takes. The images must be built (`make image`). Exit status 1: a target was missed; 2: nothing could be run.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psutil

from benchmarks.figures import Figures
from benchmarks.peers import process_tree
from chem_endpoints.image.container import ContainerError, running
from chem_endpoints.image.engine import Engine, EngineError, find_runner, local_name
from chem_endpoints.wire.bundle import unpack

ROOT = Path(__file__).parents[1]
TWO_CORES = ("--cpuset-cpus=0,1",)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model in its image.

    Attributes:
        image: its name in the table of images.
        target_seconds: what the median must not pass.
        training: words of ``chem-endpoints train`` that write its bundle; none: the committed one is taken.
    """

    image: str
    target_seconds: float
    training: tuple[str, ...] = ()


SUBJECTS: Mapping[str, Subject] = MappingProxyType(
    {
        "xgboost": Subject(image="base", target_seconds=3.0),
        "chemprop": Subject(
            image="deep",
            target_seconds=8.0,
            training=("chemprop", "--target", "log_s", "--smiles", "smiles", "--folds", "0", "--set", "epochs=1"),
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class Start:
    """One start.

    Attributes:
        seconds: from the engine's ``run`` command to the first 200.
        cpu_seconds: of all the container's processes until then.
    """

    seconds: float
    cpu_seconds: float


def write_bundle(subject: Subject, folder: Path) -> Path:
    """The unpacked bundle that a subject serves."""
    packed = ROOT / "examples/bundles/logs-v1.tar.gz"
    if subject.training:
        packed = folder / "model.tar.gz"
        words = [*subject.training, "--data", "examples/data/solubility.csv", "--out", str(packed)]
        command = [sys.executable, "-m", "chem_endpoints.cli", "train", *words]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    unpack(packed, folder / "model")
    return folder / "model"


def start(engine: Engine, subject: Subject, model: Path) -> Start:
    """Starts a container, and stops it as soon as it is healthy."""
    reference = local_name(subject.image)
    with running(engine, reference, model=model, options=TWO_CORES, start_seconds=None) as container:
        container.wait_until_ready()
        seconds = time.monotonic() - container.asked
        tree = [psutil.Process(container.first_process())]
        return Start(seconds=seconds, cpu_seconds=process_tree.cpu_seconds(tree))


def engine_alone(engine: Engine) -> float:
    """Seconds of the engine's ``run`` of a container that only ends: the entry point refuses its argument."""
    flags = [*engine.run_flags(), "--rm", "--network=none", "--pull=never", *TWO_CORES]
    began = time.monotonic()
    subprocess.run(engine.command("run", *flags, local_name("base"), "end"), check=False, capture_output=True)
    return time.monotonic() - began


def judge(name: str, starts: Sequence[Start], figures: Figures) -> None:
    """Tells whether the median keeps the target."""
    subject = SUBJECTS[name]
    figures.at_most(
        f"{name} in {subject.image}: run command to the first 200 of /ping",
        statistics.median(each.seconds for each in starts),
        subject.target_seconds,
        unit="s",
        note=f"{statistics.median(each.cpu_seconds for each in starts):.2f} s of processor time",
    )


def main() -> int:
    """Starts the subjects in turn and prints the verdicts; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--only", choices=SUBJECTS, action="append")
    arguments = parser.parse_args()
    names = arguments.only or list(SUBJECTS)
    try:
        return measure(find_runner(), names, arguments.rounds)
    except (EngineError, ContainerError) as error:
        print(f"image_start: {error}", file=sys.stderr)
        return 2


def measure(engine: Engine, names: Sequence[str], rounds: int) -> int:
    """Runs the rounds; returns the exit status."""
    starts: dict[str, list[Start]] = {name: [] for name in names}
    alone: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        folders = {name: Path(scratch, name) for name in names}
        for folder in folders.values():
            folder.mkdir()
        models = {name: write_bundle(SUBJECTS[name], folder) for name, folder in folders.items()}
        for name in names:  # uncounted: the image's files are in the page cache from then on
            start(engine, SUBJECTS[name], models[name])
        print(f"{engine.name}, {os.cpu_count()} cores\n{'round':<8}{'':<16}{'seconds':>10}{'CPU s':>10}{'load':>8}")
        for number in range(rounds):
            alone.append(engine_alone(engine))
            print(f"{number:<8}{'engine alone':<16}{alone[-1]:>10.2f}", flush=True)
            for name in names:
                found = start(engine, SUBJECTS[name], models[name])
                starts[name].append(found)
                told = f"{found.seconds:>10.2f}{found.cpu_seconds:>10.2f}{os.getloadavg()[0]:>8.1f}"
                print(f"{number:<8}{name:<16}{told}", flush=True)
    figures = Figures()
    for name in names:
        judge(name, starts[name], figures)
    figures.seen("the engine alone, part of each start", statistics.median(alone), unit="s")
    return figures.exit_status()


if __name__ == "__main__":
    sys.exit(main())
