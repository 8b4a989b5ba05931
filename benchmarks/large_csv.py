"""A body of 1 GB through the server: every row comes back in order, and the memory stays bounded.

    .venv/bin/python -m benchmarks.large_csv [--megabytes 1000]

The server is set as for an async endpoint. The CSV (an id and 100 numbers a row, all columns asked back) is written
to a temporary file first, posted from there and checked by id as the answer streams in, so that nothing large is
ever held here. Needs about three times the body's size in the temporary folder. PASS: rows out = rows in, in order,
and a summed peak PSS of the server's processes of at most 500 MiB above idle.
"""

import http.client
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks.figures import Figures
from benchmarks.memory_sampler import sampling
from benchmarks.peers import process_tree
from benchmarks.served import Served, serving
from benchmarks.serving_bundle import FEATURES, numbers, write_models
from chem_endpoints.wire import environment

MIB = 2**20
MORE_MIB = 500
BLOCK_ROWS = 10_000
"""Rows of different numbers; after them they repeat, under new ids."""
CHUNK = 2**20
ANSWER_SECONDS = 3600
SETTLING_SECONDS = 2.0
AS_ASYNC = {environment.MAX_BODY_MEGABYTES: "1000", environment.REQUEST_SECONDS: "3500"}


@dataclass(kw_only=True)
class Answer:
    """What came back.

    Attributes:
        status: of HTTP.
        rows: lines after the header.
        megabytes: of the body.
        first_wrong: row whose id is not the one that was sent there; ``None``: all are.
    """

    status: int
    rows: int = 0
    megabytes: float = 0.0
    first_wrong: int | None = None


@click.command()
@click.option("--megabytes", default=1000, show_default=True, help="Size of the body in 10^6 bytes.")
def main(megabytes: int) -> None:
    """Measures and prints PASS or FAIL; the exit status is 1 on FAIL."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = write_models(folder / "models").built_in
        rows = _write_csv(folder / "large.csv", megabytes * 10**6)
        with serving(model, AS_ASYNC) as served:
            status = _measure(served, folder / "large.csv", rows)
    sys.exit(status)


def _measure(served: Served, body: Path, rows: int) -> int:
    _post(served, _small(body))
    time.sleep(SETTLING_SECONDS)
    idle = process_tree.pss_bytes([served.process])
    started = time.perf_counter()
    with sampling(served.process) as peak:
        answer = _post(served, body)
    seconds = time.perf_counter() - started
    more = (peak.bytes - idle) / MIB
    print(f"{body.stat().st_size / 1e6:.0f} MB, {rows} rows in; {answer.megabytes:.0f} MB out, {seconds:.0f} s")
    print(f"summed PSS: idle {idle / MIB:.0f} MiB, peak {peak.bytes / MIB:.0f} MiB ({peak.samples} samples)")
    figures = Figures()
    what = f"a CSV of {body.stat().st_size / 1e6:,.0f} MB"
    figures.promise(
        f"{what}: every row comes back, in order",
        _is_whole(answer, rows),
        note=f"{answer.rows:,} rows, status {answer.status}",
    )
    figures.at_most(f"{what}: peak memory above idle", more, MORE_MIB, unit="MiB")
    figures.seen(f"{what}: time", seconds, unit="s")
    return figures.exit_status()


def _is_whole(answer: Answer, rows: int) -> bool:
    return answer.status == 200 and answer.rows == rows and answer.first_wrong is None


def _write_csv(path: Path, size: int) -> int:
    """Writes rows until the file has that size; returns their number."""
    matrix = numbers(np.random.default_rng(1), BLOCK_ROWS)
    cells = [",".join(f"{cell:.4f}" for cell in row) for row in matrix]
    header = f"id,{','.join(FEATURES)}\n"
    rows, written = 0, len(header)
    with path.open("w", encoding="ascii", newline="") as file:
        file.write(header)
        while written < size:
            line = f"{rows},{cells[rows % BLOCK_ROWS]}\n"
            if written + len(line) > size:
                break
            written += file.write(line)
            rows += 1
    return rows


def _small(body: Path) -> Path:
    """The first rows of the body, so that idle means after a first request."""
    small = body.with_name("small.csv")
    with body.open("rb") as file:
        small.write_bytes(b"".join(file.readline() for _ in range(100)))
    return small


def _post(served: Served, body: Path) -> Answer:
    """Posts the file and checks the answer as it comes."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=ANSWER_SECONDS, blocksize=CHUNK)
    headers = {"Content-Type": "text/csv", "Content-Length": str(body.stat().st_size)}
    with body.open("rb") as file:
        connection.request("POST", "/invocations", file, headers)
        response = connection.getresponse()
    answer = Answer(status=response.status)
    if answer.status == 200:
        for line in _lines(response, answer):
            if answer.first_wrong is None and line[: line.find(b",")] != str(answer.rows).encode():
                answer.first_wrong = answer.rows
            answer.rows += 1
    connection.close()
    return answer


def _lines(response: http.client.HTTPResponse, answer: Answer) -> Iterator[bytes]:
    """Lines after the header; no cell is quoted here, so a line is a row."""
    rest = b""
    header = True
    while chunk := response.read(CHUNK):
        answer.megabytes += len(chunk) / 1e6
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines[header:]
        header = header and not lines
    if rest:
        yield rest


if __name__ == "__main__":
    main()
