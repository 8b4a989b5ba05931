"""Sends fuzzed requests to a running server over several connections and keeps book of what came back."""

import csv
import http.client
import io
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES, PARQUET
from fuzzed_bodies import FuzzedRequest, fuzzed_request

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
CONNECTIONS = 4
TIMEOUT_SECONDS = 60


@dataclass
class Tally:
    """What came back.

    Attributes:
        statuses: HTTP status → how often; ``no answer``: the connection ended without one, twice.
        complaints: what must not be: a 5xx, no answer, a wrong number of rows; each with what was sent.
        rows_checked: answers whose rows were counted.
    """

    statuses: Counter[int | str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    rows_checked: int = 0


def campaign(port: int, *, seed: int, numbers: Iterable[int]) -> Tally:
    """Sends the requests with these numbers to 127.0.0.1 and checks each answer."""
    tally, waiting, lock = Tally(), iter(numbers), threading.Lock()

    def send_some() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        while True:
            with lock:
                number = next(waiting, None)
            if number is None:
                connection.close()
                return
            request = fuzzed_request(seed, number)
            answer = _answer(connection, request)
            with lock:
                _enter(tally, request, answer)

    with ThreadPoolExecutor(CONNECTIONS) as senders:
        for sender in [senders.submit(send_some) for _ in range(CONNECTIONS)]:
            sender.result()
    return tally


def run_schemathesis(port: int, *, examples: int, seed: int, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Lets schemathesis try what the server's OpenAPI document allows, and what it does not; leaves files in a folder.

    Raises:
        FileNotFoundError: schemathesis is not installed (extra ``dev``).
    """
    url = f"http://127.0.0.1:{port}/openapi.json"
    command = [str(SCHEMATHESIS), "run", url, "--checks", CHECKS, "--max-examples", str(examples), "--seed", str(seed)]
    return subprocess.run([*command, "--no-color"], cwd=folder, capture_output=True, text=True, check=False)


def _answer(connection: http.client.HTTPConnection, request: FuzzedRequest) -> tuple[int, str, bytes] | None:
    # A server may close a connection after what it takes for no HTTP: a second try, on a new one, must be answered.
    for _ in range(2):
        try:
            connection.request("POST", "/invocations", body=request.body, headers=request.headers)
            response = connection.getresponse()
            return response.status, response.headers.get("Content-Type", ""), response.read()
        except (ConnectionError, http.client.HTTPException):
            connection.close()
    return None


def _enter(tally: Tally, request: FuzzedRequest, answer: tuple[int, str, bytes] | None) -> None:
    if answer is None:
        tally.statuses["no answer"] += 1
        tally.complaints.append(f"no answer to {request.made_by}")
        return
    status, content_type, body = answer
    tally.statuses[status] += 1
    if status >= 500:
        tally.complaints.append(f"{status} to {request.made_by}: {body[:200]!r}")
    if status == 200 and request.rows is not None:
        tally.rows_checked += 1
        rows = _ROWS[content_type](body)
        if rows != request.rows:
            tally.complaints.append(f"{rows} rows for {request.rows} as {content_type} to {request.made_by}")


_ROWS: dict[str, Callable[[bytes], int]] = {
    CSV: lambda body: sum(1 for _ in csv.reader(io.StringIO(body.decode(), newline=""))) - 1,
    JSON: lambda body: len(json.loads(body)),
    JSON_LINES: lambda body: len([json.loads(line) for line in body.split(b"\n") if line]),
    PARQUET: lambda body: pa.parquet.ParquetFile(io.BytesIO(body)).metadata.num_rows,
    ARROW: lambda body: pa.ipc.open_stream(body).read_all().num_rows,
}
