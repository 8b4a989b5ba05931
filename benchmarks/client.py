"""Rows per second of the client beside 100-row chunks, what it adds to one warm row, and what its import costs.

    .venv/bin/python -m benchmarks.client [--rounds 3] [--rows 100000]

One served XGBoost model of 100 features, behind a runtime door of 20 ms a round trip; real boto3 on every side. The
baseline is what notebooks do: pandas' ``to_csv`` and ``read_csv``, 100 rows a request, one after another, and on four
threads. Rounds are interleaved, answers are compared. The one row has no round trip: the difference to a bare
``invoke_endpoint`` of the same bytes is what the client adds. Exit status 1: a target was missed, or answers differ.
"""

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ.update({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})

import boto3
import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.figures import Beside, Figures
from benchmarks.runtime_door import door
from benchmarks.served import serving
from benchmarks.serving_bundle import FEATURES, numbers, predictions, write_models
from chem_endpoints import Endpoint
from chem_endpoints.client.aws import AwsClients, connect
from chem_endpoints.client.description import ClientSettings, EndpointDescription
from chem_endpoints.wire.manifest import Manifest, model_digest

ROUND_TRIP_SECONDS = 0.020
BASELINE_ROWS = 100
BASELINE_THREADS = 4
LEAST_RATIO_SEQUENTIAL = 12.0
LEAST_RATIO_THREADS = 3.5
MOST_ADDED_MILLISECONDS = 5.0
MOST_IMPORT_RATIO = 1.3
WARM_CALLS = 200
IMPORTS = 7
NAME = "numbers-v1"

Work = Callable[[], npt.NDArray[np.float64]]


def session() -> boto3.Session:
    """Credentials that nobody checks."""
    return boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")  # noqa: S106


def clients_at(url: str) -> AwsClients:
    """The client's own boto3 clients, with the runtime at ``url``."""
    os.environ["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] = url
    return connect(session(), connections=64)


def endpoint_at(url: str, model_dir: Path) -> Endpoint:
    """Our client; what AWS would tell of the endpoint is told by the bundle."""
    manifest = (model_dir / "manifest.json").read_bytes()
    end = Endpoint(NAME, clients=clients_at(url))
    end.__dict__["description"] = EndpointDescription(
        name=NAME,
        kind="realtime",
        manifest=Manifest.model_validate_json(manifest),
        digest=model_digest(manifest),
        settings=ClientSettings(),
        captured=False,
        input_uri=None,
    )
    return end


def in_hundreds(runtime: Any, frame: pd.DataFrame, threads: int) -> npt.NDArray[np.float64]:
    """100 rows a request, with pandas' CSV."""

    def ask(start: int) -> pd.DataFrame:
        body = frame.iloc[start : start + BASELINE_ROWS].to_csv(index=False)
        answer = runtime.invoke_endpoint(EndpointName=NAME, Body=body, ContentType="text/csv", Accept="text/csv")
        return pd.read_csv(io.BytesIO(answer["Body"].read()))

    starts = range(0, len(frame), BASELINE_ROWS)
    if threads == 1:
        answers = [ask(start) for start in starts]
    else:
        with ThreadPoolExecutor(threads) as pool:
            answers = list(pool.map(ask, starts))
    return pd.concat(answers, ignore_index=True)["prediction"].to_numpy(dtype=np.float64)


def timed(work: Work) -> tuple[float, float, npt.NDArray[np.float64]]:
    """Wall seconds, processor seconds of this process, and the predictions."""
    wall, processor = time.perf_counter(), time.process_time()
    answer = work()
    return time.perf_counter() - wall, time.process_time() - processor, answer


def compare_many_rows(model_dir: Path, port: int, booster: Any, figures: Figures, *, rows: int, rounds: int) -> None:
    """Plays the rounds over many rows and prints the table."""
    matrix = numbers(np.random.default_rng(7), rows)
    frame = pd.DataFrame(matrix, columns=list(FEATURES))
    expected = predictions(booster, matrix)
    with door(port, ROUND_TRIP_SECONDS) as url:
        end, runtime = endpoint_at(url, model_dir), clients_at(url).runtime
        sides: dict[str, Work] = {
            "ours": lambda: end.inference(frame, progress=False)["prediction"].to_numpy(),
            "100 rows, one after another": lambda: in_hundreds(runtime, frame, 1),
            f"100 rows, {BASELINE_THREADS} threads": lambda: in_hundreds(runtime, frame, BASELINE_THREADS),
        }
        seconds: dict[str, list[float]] = {name: [] for name in sides}
        processor: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, work in sides.items():
                wall, used, answer = timed(work)
                if not np.allclose(answer, expected, rtol=1e-6, atol=1e-6):
                    figures.promise("answers equal to the model's own", kept=False, note=f"{name}: they differ")
                    return
                seconds[name].append(wall)
                processor[name].append(used)
        print(f"{rows} rows of {len(FEATURES)} columns, round trip {ROUND_TRIP_SECONDS * 1e3:.0f} ms, {rounds} rounds")
        for name in sides:
            print(
                f"  {name:30} {rows / statistics.median(seconds[name]):10,.0f} rows/s"
                f"   client CPU {statistics.median(processor[name]):6.2f} s"
            )
        print(f"  our requests: {end.inference(frame, progress=False).attrs['report']['requests']}")
    ours, *baselines = sides
    for name, least in zip(baselines, (LEAST_RATIO_SEQUENTIAL, LEAST_RATIO_THREADS), strict=True):
        figures.at_least(
            f"{rows:,} rows of {len(FEATURES)} columns, against {name}",
            ratio(seconds[name], seconds[ours]),
            least,
            unit="times faster",
            beside=_beside(seconds, name),
        )
    sequential = baselines[0]
    figures.seen(
        f"the same, processor time of the client, against {sequential}",
        ratio(processor[sequential], processor[ours]),
        unit="times less",
        beside=_beside(processor, sequential),
    )


def _beside(seconds: dict[str, list[float]], name: str) -> Beside:
    ours, theirs = (statistics.median(seconds[side]) for side in ("ours", name))
    return Beside(ours=ours, theirs=theirs, unit="s", whose=f"requests of {name}")


def ratio(theirs: list[float], ours: list[float]) -> float:
    """Median of the rounds' ratios."""
    return statistics.median([their / our for their, our in zip(theirs, ours, strict=True)])


def compare_one_row(model_dir: Path, port: int, figures: Figures) -> None:
    """What the client adds to one warm row."""
    frame = pd.DataFrame(numbers(np.random.default_rng(8), 1), columns=list(FEATURES))
    body = frame.to_csv(index=False).encode()
    with door(port, 0.0) as url:
        end, runtime = endpoint_at(url, model_dir), clients_at(url).runtime
        sides: dict[str, Callable[[], Any]] = {
            "bare": lambda: runtime.invoke_endpoint(
                EndpointName=NAME, Body=body, ContentType="text/csv", Accept="text/csv"
            )["Body"].read(),
            "ours": lambda: end.inference(frame, progress=False),
        }
        milliseconds: dict[str, list[float]] = {name: [] for name in sides}
        for number in range(WARM_CALLS + 10):
            for name, work in sides.items():
                started = time.perf_counter()
                work()
                if number >= 10:
                    milliseconds[name].append((time.perf_counter() - started) * 1e3)
    ours, bare = (statistics.median(milliseconds[name]) for name in ("ours", "bare"))
    figures.at_most(
        "one warm row: added to a bare invoke_endpoint",
        ours - bare,
        MOST_ADDED_MILLISECONDS,
        unit="ms",
        note=f"{ours:.1f} ms, bare {bare:.1f} ms",
    )


def compare_imports(figures: Figures) -> None:
    """Processor time of the import beside boto3 and pandas alone."""

    def seconds(statement: str) -> float:
        code = f"import resource\n{statement}\nprint(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))"
        return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)

    ours, theirs = [], []
    for _ in range(IMPORTS):
        ours.append(seconds("from chem_endpoints import Endpoint"))
        theirs.append(seconds("import boto3, pandas"))
    mine, other = statistics.median(ours), statistics.median(theirs)
    figures.at_most(
        "processor time of from chem_endpoints import Endpoint, by that of import boto3, pandas",
        mine / other,
        MOST_IMPORT_RATIO,
        unit="times",
        note=f"{mine:.2f} s, boto3 and pandas {other:.2f} s",
    )


def main() -> int:
    """Runs the three comparisons; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=100_000)
    arguments = parser.parse_args()
    figures = Figures()
    compare_imports(figures)
    with tempfile.TemporaryDirectory() as folder:
        models = write_models(Path(folder))
        with serving(models.built_in) as served:
            compare_one_row(models.built_in, served.port, figures)
            compare_many_rows(
                models.built_in, served.port, models.booster, figures, rows=arguments.rows, rounds=arguments.rounds
            )
    return figures.exit_status()


if __name__ == "__main__":
    sys.exit(main())
