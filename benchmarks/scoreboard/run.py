"""Runs one benchmark as a process of its own and records what it found."""

import contextlib
import datetime
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.figures import FILE_VARIABLE, read_figures
from benchmarks.scoreboard.benchmarks import ROOT, Benchmark, Need
from benchmarks.scoreboard.record import Record, this_machine, versions

JUDGED = (0, 1)
"""Exit statuses of a benchmark that came to its end."""

STOP_SECONDS = 20

WRITTEN_HERE = (":(exclude)benchmarks/results", ":(exclude)docs/benchmarks.md", ":(exclude)README.md")
"""What the scoreboard itself writes does not make a clone a changed one."""


class UnfinishedError(Exception):
    """A benchmark did not come to its end; there is nothing to record."""


def run(benchmark: Benchmark, *, quick: bool, table: Path | None = None) -> Record:
    """Runs a benchmark; its output goes where ours goes.

    Args:
        benchmark: which.
        quick: with the quick arguments.
        table: of measured values, for those that need one.

    Raises:
        UnfinishedError: it broke, or was killed, before it had judged its figures.
    """
    arguments = [*(benchmark.quick if quick else benchmark.full)]
    told = " ".join([benchmark.module, *(f'"{word}"' if " " in word else word for word in arguments)])
    if Need.TABLE in benchmark.needs:
        arguments += ["--data", str(table)]
        told += " --data FILE"
    commit, changed = _commit()
    load, date, started = os.getloadavg()[0], datetime.datetime.now(datetime.UTC), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.json"
        command = [sys.executable, "-m", benchmark.module, *arguments]
        status = _exit_status(command, {**os.environ, FILE_VARIABLE: str(path)})
        if status not in JUDGED or not path.is_file():
            raise UnfinishedError(f"{benchmark.key} ended with status {status} and without figures")
        figures = read_figures(path)
    return Record(
        command=told,
        quick=quick,
        date=date.strftime("%Y-%m-%d %H:%M"),
        commit=commit,
        changed=changed,
        seconds=round(time.monotonic() - started, 1),
        load=round(load, 1),
        exit_status=status,
        machine=this_machine(),
        versions=versions(),
        figures=figures,
    )


def _exit_status(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Runs a command to its end. What ends us ends it and its servers too: they are a group of processes."""
    with subprocess.Popen(command, cwd=ROOT, env=variables, start_new_session=True) as process:
        try:
            return process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            raise


def replaces(new: Record, old: Record | None) -> bool:
    """Whether a record is worth more than the one that is there: a quick run replaces no full one."""
    return old is None or not new.quick or old.quick or bool(old.by_hand)


def _commit() -> tuple[str, bool]:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, check=False, capture_output=True, text=True).stdout.strip()

    return git("rev-parse", "--short=12", "HEAD"), bool(git("status", "--porcelain", "--", ".", *WRITTEN_HERE))
