"""Real server processes around small real bundles."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from chem_endpoints.wire import environment
from chem_endpoints.wire.bundle import unpack, write_bundle
from chem_endpoints.wire.manifest import GoldenRows, Manifest, Metrics, Output, Training
from manifests import small_manifest

ROOT = Path(__file__).parents[2]
START_SECONDS = 60

LENGTHS = '''
"""Predicts the length of a text; some texts are told to misbehave."""
import os, time
import numpy as np
import pandas as pd
from chem_endpoints.wire.rows import each_row

def model_fn(model_dir):
    return None

def predict_fn(df, model):
    lengths = []
    for _, text in each_row(enumerate(df["smiles"])):
        if text.startswith("sleep"):
            time.sleep(float(text.split("=")[1]))
        if text == "crash":
            os._exit(9)
        if text == "raise":
            raise ValueError("CANARY " + text)
        if text == "once" and not os.path.exists(MARK):
            open(MARK, "w").close()
            os._exit(9)
        lengths.append(float(len(text)))
    return df.assign(prediction=np.array(lengths))

MARK = os.path.join(os.path.dirname(__file__), "..", "..", "mark")
'''


@dataclass
class Server:
    """A running server process."""

    process: subprocess.Popen[bytes]
    port: int
    log_path: Path
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log_path.read_text().splitlines() if line.startswith("{")]

    def requests(self) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == "request"]

    def post(self, body: bytes | str, content_type: str | None = "text/csv", **headers: str) -> httpx.Response:
        sent = {"Content-Type": content_type} if content_type else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post("/invocations", content=body, headers=sent)

    def worker_pids(self) -> list[int]:
        return list(self.client.get("/health").json()["workers"])

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def launch(model_dir: Path, log_path: Path, **variables: str) -> Server:
    port = free_port()
    env = {
        **os.environ,
        environment.MODEL_DIR: str(model_dir),
        environment.HOST: "127.0.0.1",
        environment.BIND_PORT: str(port),
        environment.WORKERS: "2",
        **variables,
    }
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "container.server"], cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT
        )
    return Server(process=process, port=port, log_path=log_path)


def wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if server.client.get("/ping").status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"the server did not start:\n{server.log_path.read_text()}")


@contextlib.contextmanager
def starting(folder: Path) -> Iterator[Callable[..., Server]]:
    """Gives a function that starts servers, and stops them all in the end."""
    servers: list[Server] = []

    def start(model_dir: Path, *, ready: bool = True, **variables: str) -> Server:
        server = launch(model_dir, folder / f"log-{len(servers)}", **variables)
        servers.append(server)
        if ready:
            wait_until_ready(server)
        return server

    try:
        yield start
    finally:
        for server in servers:
            server.client.close()
            if server.process.poll() is None:
                server.stop()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers that are stopped when the test ends."""
    with starting(tmp_path) as start:
        yield start


def own_script_manifest(source: str, **changes: Any) -> Manifest:
    metrics = (Metrics(split="random", folds=2, rows=2, rmse=0, mae=0, r2=1, mean_baseline_rmse=1),)
    length = {"dtype": "float64", "unit": "characters"}
    fields: dict[str, Any] = {
        "script": "code/inference.py",
        "target": Output(name="length", **length),
        "outputs": (Output(name="prediction", **length),),
        "libraries": {"numpy": "2"},
        "training": Training(rows=2, data_sha256="0" * 64, seed=1, metrics=metrics, note="A test."),
        "golden": GoldenRows(input={"smiles": ["CCO"]}, output={"prediction": [3.0]}, relative_tolerance=1e-6),
    }
    return small_manifest({"code/inference.py": source.encode()}, **{**fields, **changes})


@pytest.fixture(scope="session")
def own_script_bundle(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes the folder of a bundle that brings its own script, unpacked as SageMaker would."""

    def make(source: str = LENGTHS, **changes: Any) -> Path:
        folder = tmp_path_factory.mktemp("bundle")
        write_bundle(
            folder / "b.tar.gz", own_script_manifest(source, **changes), {"code/inference.py": source.encode()}
        )
        unpack(folder / "b.tar.gz", folder / "model")
        return folder / "model"

    return make


@pytest.fixture(scope="session")
def solubility_model(solubility_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("solubility") / "model"
    unpack(solubility_bundle, folder)
    return folder


@pytest.fixture(scope="session")
def server(solubility_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demonstration's model, served by two workers."""
    with starting(tmp_path_factory.mktemp("server")) as start:
        yield start(solubility_model)


@pytest.fixture(scope="session")
def lengths(own_script_bundle: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The misbehaving model, served by two workers."""
    with starting(tmp_path_factory.mktemp("lengths")) as start:
        yield start(own_script_bundle())
