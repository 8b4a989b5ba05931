"""Promise: kill -9 at any point leaves a cache that reads, processes may write at once, and files are the owner's."""

import os
import random
import signal
import stat
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from cache_writer import numbered
from cached_endpoints import FIRST_MODEL, StandInEndpoint
from chem_endpoints.client.cache import local_store
from chem_endpoints.client.cache.answers import AnswerSchema, Entries
from chem_endpoints.client.cache.cache import InferenceCache
from chem_endpoints.client.cache.local_store import LocalStore, Selection

SUPPORT = Path(__file__).parents[2] / "support"
SCHEMA = AnswerSchema(model=FIRST_MODEL, asked=(), columns=(("prediction", "float64"),))
KILLS = 6


def entries(first: int, last: int, size: int = 20) -> Entries:
    rows = [number.to_bytes(32, "big") for number in range(first, last)]
    return Entries(rows=rows, labels=list(rows), answers=[b"p" * size for _ in rows])


def writer(folder: Path, first: int, rows: int, at_once: int) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SUPPORT), str(SUPPORT.parents[1])])}
    command = [sys.executable, str(SUPPORT / "cache_writer.py"), str(folder), str(first), str(rows), str(at_once)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_a_killed_writer_leaves_every_answer_that_it_gave(tmp_path: Path) -> None:
    draw = random.Random(7)
    given, first = 0, 0
    for _ in range(KILLS):
        with writer(tmp_path, first, 100_000, 7) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(draw.uniform(0.0, 0.15))
            process.send_signal(signal.SIGKILL)
            told = [first, *(int(line) for line in process.stdout.read().split())]
        given += len(told)
        endpoint = StandInEndpoint()
        cached = InferenceCache(endpoint, store=tmp_path)
        for start in told:
            frame = numbered(start, start + 7)
            assert_frame_equal(cached.inference(frame), StandInEndpoint().inference(frame), check_exact=True)
        assert endpoint.rows_sent == 0
        first = max(told) + 7 * 3
    assert given > KILLS


def test_a_writer_that_is_killed_while_it_makes_the_file_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / local_store.NEW_NAME).write_bytes(b"half a file")
    (tmp_path / f"{local_store.NEW_NAME}-wal").write_bytes(b"half a log")
    (tmp_path / local_store.LOCK_NAME).touch()
    store = LocalStore(tmp_path)
    store.add(SCHEMA, entries(0, 3))
    assert store.info().rows == 3
    assert not (tmp_path / local_store.NEW_NAME).exists()


def test_four_processes_write_at_once(tmp_path: Path) -> None:
    writers = [writer(tmp_path / "shared", first, 120, 5) for first in (0, 100, 200, 300)]  # they overlap
    for process in writers:
        told, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert len(told.split()) == 24
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint, store=tmp_path / "shared")
    assert cached.info().rows == 420
    frame = numbered(0, 420)
    assert_frame_equal(cached.inference(frame), StandInEndpoint().inference(frame), check_exact=True)
    assert endpoint.rows_sent == 0


def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = LocalStore(tmp_path / "of" / "mine")
        store.add(SCHEMA, entries(0, 1))
        with store._writing() as base:  # the log beside the file exists while it is open
            base.execute("DELETE FROM entries")
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.folder.iterdir()}
    finally:
        os.umask(before)
    assert len(modes) >= 3
    assert set(modes.values()) == {local_store.FILE_MODE}
    for folder in (store.folder, store.folder.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == local_store.FOLDER_MODE


def test_a_look_up_reads_what_it_finds_and_not_the_cache(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    for first in range(0, 20_000, 5_000):
        store.add(SCHEMA, entries(first, first + 5_000, size=2_000))
    assert store.info().bytes > 40_000_000
    tracemalloc.start()
    found = store.find(SCHEMA, entries(19_990, 20_010).rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sorted(found) == list(range(10))
    assert peak < 1_000_000


def test_no_name_or_key_in_the_file_holds_a_structure(tmp_path: Path) -> None:
    cached = InferenceCache(StandInEndpoint(), store=tmp_path, cache_key_column="compound")
    cached.inference(numbered(0, 1).assign(compound="SECRET-17"))
    assert not [path for path in tmp_path.iterdir() if b"SECRET-17" in path.read_bytes()]
    assert cached.delete("SECRET-17") == 1


@pytest.mark.parametrize("count", [0, 40_000])
def test_any_number_of_rows_is_looked_up_at_once(tmp_path: Path, count: int) -> None:
    store = LocalStore(tmp_path)
    store.add(SCHEMA, entries(0, 10))
    assert len(store.find(SCHEMA, entries(5, 5 + count).rows)) == min(5, count)
    assert store.remove(Selection(rows=frozenset(entries(5, 5 + count).rows))) == min(5, count)
