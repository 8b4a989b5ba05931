"""Starts real server processes around small real bundles; each listens on 127.0.0.1 on a free port."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from chem_endpoints.local.server_process import free_port
from chem_endpoints.wire import environment
from chem_endpoints.wire.bundle import unpack, write_bundle
from chem_endpoints.wire.manifest import GoldenRows, Manifest, Metrics, Output, Training
from manifests import small_manifest

ROOT = Path(__file__).parents[2]
START_SECONDS = 60
STOP_SECONDS = 40
SERVER = (sys.executable, "-m", "container.server")

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
    posted: int = 0

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log_path.read_text().splitlines() if line.startswith("{")]

    def requests(self) -> list[dict[str, Any]]:
        """The log lines of requests, as soon as that of each `post` is there: the log is written beside the answers."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            lines = [event for event in self.events if event["event"] == "request"]
            if len(lines) >= self.posted:
                return lines
            time.sleep(0.02)
        raise AssertionError(f"{self.posted} requests were posted, {len(lines)} are logged")

    def request(self, request_id: str) -> dict[str, Any]:
        """The log line of one request, as soon as it is there."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for event in self.events:
                if event["event"] == "request" and event["request_id"] == request_id:
                    return event
            time.sleep(0.02)
        raise AssertionError(f"request {request_id} is not logged")

    def post(self, body: bytes | str, content_type: str | None = "text/csv", **headers: str) -> httpx.Response:
        sent = {"Content-Type": content_type} if content_type else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        self.posted += 1
        return self.client.post("/invocations", content=body, headers=sent)

    def worker_pids(self) -> list[int]:
        return list(self.client.get("/health").json()["workers"])

    def stop(self) -> int:
        """Sends SIGTERM and returns the exit status; a server that lives on past SageMaker's patience is killed."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def launch(
    model_dir: Path, log_path: Path, *, command: Sequence[str] = SERVER, cwd: Path = ROOT, **variables: str
) -> Server:
    """Starts a server process and returns at once; ``variables`` are added to its environment."""
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
        process = subprocess.Popen(command, cwd=cwd, env=env, stdout=log, stderr=subprocess.STDOUT)
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

    def start(model_dir: Path, *, ready: bool = True, **options: Any) -> Server:
        server = launch(model_dir, folder / f"log-{len(servers)}", **options)
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


def own_script_manifest(source: str, **changes: Any) -> Manifest:
    metrics = (Metrics(split="random", target="length", folds=2, rows=2, figures={"rmse": 0, "r2": 1}),)
    length = {"dtype": "float64", "unit": "characters"}
    fields: dict[str, Any] = {
        "script": "code/inference.py",
        "targets": (Output(name="length", **length),),
        "outputs": (Output(name="prediction", **length),),
        "libraries": {"numpy": "2"},
        "training": Training(rows=2, data_sha256="0" * 64, seed=1, metrics=metrics, notes=("A test.",)),
        "golden": GoldenRows(input={"smiles": ["CCO"]}, output={"prediction": [3.0]}, relative_tolerance=1e-6),
    }
    return small_manifest({"code/inference.py": source.encode()}, **{**fields, **changes})


def write_own_script_bundle(folder: Path, source: str = LENGTHS, **changes: Any) -> Path:
    """Writes a bundle that brings its own script, and unpacks it as SageMaker would; returns that folder."""
    manifest = own_script_manifest(source, **changes)
    write_bundle(folder / "b.tar.gz", manifest, {"code/inference.py": source.encode()})
    unpack(folder / "b.tar.gz", folder / "model")
    return folder / "model"
