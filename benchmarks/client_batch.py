"""Memory and rows per second of `Endpoint.batch` over a Parquet file that is larger than the memory allowed.

    .venv/bin/python -m benchmarks.client_batch [--rows 1000000]

A served XGBoost model of 100 features behind a runtime door of 20 ms a round trip; real boto3; the client is a process
of its own, whose largest resident set Linux tells (VmHWM: with the interpreter, boto3, pandas and pyarrow). Beside the
features the file has a name and a category, which must come back as they were. Names, order and a sample of the
predictions are checked. Exit status 1: more memory than `MOST_MEBIBYTES`, or answers differ.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.update({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from chem_endpoints import Endpoint
from chem_endpoints.client.aws import connect
from chem_endpoints.client.batch import batch
from chem_endpoints.client.description import ClientSettings, EndpointDescription
from chem_endpoints.wire.manifest import Manifest, model_digest

if "--client" not in sys.argv:  # The client's process imports what a user's would, and nothing of the server's side.
    from benchmarks.figures import Figures
    from benchmarks.runtime_door import door
    from benchmarks.served import serving
    from benchmarks.serving_bundle import FEATURES, numbers, predictions, write_models

MOST_MEBIBYTES = 600
NAME = "numbers-v1"
ROUND_TRIP_SECONDS = 0.020
GROUP_ROWS = 100_000
SAMPLE_ROWS = 20_000


def write_source(path: Path, rows: int) -> None:
    """The file, row group by row group."""
    writer: pq.ParquetWriter | None = None
    for first in range(0, rows, GROUP_ROWS):
        table = source_rows(first, min(GROUP_ROWS, rows - first))
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def source_rows(first: int, count: int) -> pa.Table:
    """Rows of the file from ``first`` on."""
    matrix = numbers(np.random.default_rng(first), count)
    columns: dict[str, Any] = {"name": pa.array([f"m{row}" for row in range(first, first + count)])}
    columns |= {name: matrix[:, place] for place, name in enumerate(FEATURES)}
    columns["series"] = pa.array([f"s{row % 7}" for row in range(first, first + count)]).dictionary_encode()
    return pa.table(columns)


def answers_match(source: Path, out: Path, booster: Any, rows: int) -> bool:
    """Whether all columns of the source came back, in order, and a sample of the predictions is right."""
    read = 0
    for path in sorted(out.glob("part-*.parquet")):
        part = pq.read_table(path)
        expected = pq.ParquetFile(source).schema_arrow.names
        names = part.column("name").to_pylist()
        if part.column_names[: len(expected)] != expected or names != [f"m{read + row}" for row in range(len(part))]:
            return False
        if any(part.column("prediction_error").to_pylist()):
            return False
        read += len(part)
    table = pa.concat_tables([pq.read_table(path) for path in sorted(out.glob("part-*.parquet"))[:1]])
    sample = min(SAMPLE_ROWS, len(table))
    matrix = np.column_stack([table.column(name).slice(0, sample).to_numpy() for name in FEATURES])
    same = np.allclose(
        table.column("prediction").slice(0, sample).to_numpy(), predictions(booster, matrix), rtol=1e-6, atol=1e-6
    )
    return read == rows and bool(same)


def endpoint_at(url: str, model_dir: Path) -> Endpoint:
    """The client; what AWS would tell of the endpoint is told by the bundle."""
    os.environ["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] = url
    manifest = (model_dir / "manifest.json").read_bytes()
    digest = model_digest(manifest)
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")  # noqa: S106
    end = Endpoint(NAME, clients=connect(session, connections=64))
    end.__dict__["description"] = EndpointDescription(
        name=NAME,
        kind="realtime",
        manifest=Manifest.model_validate_json(manifest),
        digest=digest,
        settings=ClientSettings(),
        captured=False,
        input_uri=None,
    )
    end.__dict__["model_digest"] = lambda: digest
    return end


def client(url: str, model_dir: Path, source: Path, out: Path) -> None:
    """What the child process does; prints its figures as JSON."""
    end = endpoint_at(url, model_dir)
    before = peak_mebibytes()
    started, processor = time.perf_counter(), time.process_time()
    result = batch(end, source, out, progress=False)
    seconds = time.perf_counter() - started
    figures = {
        "before": before,
        "peak": peak_mebibytes(),
        "seconds": seconds,
        "processor": time.process_time() - processor,
    }
    print(json.dumps({**figures, **result.to_json(), "seconds": seconds}))


def peak_mebibytes() -> float:
    """The process's largest resident set so far (Linux); unlike ``getrusage`` it does not count the parent's."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def main() -> int:
    """Measures; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--client", nargs=4, metavar=("URL", "MODEL", "SOURCE", "OUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.client:
        url, *paths = arguments.client
        client(url, *map(Path, paths))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        models = write_models(Path(folder))
        source, out = Path(folder) / "library.parquet", Path(folder) / "out"
        write_source(source, arguments.rows)
        with serving(models.built_in) as served, door(served.port, ROUND_TRIP_SECONDS) as url:
            command = [sys.executable, "-m", "benchmarks.client_batch", "--client", url]
            command += [str(path) for path in (models.built_in, source, out)]
            told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        right = answers_match(source, out, models.booster, arguments.rows)
        size = source.stat().st_size / 2**20
    print(
        f"{told['requests']} requests, {told['parts']} parts, client CPU {told['processor']:.0f} s,"
        f" {told['before']:.0f} MiB before the batch"
    )
    figures = Figures()
    rows = f"{arguments.rows:,} rows of {len(FEATURES)} features, a file of {size:,.0f} MiB"
    figures.promise(f"{rows}: columns, order and predictions are right", right)
    figures.at_most(
        f"{rows}: peak memory of the client's process",
        told["peak"],
        MOST_MEBIBYTES,
        unit="MiB",
        note=f"{told['before']:.0f} of them before the batch",
    )
    figures.seen(f"{rows}: speed", arguments.rows / told["seconds"], unit="rows/s")
    return figures.exit_status()


if __name__ == "__main__":
    sys.exit(main())
