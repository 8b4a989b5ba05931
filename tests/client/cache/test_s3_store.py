"""Promise: machines that share answers on S3 see each other's, lose none by compaction, and delete for all."""

import functools
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest
from moto.server import ThreadedMotoServer
from pandas.testing import assert_frame_equal

from cached_endpoints import FIRST_MODEL, SECOND_MODEL, StandInEndpoint
from chem_endpoints.client.cache import s3_store
from chem_endpoints.client.cache.answers import AnswerSchema, Entries, pack
from chem_endpoints.client.cache.cache import InferenceCache
from chem_endpoints.client.cache.local_store import LocalStore, Selection
from chem_endpoints.client.cache.s3_store import S3Store
from chem_endpoints.errors import EndpointError

SCHEMA = AnswerSchema(model=FIRST_MODEL, asked=(), columns=(("prediction", "float64"),))
BUCKETS = itertools.count()


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in (
        ("AWS_ENDPOINT_URL", s3_url),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    name = f"answers-{next(BUCKETS)}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name


@functools.cache
def client(url: str) -> Any:
    return boto3.client("s3", endpoint_url=url)


class Interrupted:
    """An S3 client before one of whose calls, counted from 0, something else happens, once."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        self.calls = 0
        self.before: dict[int, Callable[[], object]] = {}

    def __getattr__(self, name: str) -> Any:
        def counted(**parameters: Any) -> Any:
            happening = self.before.pop(self.calls, None)
            self.calls += 1
            if happening is not None:
                happening()
            return getattr(self._s3, name)(**parameters)

        return counted


class Machine(S3Store):
    """A store with a mirror of its own."""

    def __init__(self, bucket: str, folder: Path, prefix: str = "team") -> None:
        self.s3 = Interrupted(client(os.environ["AWS_ENDPOINT_URL"]))
        super().__init__(f"s3://{bucket}/{prefix}", s3=self.s3, mirror=LocalStore(folder))

    def rows(self) -> set[int]:
        self.refresh()
        return set(self.find(SCHEMA, entries(range(100)).rows))

    def keep(self, *numbers: int) -> None:
        self.add(SCHEMA, entries(numbers))


def entries(numbers: Any) -> Entries:
    rows = [number.to_bytes(32, "big") for number in numbers]
    answers = pack(pd.DataFrame({"prediction": [float(number) for number in numbers]}), SCHEMA)
    return Entries(rows=rows, labels=list(rows), answers=answers)


def objects(bucket: str) -> list[str]:
    return [found["Key"] for found in boto3.client("s3").list_objects_v2(Bucket=bucket).get("Contents", ())]


def one(number: int) -> Selection:
    return Selection(rows=frozenset(entries([number]).rows))


def test_machines_share_their_answers(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"smiles": ["C", "CC", "CC"], "temperature": 1.0})
    answered = InferenceCache(StandInEndpoint(), store=f"s3://{bucket}/team").inference(frame)
    monkeypatch.setenv("CHEM_ENDPOINTS_CACHE", str(tmp_path / "another machine"))
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint, store=f"s3://{bucket}/team/")
    assert_frame_equal(cached.inference(frame), answered, check_exact=True)
    assert endpoint.sent == []
    info = cached.info()
    assert (info.place, info.rows, info.parts) == (f"s3://{bucket}/team/", 2, 1)
    assert info.bytes > 0
    endpoint.model = SECOND_MODEL
    cached.inference(frame)
    assert len(cached.diff(FIRST_MODEL, SECOND_MODEL)) == 2
    assert cached.clear(model=FIRST_MODEL) == 2
    assert len(objects(bucket)) == 1
    assert cached.clear() == 2
    assert objects(bucket) == []


def test_names_are_digests(bucket: str) -> None:
    InferenceCache(StandInEndpoint(), store=f"s3://{bucket}").inference(
        pd.DataFrame({"smiles": ["C"], "temperature": 1.0})
    )
    assert [s3_store.PART_NAME.fullmatch(key) is not None for key in objects(bucket)] == [True]


def test_machines_that_write_at_once_keep_everything(bucket: str, tmp_path: Path) -> None:
    machines = [Machine(bucket, tmp_path / str(number)) for number in range(4)]

    def write(number: int) -> None:
        for row in range(6):
            machines[number].keep(number * 10 + row, 99)  # all of them also write one and the same

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    expected = {number * 10 + row for number in range(4) for row in range(6)} | {99}
    assert [machine.rows() for machine in machines] == [expected] * 4


def test_parts_are_put_together_and_no_reader_misses_a_row(bucket: str, tmp_path: Path) -> None:
    writer, compactor, reader = (Machine(bucket, tmp_path / name) for name in ("w", "c", "r"))
    for number in range(0, 20, 2):
        writer.keep(number, number + 1)
    missed: list[set[int]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            missed.append(set(range(20)) - reader.rows())

    reading = threading.Thread(target=read)
    reading.start()
    for number in range(20, 24):
        compactor.compact()
        writer.keep(number)
    done.set()
    reading.join()
    assert missed
    assert set().union(*missed) == set()
    compactor.compact()
    assert len(objects(bucket)) == 1
    assert Machine(bucket, tmp_path / "new").rows() == writer.rows() == set(range(24))


def at_every_moment(bucket: str, folder: Path, trial: Callable[[Machine, Machine], tuple[Any, Any]]) -> Iterator[str]:
    """Lets something happen before the first, the second … call of what a machine does, each time anew.

    ``trial`` prepares both machines and returns what the first one does and what happens meanwhile. Yields the prefix
    after each.
    """
    for moment in itertools.count():
        prefix = f"moment-{moment}"
        first, other = (Machine(bucket, folder / f"{moment}-{name}", prefix) for name in "ab")
        does, happens = trial(first, other)
        first.s3.before[first.s3.calls + moment] = happens
        does()
        if first.s3.before:
            assert moment >= 5
            return
        yield prefix
        other.compact()
        yield prefix


def test_two_machines_put_the_same_parts_together(bucket: str, tmp_path: Path) -> None:
    def trial(first: Machine, other: Machine) -> tuple[Any, Any]:
        for number in range(3):
            other.keep(number)
        first.refresh()
        return first.compact, other.compact

    for number, prefix in enumerate(at_every_moment(bucket, tmp_path, trial)):
        assert Machine(bucket, tmp_path / f"new {number}", prefix).rows() == {0, 1, 2}


@pytest.mark.parametrize("first_removes", [False, True])
def test_a_row_that_is_removed_stays_removed_while_another_machine_compacts(
    bucket: str, tmp_path: Path, first_removes: bool
) -> None:
    def trial(first: Machine, other: Machine) -> tuple[Any, Any]:
        for number in range(3):
            other.keep(number, number + 10)
        first.refresh()
        if first_removes:
            return lambda: first.remove(one(1)), other.compact
        return first.compact, lambda: other.remove(one(1))

    for number, prefix in enumerate(at_every_moment(bucket, tmp_path, trial)):
        assert Machine(bucket, tmp_path / f"new {number}", prefix).rows() == {0, 2, 10, 11, 12}


def test_two_machines_remove_at_once(bucket: str, tmp_path: Path) -> None:
    def trial(first: Machine, other: Machine) -> tuple[Any, Any]:
        first.keep(*range(5))
        other.refresh()
        return lambda: first.remove(one(2)), lambda: other.remove(one(1))

    for number, prefix in enumerate(at_every_moment(bucket, tmp_path, trial)):
        assert Machine(bucket, tmp_path / f"new {number}", prefix).rows() == {0, 3, 4}


def test_lists_of_several_pages_are_read_as_one(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    for trial in range(6):  # where the new part's name stands among the old ones is chance
        writer, other, reader = (Machine(bucket, tmp_path / f"{trial}{name}", f"{trial}") for name in "abc")
        for number in range(5):
            writer.keep(number)
        reader.refresh()
        reader.s3.before[reader.s3.calls + 1 + trial % 2] = other.compact  # between two pages
        assert reader.rows() == set(range(5))
        assert not reader.s3.before


def test_many_small_parts_are_put_together_unasked(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_store, "PARTS_BEFORE_COMPACTION", 5)
    machine = Machine(bucket, tmp_path)
    for number in range(12):
        machine.keep(number)
        assert len(objects(bucket)) < 5
    assert machine.rows() == set(range(12))


def test_large_answers_go_into_several_parts(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_store, "ROWS_PER_PART", 4)
    machine = Machine(bucket, tmp_path / "1")
    machine.keep(*range(10))
    assert len(objects(bucket)) == 3
    monkeypatch.setattr(s3_store, "SMALL_PART_BYTES", 1)
    machine.compact()
    assert len(objects(bucket)) == 3, "parts that are large enough are left alone"
    assert Machine(bucket, tmp_path / "2").rows() == set(range(10))


def test_a_mirror_may_be_lost(bucket: str, tmp_path: Path) -> None:
    Machine(bucket, tmp_path / "1").keep(1, 2)
    machine = Machine(bucket, tmp_path / "2")
    machine.refresh()
    for path in (tmp_path / "2").iterdir():
        path.unlink()
    assert machine.rows() == {1, 2}


def test_other_objects_are_left_alone_and_a_damaged_part_is_named(bucket: str, tmp_path: Path) -> None:
    s3 = boto3.client("s3")
    s3.put_object(Bucket=bucket, Key="team/notes.parquet", Body=b"x")
    s3.put_object(Bucket=bucket, Key=f"team/deeper/{'0' * 64}.parquet", Body=b"x")
    machine = Machine(bucket, tmp_path)
    machine.keep(1)
    assert machine.rows() == {1}
    machine.remove(Selection())
    assert len(objects(bucket)) == 2
    s3.put_object(Bucket=bucket, Key=f"team/{'0' * 64}.parquet", Body=b"x")
    with pytest.raises(EndpointError, match="0000 of the shared cache is not what its name says"):
        machine.refresh()


def test_a_bucket_that_cannot_be_used_is_loud_before_anything_is_asked(bucket: str) -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint, store="s3://no-such-bucket-here/x")
    with pytest.raises(EndpointError, match="bucket"):
        cached.inference(pd.DataFrame({"smiles": ["C"], "temperature": 1.0}))
    assert endpoint.sent == []
