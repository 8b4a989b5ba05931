"""Promise: the container starts, refuses to start, and stops as SageMaker and Kubernetes expect of it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from chem_endpoints.image.container import Container, ContainerError, running
from chem_endpoints.image.engine import Engine
from chem_endpoints.wire.environment import BIND_PORT, MODEL_SHA256, WORKERS
from server_processes import write_own_script_bundle

pytestmark = pytest.mark.image

Run = Callable[..., Any]

LOADS_UNTIL_TOLD = """
import pathlib, time

def model_fn(model_dir):
    pathlib.Path("/tmp/loading").touch()
    while not pathlib.Path("/signal/go").exists():
        time.sleep(0.02)

def predict_fn(df, model):
    return df.assign(prediction=df["smiles"].str.len().astype("float64"))
"""
BROKEN = "def model_fn(model_dir): raise OSError('no such weights')\n\ndef predict_fn(df, model): return df\n"


@pytest.fixture
def run(runner: Engine, base_image: str) -> Run:
    """`running` on the base image."""

    def of_the_image(**how: Any) -> Any:
        return running(runner, base_image, **how)

    return of_the_image


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_own_script_bundle(tmp_path)


def reason(container: Container) -> str:
    (event,) = [json.loads(line) for line in container.logs().splitlines() if '"start_refused"' in line]
    return str(event["reason"])


def wait_until_it_loads(container: Container) -> None:
    deadline = time.monotonic() + 60
    while "loading" not in container.exec("ls", "/tmp"):
        assert time.monotonic() < deadline


@pytest.mark.parametrize("words", [["train"], ["serve", "now"], ["python"], [""]], ids=" ".join)
def test_anything_but_serve_ends_with_64_and_one_line(run: Run, model: Path, words: list[str]) -> None:
    with run(model=model, arguments=words, start_seconds=None) as container:
        assert container.wait() == 64
        (line,) = container.logs().splitlines()
    assert f"with the argument 'serve', not '{' '.join(words)}'" in line


def test_without_an_argument_it_serves(run: Run, model: Path) -> None:
    with run(model=model, arguments=()) as container:
        assert container.ping()


def test_the_port_is_the_variables(run: Run, model: Path) -> None:
    with run(model=model, environment={BIND_PORT: "9000"}) as container:
        assert container.base_url.endswith(":9000")
        assert container.ping()


@pytest.mark.parametrize(
    ("source", "variables", "told"),
    [
        (BROKEN, {}, "OSError: no such weights"),
        ("import no_such_library\n", {}, "no_such_library is not installed in this image"),
        (None, {MODEL_SHA256: "0" * 64}, "but the declaration says 0000"),
        (None, {WORKERS: "0"}, f"{WORKERS}='0' is not a valid positive int"),
    ],
    ids=["model_fn raises", "missing library", "other model", "setting"],
)
def test_what_cannot_be_served_ends_with_1_and_its_reason(
    run: Run, tmp_path: Path, source: str | None, variables: dict[str, str], told: str
) -> None:
    model = write_own_script_bundle(tmp_path, *([source] if source else []))
    with run(model=model, environment=variables, start_seconds=None) as container:
        assert container.wait() == 1
        assert told in reason(container)


def test_a_missing_model_ends_with_1_and_its_reason(run: Run) -> None:
    with run(model=None, start_seconds=None) as container:
        assert container.wait() == 1
        assert "/opt/ml/model: holds no manifest.json" in reason(container)


def test_ping_is_not_200_while_the_model_loads(run: Run, tmp_path: Path) -> None:
    signal = tmp_path / "signal"
    signal.mkdir()
    model = write_own_script_bundle(tmp_path, LOADS_UNTIL_TOLD)
    with run(model=model, volumes=[f"{signal}:/signal:ro"], start_seconds=None) as container:
        wait_until_it_loads(container)
        assert not container.ping()
        (signal / "go").touch()
        container.wait_until_ready()


def test_sigterm_ends_it_with_0(run: Run, model: Path) -> None:
    with run(model=model) as container:
        assert container.stop() == 0
        assert json.loads(container.logs().splitlines()[-1])["event"] == "stopped"


def test_sigterm_while_the_model_loads_ends_it_with_0(run: Run, tmp_path: Path) -> None:
    model = write_own_script_bundle(tmp_path, LOADS_UNTIL_TOLD)
    with run(model=model, start_seconds=None) as container:
        wait_until_it_loads(container)
        assert container.stop() == 0


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3])
def test_sigterm_just_after_the_start_ends_it_with_0(run: Run, model: Path, seconds: float) -> None:
    with run(model=model, start_seconds=None) as container:
        time.sleep(seconds)
        assert container.stop() == 0


@pytest.fixture
def under_way(run: Run, model: Path) -> Iterator[tuple[Container, threading.Thread, list[httpx.Response]]]:
    """A container that has just got SIGTERM while it works on a request of 3 s."""
    answers: list[httpx.Response] = []

    def ask(container: Container) -> None:
        body, headers = b"smiles\nsleep=3\n", {"Content-Type": "text/csv"}
        answers.append(httpx.post(f"{container.base_url}/invocations", content=body, headers=headers, timeout=60))

    with run(model=model) as container:
        caller = threading.Thread(target=ask, args=[container])
        caller.start()
        time.sleep(0.5)
        container.terminate()
        yield container, caller, answers


def test_a_request_under_way_at_sigterm_is_answered(under_way: Any) -> None:
    container, caller, answers = under_way
    assert container.wait() == 0
    caller.join()
    assert [answer.status_code for answer in answers] == [200]
    assert answers[0].text.splitlines()[1].split(",")[1] == "7.0"


def test_after_sigterm_a_new_request_is_refused(under_way: Any) -> None:
    container, caller, _ = under_way
    assert caller.is_alive()
    try:
        headers = {"Content-Type": "text/csv"}
        url = f"{container.base_url}/invocations"
        status = httpx.post(url, content=b"smiles\nCCO\n", headers=headers).status_code
    except httpx.ConnectError:
        status = 503
    assert status == 503
    caller.join()


def test_a_container_that_dies_is_told_with_its_last_lines(run: Run) -> None:
    with pytest.raises(ContainerError, match=r"ended with status 1; its last log lines:\n.*holds no manifest"):  # noqa: SIM117
        with run(model=None):
            raise AssertionError("it was not ready")
