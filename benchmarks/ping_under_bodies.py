"""How long /ping takes while the server is idle, while every worker predicts, and while large bodies pour in.

    .venv/bin/python -m benchmarks.ping_under_bodies [--pings 10000] [--clients 64]

The predictions hold the interpreter lock for 5 s each; the bodies are CSV of 10 000 rows and 100 columns, 7.5 MB
each, from 64 clients in a process of lower priority. The pings come from a process of their own, on fresh
connections, and count from their scheduled moment. PASS: p99.9 of at most 50 ms beside predictions and 200 ms beside
bodies, no ping without an answer within 2 s, and answers that are 200 (or 429) throughout.
"""

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks.figures import Figures
from benchmarks.load.summary import percentile
from benchmarks.pings import ping
from benchmarks.posting import posting
from benchmarks.served import Served, script_model, serving
from chem_endpoints.wire.manifest import Feature, GoldenRows

BUSY_SECONDS = 5.0
BUSY_VALUE = -1.0
ROWS, COLUMNS = 10_000, 100
INTERVAL = 0.01
SETTLING_SECONDS = 1.0
NAMES = [f"f{number}" for number in range(COLUMNS)]

SCRIPT = f"""
import time

def model_fn(model_dir):
    return None

def predict_fn(df, model):
    end = time.perf_counter() + {BUSY_SECONDS} * (df["f0"] == {BUSY_VALUE}).any()
    while time.perf_counter() < end:  # pure Python: holds the interpreter lock all the time
        pass
    return df.assign(prediction=1.0)
"""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What the server is doing while it is pinged.

    Attributes:
        name: for the report.
        limit_ms: of the 99.9th percentile.
        clients: how many post.
        body: what they post.
    """

    name: str
    limit_ms: float
    clients: int
    body: Path


@click.command()
@click.option("--pings", default=10_000, show_default=True, help="Of each situation; the idle one has a tenth.")
@click.option("--clients", default=64, show_default=True, help="That post large bodies.")
@click.option("--rows", default=ROWS, show_default=True, help="Of a large body.")
def main(pings: int, clients: int, rows: int) -> None:
    """Measures and prints PASS or FAIL; the exit status is 1 on FAIL."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        busy, large = folder / "busy.csv", folder / "large.csv"
        busy.write_bytes(_body(1, first=BUSY_VALUE))
        large.write_bytes(_body(rows))
        with serving(_model(folder)) as served:
            workers = served.workers()
            print(f"{workers} workers; large bodies of {large.stat().st_size / 1e6:.1f} MB")
            situations = (
                Situation(name="predictions of 5 s", limit_ms=50.0, clients=workers, body=busy),
                Situation(name="large bodies", limit_ms=200.0, clients=clients, body=large),
            )
            print(f"      idle: {ping(served.port, count=max(1, pings // 10), interval=INTERVAL)}")
            figures = Figures()
            for situation in situations:
                _judge(served, situation, pings, figures)
    sys.exit(figures.exit_status())


def _model(folder: Path) -> Path:
    golden = GoldenRows(input={name: [0.5] for name in NAMES}, output={"prediction": [1.0]}, relative_tolerance=1e-6)
    features = tuple(Feature(name=name, dtype="float64") for name in NAMES)
    return script_model(SCRIPT, folder, features=features, golden=golden)


def _body(rows: int, *, first: float | None = None) -> bytes:
    """A CSV body of random cells with four decimals; ``first`` replaces the first column."""
    cells = np.random.default_rng(1).uniform(10, 100, (rows, COLUMNS))
    if first is not None:
        cells[:, 0] = first
    lines = (",".join(f"{cell:.4f}" for cell in row) for row in cells)
    return "\n".join([",".join(NAMES), *lines, ""]).encode()


def _judge(served: Served, situation: Situation, pings: int, figures: Figures) -> None:
    with posting(served.port, clients=situation.clients, body=situation.body) as answers:
        time.sleep(SETTLING_SECONDS)
        found = ping(served.port, count=pings, interval=INTERVAL)
    served.check_running()
    told = ", ".join(f"{count} x {status}" for status, count in sorted(answers.items())) or "no answer yet"
    name = f"/ping beside {situation.name}"
    p999 = percentile(found.milliseconds, 99.9)
    figures.at_most(f"{name}: 99.9th percentile", p999, situation.limit_ms, unit="ms", note=str(found))
    figures.at_most(f"{name}: missed", found.missed, 0)
    figures.promise(f"{name}: each answer to them is 200 or 429", set(answers) <= {"200", "429"}, note=told)


if __name__ == "__main__":
    main()
