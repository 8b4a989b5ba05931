"""The log: one JSON object a line, on stdout; metrics in CloudWatch's Embedded Metric Format.

Source: "Specification: Embedded metric format" (Amazon CloudWatch user guide). No line holds a structure.
"""

import json
import sys
import time
from dataclasses import dataclass
from typing import Any

NAMESPACE = "ChemEndpoints"
ENDPOINT_DIMENSION = "Endpoint"
METRICS = {"Rows": "Count", "BadRows": "Count", "Milliseconds": "Milliseconds"}


@dataclass(frozen=True, kw_only=True)
class RequestRecord:
    """What is told of one request."""

    endpoint: str
    request_id: str
    status: int
    code: str | None
    rows: int
    bad_rows: dict[str, int]
    milliseconds: float
    stages: dict[str, float]
    model_sha256: str
    worker_pid: int | None


def log_event(event: str, **fields: Any) -> None:
    """Writes a line about the server itself."""
    _write({"event": event, "time": _now(), **fields})


def log_request(record: RequestRecord) -> None:
    """Writes the line of one request; CloudWatch reads its metrics from it."""
    metrics = [{"Name": name, "Unit": unit} for name, unit in METRICS.items()]
    _write(
        {
            "event": "request",
            "time": _now(),
            "_aws": {
                "Timestamp": int(time.time() * 1000),
                "CloudWatchMetrics": [
                    {"Namespace": NAMESPACE, "Dimensions": [[ENDPOINT_DIMENSION]], "Metrics": metrics}
                ],
            },
            ENDPOINT_DIMENSION: record.endpoint,
            "Rows": record.rows,
            "BadRows": sum(record.bad_rows.values()),
            "Milliseconds": record.milliseconds,
            "status": record.status,
            "code": record.code,
            "request_id": record.request_id,
            "bad_rows": record.bad_rows,
            "stages": record.stages,
            "model_sha256": record.model_sha256,
            "worker_pid": record.worker_pid,
        }
    )


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _write(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, separators=(",", ":")) + "\n")
    sys.stdout.flush()
