"""Promise: the process starts, keeps to its folders and stops as SageMaker expects of a container (C01 to C11)."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from container.server.settings import read_settings
from server_processes import ROOT
from tests.contract.clauses import clause

Start = Callable[..., Any]
Bundle = Callable[..., Path]

ENTRY_POINT = ("/bin/sh", str(ROOT / "container/serve"))
AS_IN_THE_IMAGE = {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "PYTHONPATH": str(ROOT),
    "PYTHONDONTWRITEBYTECODE": "1",
}
LOADS_UNTIL_TOLD = """
import pathlib, time

def model_fn(model_dir):
    folder = pathlib.Path(model_dir).parent
    (folder / "loading").touch()
    while not (folder / "go on").exists():
        time.sleep(0.02)

def predict_fn(df, model):
    return df.assign(prediction=df["smiles"].str.len().astype("float64"))
"""


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    stats = {str(path): path.stat() for path in [folder, *folder.rglob("*")]}
    return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in stats.items()}


@clause("C01")
def test_the_entry_point_serves(start_server: Start, model_folder: Bundle, tmp_path: Path) -> None:
    server = start_server(model_folder(), command=[*ENTRY_POINT, "serve"], cwd=tmp_path, **AS_IN_THE_IMAGE)
    assert server.post("smiles\nCCO\n").status_code == 200
    assert server.stop() == 0  # `exec`: the signal reaches the server itself


@clause("C02")
def test_the_entry_point_does_nothing_else(tmp_path: Path) -> None:
    for words in ([], ["train"], ["serve", "more"]):
        ended = subprocess.run([*ENTRY_POINT, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ended.returncode == 64
        assert "with the argument 'serve'" in ended.stderr


@clause("C03")
def test_the_port_is_the_variables(start_server: Start, model_folder: Bundle) -> None:
    server = start_server(model_folder())  # launched with a free port in the variable
    assert httpx.get(f"http://127.0.0.1:{server.port}/ping").status_code == 200


@clause("C04")
def test_the_port_is_8080_otherwise() -> None:
    settings = read_settings({})
    assert (settings.host, settings.port) == ("0.0.0.0", 8080)
    dockerfile = (ROOT / "container/Dockerfile").read_text()
    assert "EXPOSE 8080\n" in dockerfile
    assert "com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true" in dockerfile


@clause("C05")
def test_the_model_folder_is_only_read(start_server: Start, model_folder: Bundle) -> None:
    folder = model_folder()
    for path in (folder / "code", folder):
        path.chmod(0o555)
    before = contents(folder)  # who tests as root can write all the same, so the folder is looked at
    try:
        server = start_server(folder, **AS_IN_THE_IMAGE)
        assert server.post("smiles\nCCO\n").status_code == 200
        assert server.stop() == 0
    finally:
        for path in (folder / "code", folder):
            path.chmod(0o755)
    assert contents(folder) == before
    assert "PYTHONDONTWRITEBYTECODE=1" in (ROOT / "container/Dockerfile").read_text()


@clause("C06")
def test_home_and_working_folder_stay_empty(start_server: Start, model_folder: Bundle, tmp_path: Path) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    server = start_server(model_folder(), cwd=work, HOME=str(home), **AS_IN_THE_IMAGE)
    large = "smiles,note\n" + f"CCO,{'x' * 1000}\n" * 10_000  # large enough to be laid aside on disk
    for body in ("smiles\nCCO\n", large, "smiles\ncrash\n"):
        assert server.post(body).status_code == 200
    assert server.stop() == 0
    written = [path for folder in (home, work) for path in folder.rglob("*")]
    assert [path for path in written if not path.name.startswith(".coverage.")] == []  # of whoever measures the tests


@clause("C07")
def test_ping_is_not_200_while_the_model_loads(start_server: Start, model_folder: Bundle) -> None:
    folder = model_folder(LOADS_UNTIL_TOLD)
    server = start_server(folder, ready=False)
    wait_for((folder.parent / "loading").exists)
    try:
        answer = server.client.get("/ping").status_code
    except httpx.ConnectError:
        answer = 503
    (folder.parent / "go on").touch()
    assert answer == 503

    def loaded() -> bool:
        with contextlib.suppress(httpx.ConnectError):
            return bool(server.client.get("/ping").status_code == 200)
        return False

    wait_for(loaded)


@clause("C08")
def test_a_model_that_cannot_be_loaded_is_not_served(start_server: Start, model_folder: Bundle) -> None:
    broken = "def model_fn(model_dir): raise OSError('broken')\n\ndef predict_fn(df, model): return df\n"
    server = start_server(model_folder(broken), ready=False)
    assert server.process.wait(timeout=60) == 1
    assert [event["reason"] for event in server.events if event["event"] == "start_refused"]


@clause("C09")
def test_sigterm_ends_with_0(start_server: Start, model_folder: Bundle) -> None:
    assert start_server(model_folder()).stop() == 0


def sigterm_during_a_request(server: Any) -> tuple[list[httpx.Response], threading.Thread]:
    answers: list[httpx.Response] = []
    caller = threading.Thread(target=lambda: answers.append(server.post("smiles\nsleep=3\n")))
    caller.start()
    time.sleep(0.5)  # so that the request is under way
    server.process.terminate()
    return answers, caller


@clause("C10")
def test_a_request_under_way_at_sigterm_is_answered(start_server: Start, model_folder: Bundle) -> None:
    server = start_server(model_folder())
    answers, caller = sigterm_during_a_request(server)
    caller.join()
    assert [answer.status_code for answer in answers] == [200]
    assert server.process.wait(timeout=40) == 0


@clause("C11")
def test_after_sigterm_a_new_request_is_refused(start_server: Start, model_folder: Bundle) -> None:
    server = start_server(model_folder())
    _, caller = sigterm_during_a_request(server)
    time.sleep(0.5)  # so that the signal has arrived
    assert caller.is_alive()
    with httpx.Client(base_url=server.client.base_url, timeout=60) as other:
        try:
            status = other.post(
                "/invocations", content="smiles\nCCO\n", headers={"Content-Type": "text/csv"}
            ).status_code
        except httpx.ConnectError:
            status = 503
    caller.join()
    assert status == 503
