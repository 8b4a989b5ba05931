"""Promise: a kept state is the user's own, is whole at any moment, and is read only by what wrote it."""

import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import SimpleNamespace
from typing import Any

import pytest

from chem_endpoints.local import kept_state
from chem_endpoints.local.kept_bodies import KeptBodies
from chem_endpoints.local.kept_files import forget_state, kept_folder, kept_since
from chem_endpoints.local.kept_moto import BackendState
from chem_endpoints.local.kept_state import KeptState, KeptStateError
from chem_endpoints.local.scaling.activities import Activities


class Words:
    """A part that keeps what it is given."""

    def __init__(self, *words: Any) -> None:
        self.words = list(words)

    def snapshot(self) -> list[Any]:
        return self.words

    def restore(self, kept: list[Any]) -> None:
        self.words = kept


def state_of(folder: Path, part: Any) -> KeptState:
    return KeptState(folder, {"part": part}, seconds=60)


def saved(folder: Path, *words: Any) -> Path:
    state = state_of(folder, Words(*words))
    state.save()
    return kept_folder(folder) / "state"


def restored(folder: Path) -> list[Any]:
    part = Words()
    assert state_of(folder, part).restore()
    return part.words


def test_nothing_is_restored_where_nothing_was_kept(tmp_path: Path) -> None:
    assert not state_of(tmp_path, Words()).restore()
    assert kept_since(tmp_path) is None


def test_a_state_comes_back_with_what_it_shares(tmp_path: Path) -> None:
    shared = ["shared"]
    saved(tmp_path, shared, shared, threading.Lock(), threading.Event())
    first, second, lock, event = restored(tmp_path)
    assert first is second
    assert lock.acquire(blocking=False)
    assert not event.is_set()


def test_the_file_and_its_folder_are_only_the_users_own(tmp_path: Path) -> None:
    file = saved(tmp_path, "CCO")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o644, 0o620], ids=oct)
def test_a_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    saved(tmp_path, "CCO").chmod(mode)
    with pytest.raises(KeptStateError, match="others could have changed it"):
        restored(tmp_path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: b"{}\n" + content, "is damaged"),
        (lambda content: content.replace(b'"moto": "', b'"moto": "0.', 1), "was kept by another version"),
        (lambda content: content[:-3], "cannot be read"),
    ],
    ids=["header", "version", "cut"],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_way_out(
    tmp_path: Path, damage: Callable[[bytes], bytes], message: str
) -> None:
    file = saved(tmp_path, "CCO")
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(KeptStateError, match=f"{message}.*chem-endpoints local forget$"):
        restored(tmp_path)
    forget_state(tmp_path)
    assert not state_of(tmp_path, Words()).restore()


def test_a_changed_class_makes_another_version(tmp_path: Path) -> None:
    file = saved(tmp_path, Activities())
    header, _, rest = file.read_bytes().partition(b"\n")
    known = json.loads(header)
    assert list(known["modules"]) == [Activities.__module__]
    known["modules"][Activities.__module__] = "another digest"
    file.write_bytes(json.dumps(known).encode() + b"\n" + rest)
    with pytest.raises(KeptStateError, match="another version"):
        restored(tmp_path)


def test_a_saving_that_fails_leaves_the_state_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path, "before")

    def full(_: int) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(kept_state.os, "fsync", full)
        with pytest.raises(OSError, match="no space"):
            saved(tmp_path, "after")
    assert restored(tmp_path) == ["before"]
    saved(tmp_path, "after")
    assert restored(tmp_path) == ["after"]


def test_a_service_that_cannot_be_written_is_told_and_does_not_keep_the_others_from_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def backend(service: str, value: object) -> BackendState:
        return BackendState(place=(service, "account", "region"), attributes={"value": value})

    saved(tmp_path, backend("good", 1), backend("bad", (x for x in "generators cannot be written")))
    assert [state.place[0] for state in restored(tmp_path)] == ["good"]
    assert [record.getMessage() for record in caplog.records] == [
        "The state of bad is not kept: cannot pickle 'generator' object"
    ]


def test_a_state_that_others_change_meanwhile_is_of_one_moment(tmp_path: Path) -> None:
    """Two counters that are always equal; both count on after the first of them has been read."""
    first, second = [0], [0]
    saved(tmp_path, first, Meddler(first, second), second)
    (begun,), _, (ended,) = restored(tmp_path)
    assert begun == ended == 1


class Meddler:
    """Counts on while it is written for the first time."""

    def __init__(self, *counters: list[int]) -> None:
        self._counters, self._first = counters, True

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        if self._first:
            self._first = False
            for counter in self._counters:
                counter[0] += 1
        return list, ()


def test_a_state_that_never_stands_still_is_kept_all_the_same(tmp_path: Path) -> None:
    numbers = [0]

    class Restless:
        def __reduce__(self) -> tuple[type, tuple[object, ...]]:
            numbers[0] += 1
            return list, ()

    saved(tmp_path, Restless(), numbers)
    assert restored(tmp_path)[1][0] >= 1


def test_a_body_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    """A power cut may leave a file without its contents."""
    bodies = KeptBodies(tmp_path)
    with SpooledTemporaryFile() as buffer:
        buffer.write(b"smiles\nCCO\n")
        name = bodies.keep(SimpleNamespace(lock=threading.Lock(), _value_buffer=buffer, contentsize=11)).name
    with bodies.buffer(name) as whole:
        whole.seek(0)
        assert whole.read() == b"smiles\nCCO\n"
    os.truncate(tmp_path / name, 4)
    with pytest.raises(ValueError, match="has 4 bytes, not those that were written"):
        bodies.buffer(name)
