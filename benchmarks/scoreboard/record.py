"""What one run of a benchmark left: a committed file in benchmarks/results."""

import os
import platform
from importlib import metadata
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

from benchmarks.figures import Figure
from benchmarks.scoreboard.benchmarks import BENCHMARKS, ROOT

RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = (
    "boto3", "chemprop", "fastapi", "mordredcommunity", "numpy", "pandas", "pyarrow", "rdkit", "torch", "uvicorn",
    "xgboost-cpu",
)  # fmt: skip
"""Whose versions are told with a figure."""


class Machine(BaseModel):
    """Where a benchmark ran.

    Attributes:
        processor: its name.
        cores: that the system offers.
        memory_gib: of the machine.
        kernel: of the system.
        python: interpreter's version.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    processor: str
    cores: int
    memory_gib: int | None = None
    kernel: str = ""
    python: str = ""


class Record(BaseModel):
    """One run.

    Attributes:
        command: what was run, after ``python -m``.
        quick: with the quick arguments.
        date: of its start, UTC.
        commit: that the clone stood at; empty: it is not known.
        changed: whether files differed from that commit.
        seconds: that it took; ``None``: not known.
        load: the average over one minute just before; ``None``: not known.
        exit_status: 1: a target was missed.
        machine: where it ran.
        versions: package → version.
        figures: what it found.
        by_hand: how a record came here that no run has written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: str
    quick: bool
    date: str
    commit: str
    changed: bool
    seconds: float | None
    load: float | None
    exit_status: int
    machine: Machine
    versions: dict[str, str]
    figures: tuple[Figure, ...]
    by_hand: str = ""


def path_of(key: str, folder: Path = RESULTS) -> Path:
    """The file of a benchmark's record."""
    return folder / f"{key}.json"


def write(record: Record, path: Path) -> None:
    """Writes a record, whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    part.replace(path)


def read(path: Path) -> Record | None:
    """The record; ``None``: there is none.

    Raises:
        pydantic.ValidationError: the file holds something else.
    """
    return Record.model_validate_json(path.read_bytes()) if path.is_file() else None


def read_all(folder: Path = RESULTS) -> dict[str, Record]:
    """Key → record of every benchmark that has one, in the order of the table."""
    found = {benchmark.key: read(path_of(benchmark.key, folder)) for benchmark in BENCHMARKS}
    return {key: record for key, record in found.items() if record is not None}


def this_machine() -> Machine:
    """The machine that this runs on."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gib=round(psutil.virtual_memory().total / 2**30),
        kernel=f"{platform.system()} {platform.release()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
    )


def _processor() -> str:
    """Its name as Linux tells it; elsewhere what Python knows."""
    cpuinfo = Path("/proc/cpuinfo")
    names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")] if (
        cpuinfo.is_file()
    ) else []  # fmt: skip
    return names[0].partition(":")[2].strip() if names else platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Versions of `PACKAGES` in this environment."""
    return {name: metadata.version(name) for name in PACKAGES}
