"""Promise: without the operator's permission no pickle runs code while a model is loaded, whoever reads it."""

import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression

from chem_endpoints.wire.bundle import BundleError
from container.server.pickle_guard import refusing_pickle


class Runs:
    """Pickled, it makes a folder when it is read: harmless code, but code."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.mkdir, (self.folder,))


def dump_pickle(value: object, path: Path) -> None:
    path.write_bytes(pickle.dumps(value))


def load_pickle(path: Path) -> Any:
    with open(path, "rb") as stream:
        return pickle.load(stream)


def load_pickle_by_python(path: Path) -> Any:
    with open(path, "rb") as stream:
        return pickle._Unpickler(stream).load()  # type: ignore[attr-defined]


def dump_array(value: object, path: Path) -> None:
    with path.open("wb") as stream:
        np.save(stream, np.array([value], dtype=object), allow_pickle=True)


def load_by_torch(path: Path) -> Any:
    return torch.load(path, weights_only=False)


READERS: list[Any] = [
    pytest.param(dump_pickle, load_pickle, id="pickle"),
    pytest.param(dump_pickle, load_pickle_by_python, id="pickle in Python"),
    pytest.param(joblib.dump, joblib.load, id="joblib"),
    pytest.param(lambda value, path: joblib.dump(value, path, compress=3), joblib.load, id="joblib compressed"),
    pytest.param(dump_array, lambda path: np.load(path, allow_pickle=True), id="numpy objects"),
    pytest.param(torch.save, load_by_torch, id="torch"),
    pytest.param(
        lambda value, path: torch.save(value, path, _use_new_zipfile_serialization=False), load_by_torch, id="old torch"
    ),
]


@pytest.mark.parametrize(("dump", "load"), READERS)
def test_code_in_a_pickle_does_not_run(tmp_path: Path, dump: Callable[..., Any], load: Callable[[Path], Any]) -> None:
    artifact, trace = tmp_path / "model.bin", tmp_path / "trace"
    dump(Runs(trace), artifact)
    told = r"'model.bin', a pickle .* CHEM_ENDPOINTS_ALLOW_PICKLE=1"
    with pytest.raises(BundleError, match=told), refusing_pickle(False):
        load(artifact)
    assert not trace.exists()
    with refusing_pickle(True):
        load(artifact)
    assert trace.exists()  # so the artifact does run code, and only the guard kept it from running


def test_a_script_that_wraps_the_refusal_hides_nothing(tmp_path: Path) -> None:
    dump_pickle(LinearRegression(), tmp_path / "model.pkl")

    def model_fn() -> None:
        try:
            load_pickle(tmp_path / "model.pkl")
        except Exception as error:
            raise RuntimeError("no model") from error

    with pytest.raises(BundleError, match=r"'model\.pkl'"), refusing_pickle(False):
        model_fn()


def test_a_script_that_copes_with_the_refusal_goes_on(tmp_path: Path) -> None:
    dump_pickle(LinearRegression(), tmp_path / "model.pkl")
    with refusing_pickle(False):
        with pytest.raises(BundleError):
            load_pickle(tmp_path / "model.pkl")
        model = "another"
    assert model == "another"


def test_an_error_of_the_script_stays_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError), refusing_pickle(False):
        _ = 1 / 0


@pytest.mark.parametrize(
    ("dump", "load"),
    [
        pytest.param(dump_pickle, load_pickle, id="a pickle of plain values"),
        pytest.param(
            lambda value, path: torch.save({"weight": torch.ones(2)}, path),
            lambda path: torch.load(path, weights_only=True),
            id="torch weights",
        ),
    ],
)
def test_what_runs_no_code_is_read(tmp_path: Path, dump: Callable[..., Any], load: Callable[[Path], Any]) -> None:
    dump({"a": [1, 2.5, "x", None]}, tmp_path / "data")
    with refusing_pickle(False):
        assert load(tmp_path / "data")


def test_other_threads_and_the_time_after_are_free() -> None:
    pickled = pickle.dumps(OrderedDict(a=1))
    seen: list[object] = []
    with refusing_pickle(False):
        thread = threading.Thread(target=lambda: seen.append(pickle.loads(pickled)))
        thread.start()
        thread.join()
        with pytest.raises(BundleError):
            pickle.loads(pickled)
    assert seen == [OrderedDict(a=1)] == [pickle.loads(pickled)]
