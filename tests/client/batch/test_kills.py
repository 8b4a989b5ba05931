"""Promise: a batch whose process is killed at any moment is finished by the same call, to the same bytes, and no
finished part is asked for again. Real processes, SIGKILL, real boto3; `--hypothesis-profile=soak` tries 50 moments.
"""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings

from chem_endpoints.local.faults.http_door import serving
from chem_endpoints.local.faults.journal import Journal
from chem_endpoints.local.faults.runtime import FaultyRuntime
from chem_endpoints.local.faults.schedule import Operation, Schedule
from chem_endpoints.local.faults.settings import RuntimeSettings
from chem_endpoints.local.faults.simple_models import text_release, text_value

ROWS, PIECE_ROWS, CHUNK_ROWS = 3_000, 100, 25
KILLS = 50 if settings().max_examples > 1000 else 2
VICTIM = Path(__file__).with_name("victim.py")


class WatchedJournal(Journal):
    """Tells of each invocation."""

    def __init__(self) -> None:
        super().__init__(keeps_rows=True)
        self.told: Callable[[int], None] = lambda number: None

    def begin(self, operation: Operation) -> int:
        number = super().begin(operation)
        if operation is Operation.INVOKE:
            self.told(number)
        return number


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "library.parquet"
    pq.write_table(pa.table({"smiles": [f"C{number}" for number in range(ROWS)], "n": range(ROWS)}), path)
    return path


def machine() -> FaultyRuntime:
    client = {"rows_per_chunk": CHUNK_ROWS, "max_in_flight": 4}
    runtime = RuntimeSettings(latency=0.0, call_seconds=0.005, client_settings=client)
    return FaultyRuntime(text_release(), runtime, Schedule(), journal=WatchedJournal())


def start(url: str, source: Path, out: Path) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "XDG_STATE_HOME": str(source.parent / "state")}
    return subprocess.Popen([sys.executable, str(VICTIM), url, str(source), str(out)], env=environment)


def contents(out: Path) -> dict[str, bytes]:
    files = (path for path in out.rglob("*") if path.is_file() and path.name != "_summary.json")
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


def finished(out: Path) -> set[int]:
    return {int(path.stem.removeprefix("part-")) for path in out.glob("part-*.parquet")}


def test_a_killed_batch_is_finished_by_the_same_call(source: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    with serving(machine()) as url:
        assert start(url, source, whole).wait() == 0
    table = pa.concat_tables([pq.read_table(path) for path in sorted(whole.glob("part-*"))])
    assert table.column("n").to_pylist() == list(range(ROWS))
    assert table.column("prediction").to_pylist() == [text_value(f"C{number}") for number in range(ROWS)]
    luck = random.Random(len(contents(whole)))
    for round_ in range(KILLS):
        check_kill(source, tmp_path / f"out-{round_}", whole, at=luck.randrange(5, ROWS // CHUNK_ROWS))


def check_kill(source: Path, out: Path, whole: Path, *, at: int) -> None:
    runtime = machine()
    journal: Any = runtime.journal
    with serving(runtime) as url:
        victim, reached = start(url, source, out), threading.Event()
        journal.told = lambda number: reached.set() if number >= at else None
        assert reached.wait(60)
        victim.send_signal(signal.SIGKILL)
        assert victim.wait() == -signal.SIGKILL
        done, before = finished(out), len(journal.records)
        assert len(done) < ROWS // PIECE_ROWS
        assert start(url, source, out).wait() == 0
    again = {
        int(text[1:]) // PIECE_ROWS
        for one in journal.records[before:]
        if one.sent is not None
        for text in one.sent["smiles"]
    }
    assert not again & done
    assert contents(out) == contents(whole)
