"""Our server around a bundle, as a real process, for the benchmarks beside this file."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from chem_endpoints.wire import environment  # noqa: E402
from chem_endpoints.wire.bundle import unpack, write_bundle  # noqa: E402
from manifests import small_manifest  # noqa: E402

SOLUBILITY_BUNDLE = ROOT / "examples" / "bundles" / "logs-v1.tar.gz"
SOLUBILITY_DATA = ROOT / "examples" / "data" / "solubility.csv"
START_SECONDS = 120
STOP_SECONDS = 40


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running server.

    Attributes:
        process: its first process; the others are its children.
        port: on 127.0.0.1.
        log_path: what it writes.
    """

    process: "subprocess.Popen[bytes]"
    port: int
    log_path: Path

    @property
    def url(self) -> str:
        """Base address."""
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> int:
        """Number of worker processes, as /health tells."""
        return len(httpx.get(f"{self.url}/health").raise_for_status().json()["workers"])

    def check_running(self) -> None:
        """Ends the benchmark if the server is gone: what was measured since is worth nothing.

        Raises:
            RuntimeError: it has exited.
        """
        if self.process.poll() is not None:
            raise RuntimeError(
                f"the server exited with {self.process.returncode}:\n{self.log_path.read_text()[-2000:]}"
            )


def unpacked(bundle: Path, folder: Path) -> Path:
    """The folder of an unpacked bundle, as SageMaker makes it."""
    unpack(bundle, folder / "model")
    return folder / "model"


def script_model(source: str, folder: Path, **changes: Any) -> Path:
    """The folder of a bundle that brings its own script; ``changes`` replace fields of the manifest."""
    files = {"code/inference.py": source.encode()}
    write_bundle(folder / "bundle.tar.gz", small_manifest(files, **{"script": "code/inference.py"} | changes), files)
    return unpacked(folder / "bundle.tar.gz", folder)


@contextlib.contextmanager
def serving(model_dir: Path, variables: Mapping[str, str] | None = None) -> Iterator[Served]:
    """A server that answers /ping with 200, stopped at the end if it still runs.

    Args:
        model_dir: an unpacked bundle.
        variables: further variables of its environment.
    """
    with tempfile.TemporaryDirectory() as folder, _exiting_at_sigterm():
        served = _started(model_dir, variables or {}, Path(folder) / "server.log")
        try:
            _wait_until_ready(served)
            yield served
        finally:
            stop(served)


@contextlib.contextmanager
def _exiting_at_sigterm() -> Iterator[None]:
    """Lets a benchmark that is told to end take its server with it: by default SIGTERM skips every ``finally``."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def stop(served: Served) -> int:
    """SIGTERM, if it still runs; returns the exit code."""
    if served.process.poll() is None:
        served.process.send_signal(signal.SIGTERM)
    try:
        return served.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        served.process.kill()
        return served.process.wait()


def _started(model_dir: Path, variables: Mapping[str, str], log_path: Path) -> Served:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    own = {environment.MODEL_DIR: str(model_dir), environment.BIND_PORT: str(port), environment.HOST: "127.0.0.1"}
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "container.server"],
            cwd=ROOT,
            env={**os.environ, **own, **variables},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    return Served(process=process, port=port, log_path=log_path)


def _wait_until_ready(served: Served) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and served.process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{served.url}/ping", timeout=5).status_code == 200:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start:\n{served.log_path.read_text()}")
