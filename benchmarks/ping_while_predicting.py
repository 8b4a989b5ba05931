"""How long /ping takes while every worker is busy with a 5-second prediction, beside an idle server.

    .venv/bin/python benchmarks/ping_while_predicting.py [ROUNDS]

Idle and busy rounds are interleaved on one real server process; prints milliseconds.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from chem_endpoints.wire import environment  # noqa: E402
from chem_endpoints.wire.bundle import unpack, write_bundle  # noqa: E402
from chem_endpoints.wire.manifest import GoldenRows  # noqa: E402
from manifests import small_manifest  # noqa: E402

BUSY_SECONDS = 5.0
PINGS = 400
SCRIPT = f"""
import time

def model_fn(model_dir):
    return None

def predict_fn(df, model):
    end = time.perf_counter() + {BUSY_SECONDS} * (df["smiles"] == "busy").any()
    while time.perf_counter() < end:  # pure Python: holds the interpreter lock all the time
        pass
    return df.assign(prediction=1.0)
""".encode()

GOLDEN = GoldenRows(input={"smiles": ["C"]}, output={"prediction": [1.0]}, relative_tolerance=1e-6)


def start(folder: Path) -> tuple["subprocess.Popen[bytes]", httpx.Client]:
    """Starts a server with one worker per core around the script above."""
    files = {"code/inference.py": SCRIPT}
    write_bundle(folder / "b.tar.gz", small_manifest(files, script="code/inference.py", golden=GOLDEN), files)
    unpack(folder / "b.tar.gz", folder / "model")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {environment.MODEL_DIR: str(folder / "model"), environment.BIND_PORT: str(port)}
    variables[environment.HOST] = "127.0.0.1"
    process = subprocess.Popen([sys.executable, "-m", "container.server"], cwd=ROOT, env={**os.environ, **variables})
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
    for _ in range(600):
        try:
            if client.get("/ping").status_code == 200:
                return process, client
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


def pings(client: httpx.Client) -> list[float]:
    """Milliseconds of each ping."""
    taken = []
    for _ in range(PINGS):
        started = time.perf_counter()
        assert client.get("/ping").status_code == 200
        taken.append((time.perf_counter() - started) * 1e3)
        time.sleep(0.005)
    return taken


def main() -> None:
    """Runs the rounds and prints a line each."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as folder:
        process, client = start(Path(folder))
        workers = len(client.get("/health").json()["workers"])
        print(f"{workers} workers, {PINGS} pings a round, predictions of {BUSY_SECONDS:g} s in pure Python")
        print(f"{'round':<10}{'median ms':>10}{'p99 ms':>10}{'max ms':>10}")
        for number in range(rounds):
            report(f"{number} idle", pings(client))
            busy = [
                threading.Thread(target=httpx.post, args=(f"{client.base_url}/invocations",), kwargs=request())
                for _ in range(workers)
            ]
            for caller in busy:
                caller.start()
            time.sleep(0.3)
            report(f"{number} busy", pings(client))
            for caller in busy:
                caller.join()
        process.terminate()
        process.wait()


def request() -> dict[str, object]:
    """A request that keeps a worker busy."""
    return {"content": b"smiles\nbusy\n", "headers": {"Content-Type": "text/csv"}, "timeout": 60}


def report(name: str, taken: list[float]) -> None:
    """Prints one round."""
    taken.sort()
    p99 = taken[int(len(taken) * 0.99)]
    print(f"{name:<10}{statistics.median(taken):>10.2f}{p99:>10.2f}{taken[-1]:>10.2f}")


if __name__ == "__main__":
    main()
