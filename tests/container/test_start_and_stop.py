"""Promise: a server that must not serve does not start and says why; one that stops finishes what it began."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.wire.manifest import GoldenRows

Start = Callable[..., Any]
Bundle = Callable[..., Path]


def refusal(start_server: Start, model_dir: Path, **variables: str) -> str:
    server = start_server(model_dir, ready=False, **variables)
    assert server.process.wait(timeout=60) == 1
    (event,) = [event for event in server.events if event["event"] == "start_refused"]
    return str(event["reason"])


def test_a_tampered_bundle_does_not_start_and_says_which_file(start_server: Start, own_script_bundle: Bundle) -> None:
    model_dir = own_script_bundle()
    (model_dir / "code/inference.py").write_text("def model_fn(model_dir): return 1\n")
    assert "code/inference.py was changed after the bundle was written" in refusal(start_server, model_dir)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda folder: (folder / "code/inference.py").unlink(), "code/inference.py is missing"),
        (lambda folder: (folder / "more.py").write_text("x"), "more.py is not listed"),
        (lambda folder: [(folder / name).unlink() for name in ("manifest.json", "code/inference.py")], "manifest.json"),
        (
            lambda folder: (folder / "manifest.json").write_text("{}"),
            "manifest.json is malformed: script: Field required",
        ),
    ],
)
def test_a_bundle_that_is_not_what_it_says_does_not_start(
    start_server: Start, own_script_bundle: Bundle, spoil: Callable[[Path], object], told: str
) -> None:
    model_dir = own_script_bundle()
    spoil(model_dir)
    assert told in refusal(start_server, model_dir)


def test_another_model_than_the_declared_one_does_not_start(start_server: Start, own_script_bundle: Bundle) -> None:
    told = refusal(start_server, own_script_bundle(), CHEM_ENDPOINTS_MODEL_SHA256="0" * 64)
    assert "but the declaration says 0000" in told


def test_golden_rows_that_come_out_differently_stop_the_start(start_server: Start, own_script_bundle: Bundle) -> None:
    golden = GoldenRows(input={"smiles": ["CCO"]}, output={"prediction": [4.0]}, relative_tolerance=1e-6)
    told = refusal(start_server, own_script_bundle(golden=golden))
    assert "golden row 0: column 'prediction' should be 4.0, this image computes 3.0" in told


def test_a_missing_library_is_named(start_server: Start, own_script_bundle: Bundle) -> None:
    told = refusal(start_server, own_script_bundle(libraries={"no_such_library": "1"}))
    assert "needs the library 'no_such_library'" in told


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import no_such_library\n", "no_such_library is not installed in this image"),
        ("def model_fn(model_dir): return 1\n", "lacks predict_fn"),
        ("def model_fn(model_dir): raise OSError('disk')\ndef predict_fn(df, model): return df\n", "OSError: disk"),
        ("def model_fn(model_dir): return 1\ndef predict_fn(df, model): raise KeyError('x')\n", "golden rows"),
        ("import os\ndef model_fn(model_dir): os._exit(3)\ndef predict_fn(df, model): return df\n", "died"),
    ],
)
def test_a_script_that_cannot_serve_stops_the_start(
    start_server: Start, own_script_bundle: Bundle, source: str, told: str
) -> None:
    assert told in refusal(start_server, own_script_bundle(source))


@pytest.mark.parametrize(
    ("variable", "value"),
    [("SAGEMAKER_BIND_TO_PORT", "eighty"), ("CHEM_ENDPOINTS_WORKERS", "0"), ("CHEM_ENDPOINTS_REQUEST_SECONDS", "inf")],
)
def test_a_setting_of_the_wrong_kind_is_named(
    start_server: Start, own_script_bundle: Bundle, variable: str, value: str
) -> None:
    told = refusal(start_server, own_script_bundle(), **{variable: value})
    assert told.startswith(f"{variable}='{value}' is not a valid")


def test_sigterm_finishes_the_requests_that_are_under_way_and_exits_with_0(
    start_server: Start, own_script_bundle: Bundle
) -> None:
    server = start_server(own_script_bundle())
    done: list[Any] = []
    caller = threading.Thread(target=lambda: done.append(server.post("smiles\nsleep=1.5\n")))
    caller.start()
    time.sleep(0.5)
    assert server.stop() == 0
    caller.join()
    assert done[0].text.splitlines()[1].split(",")[1] == "9.0"
    assert server.events[-1]["event"] == "stopped"


def test_sigterm_while_the_model_loads_ends_the_start(start_server: Start, own_script_bundle: Bundle) -> None:
    source = """
import pathlib, time

def model_fn(model_dir):
    (pathlib.Path(model_dir).parent / "begun").touch()
    time.sleep(60)

def predict_fn(df, model):
    return df
"""
    model_dir = own_script_bundle(source)
    server = start_server(model_dir, ready=False)
    deadline = time.monotonic() + 60
    while not (model_dir.parent / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.stop() == 0
    assert server.events[-1]["event"] == "stopped"
