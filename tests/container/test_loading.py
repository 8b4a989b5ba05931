"""Promise: what a loaded model says of itself is so: whether it may be forked, and who reads the bodies."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.wire import environment
from chem_endpoints.wire.single_threaded import SINGLE_THREADED
from container.server.loading import LoadedModel, LoadFailure, load_model
from container.server.settings import Settings
from foreign_bundles import restoring_imports

Bundle = Callable[..., Path]
PREDICT = "\ndef predict_fn(df, model): return df.assign(prediction=1.0)\n"
LOADS_NOTHING = "def model_fn(model_dir): return None" + PREDICT
STARTS_A_THREAD = (
    "import threading\ndef model_fn(model_dir):\n"
    "    threading.Thread(target=threading.Event().wait, daemon=True).start()" + PREDICT
)
READS_A_PICKLE = (
    "import collections, pickle\ndef model_fn(model_dir):\n"
    "    return pickle.loads(pickle.dumps(collections.OrderedDict()))" + PREDICT
)
REPORT = (
    "import gc; from container.server.preload import outcome;"
    "print(outcome.threads, outcome.cuda, outcome.why_not_forkable, gc.get_freeze_count() > 1000, sep='|')"
)


@pytest.fixture(autouse=True)
def imports_restored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with restoring_imports(tmp_path_factory.getbasetemp()):
        yield


def reported(folder: Path, root: Path) -> list[str]:
    """What the model host says of the model, in a process of its own as at a real start."""
    env = {**os.environ, **SINGLE_THREADED, environment.MODEL_DIR: str(folder)}
    done = subprocess.run([sys.executable, "-c", REPORT], cwd=root, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip().split("|")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_a_model_without_threads_is_shared_and_kept_from_being_copied(own_script_bundle: Bundle, root: Path) -> None:
    assert reported(own_script_bundle(LOADS_NOTHING), root) == ["1", "False", "None", "True"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_a_model_with_threads_says_why_it_is_not_forked(own_script_bundle: Bundle, root: Path) -> None:
    threads, _, why, _ = reported(own_script_bundle(STARTS_A_THREAD), root)
    assert (threads, why) == ("2", "2 threads run once the model is loaded, and a fork would keep only one of them")


def loaded(folder: Path, **settings: Any) -> LoadedModel:
    outcome = load_model(Settings(model_dir=folder, **settings))
    assert isinstance(outcome, LoadedModel), outcome
    return outcome


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_a_model_on_a_gpu_is_not_forked(own_script_bundle: Bundle) -> None:
    model = loaded(own_script_bundle(LOADS_NOTHING))
    on_gpu = LoadedModel(
        bundle=model.bundle, script=model.script, model=None, loaded_at=model.loaded_at, threads=1, cuda=True
    )
    assert on_gpu.why_not_forkable is not None
    assert on_gpu.why_not_forkable == "the model uses CUDA, which does not survive a fork"


@pytest.mark.parametrize(
    ("functions", "whole"),
    [
        ("", False),
        ("def predict_matrix_fn(X, model): return {}, {}", False),
        ("def input_fn(body, content_type): return body", True),
        ("def output_fn(prediction, accept): return ''", True),
    ],
)
def test_a_script_with_body_functions_sees_whole_bodies(own_script_bundle: Bundle, functions: str, whole: bool) -> None:
    model = loaded(own_script_bundle(LOADS_NOTHING + functions))
    assert model.manifest is not None
    assert model.whole_body is whole


def test_a_manifest_does_not_permit_pickles_either(own_script_bundle: Bundle) -> None:
    folder = own_script_bundle(READS_A_PICKLE)
    outcome = load_model(Settings(model_dir=folder))
    assert isinstance(outcome, LoadFailure)
    assert environment.ALLOW_PICKLE in outcome.message
    assert loaded(folder, allow_pickle=True).model == {}


def test_the_environment_permits_pickles(own_script_bundle: Bundle, root: Path) -> None:
    folder = own_script_bundle(READS_A_PICKLE)
    env = {**os.environ, environment.MODEL_DIR: str(folder), environment.ALLOW_PICKLE: "1"}
    command = [sys.executable, "-c", "from container.server.preload import outcome; print(outcome.model)"]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "OrderedDict()\n"
