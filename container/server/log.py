"""The log: one JSON object a line, on stdout; metrics in CloudWatch's Embedded Metric Format.

Source: "Specification: Embedded metric format" (Amazon CloudWatch user guide). No line holds a structure. Dimensions
are the endpoint and, for bad rows, the reason; everything else is a property. `/ping` is not logged.
"""

import os
import sys
import threading
import time
from collections import deque
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

NAMESPACE = "ChemEndpoints"
ENDPOINT_DIMENSION = "Endpoint"
REASON_DIMENSION = "Reason"
BAD_ROWS = "BadRows"
METRICS = {
    "Rows": "Count",
    BAD_ROWS: "Count",
    "Milliseconds": "Milliseconds",
    "ParseMilliseconds": "Milliseconds",
    "PredictMilliseconds": "Milliseconds",
    "SerialiseMilliseconds": "Milliseconds",
    "QueueDepth": "Count",
    "WorkerRestarts": "Count",
}
"""Metric of a request → its CloudWatch unit; ``WorkerRestarts`` counts since the start."""

STAGES = {"parse": "ParseMilliseconds", "predict": "PredictMilliseconds", "serialise": "SerialiseMilliseconds"}
MAX_HELD_LINES = 100_000

_REQUEST_METRICS = [
    {
        "Namespace": NAMESPACE,
        "Dimensions": [[ENDPOINT_DIMENSION]],
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in METRICS.items()],
    }
]
_REASON_METRICS = [
    {
        "Namespace": NAMESPACE,
        "Dimensions": [[ENDPOINT_DIMENSION, REASON_DIMENSION]],
        "Metrics": [{"Name": BAD_ROWS, "Unit": METRICS[BAD_ROWS]}],
    }
]


class RequestRecord(NamedTuple):
    """What is told of one request."""

    endpoint: str
    request_id: str
    status: int
    code: str | None
    rows: int
    bad_rows: dict[str, int]
    milliseconds: float
    stages: dict[str, float]
    queue_depth: int
    worker_restarts: int
    model_sha256: str
    worker_pid: int | None


class LogWriter:
    """Writes lines from a thread of its own: whoever reads our output may be slow, the event loop must not be.

    A reader that stands still for `MAX_HELD_LINES` loses the lines after them, and is told how many.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._lost = 0
        self._wanted, self._done = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def write(self, line: bytes) -> None:
        """Adds a line."""
        if len(self._lines) >= MAX_HELD_LINES:
            self._lost += 1
            return
        self._lines.append(line)
        if not self._wanted.is_set():
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                self._thread.start()
            self._wanted.set()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            time.sleep(0.01)  # lines that come close together are one call
            self._wanted.clear()
            self.flush()

    def flush(self) -> None:
        """Writes what is held; called once more when the process ends."""
        lines = []
        while self._lines:
            lines.append(self._lines.popleft())
        if self._lost:
            lost, self._lost = self._lost, 0
            lines.append(orjson.dumps({"event": "log_lines_lost", "time": _now(), "lines": lost}))
        view = memoryview(b"".join(line + b"\n" for line in lines))
        while view:
            view = view[os.write(self._descriptor, view) :]


_writer = LogWriter(sys.__stdout__.fileno() if sys.__stdout__ is not None else 1)


def flush() -> None:
    """Writes the lines that are still held."""
    _writer.flush()


def log_event(event: str, **fields: Any) -> None:
    """Writes a line about the server itself."""
    _writer.write(orjson.dumps({"event": event, "time": _now(), **fields}))


def log_request(record: RequestRecord) -> None:
    """Writes the line of one request, and one for each reason; CloudWatch reads their metrics."""
    timestamp = int(time.time() * 1000)
    stages = {metric: record.stages.get(stage, 0.0) for stage, metric in STAGES.items()}
    _writer.write(
        orjson.dumps(
            {
                "event": "request",
                "time": _now(),
                "_aws": {"Timestamp": timestamp, "CloudWatchMetrics": _REQUEST_METRICS},
                ENDPOINT_DIMENSION: record.endpoint,
                "Rows": record.rows,
                BAD_ROWS: sum(record.bad_rows.values()),
                "Milliseconds": record.milliseconds,
                **stages,
                "QueueDepth": record.queue_depth,
                "WorkerRestarts": record.worker_restarts,
                "status": record.status,
                "code": record.code,
                "request_id": record.request_id,
                "bad_rows": record.bad_rows,
                "model_sha256": record.model_sha256,
                "worker_pid": record.worker_pid,
            }
        )
    )
    for reason, rows in record.bad_rows.items():
        _writer.write(
            orjson.dumps(
                {
                    "event": "bad_rows",
                    "_aws": {"Timestamp": timestamp, "CloudWatchMetrics": _REASON_METRICS},
                    ENDPOINT_DIMENSION: record.endpoint,
                    REASON_DIMENSION: reason,
                    BAD_ROWS: rows,
                    "request_id": record.request_id,
                }
            )
        )


def _now() -> str:
    return _written(int(time.time()))


@lru_cache(1)
def _written(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
