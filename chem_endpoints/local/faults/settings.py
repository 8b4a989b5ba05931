"""What the simulated endpoint is like: kind, size, speed, limits, and how it takes a bad row."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.local.faults.schedule import SECONDS, FaultKind
from chem_endpoints.spec.support_matrix import SUPPORT, Kind, KindSupport

BUCKET = "chem-endpoints-simulated"
"""The one bucket: manifests, requests and answers of asynchronous invocations."""

REQUEST_SECONDS: dict[Kind, float] = {
    "realtime": 50.0,
    "serverless": 50.0,
    "inference_component": 50.0,
    "async": 3500.0,
}
"""Deadline of our own server by kind; at it the finished rows come back, the others as timed out."""

RowSeconds = float | Callable[[pd.DataFrame], npt.NDArray[np.float64]]
"""Seconds per row, or typed features → seconds of each row."""


@dataclass(frozen=True, kw_only=True)
class RuntimeSettings:
    """One endpoint and its bucket. All times are in seconds.

    Attributes:
        name: SageMaker endpoint name; the inference component is called like it.
        kind: how it is invoked.
        foreign: not deployed by Chem Endpoints: no tags, no row numbers, no deadline of its own; it answers with all
            columns, and a bad row fails the request.
        slots: requests that are worked on at once, over all instances; serverless: its concurrency.
        max_waiting: requests that our server lets wait; further ones get 429.
        latency: round trip of any call.
        call_seconds: work on a request whatever its rows.
        row_seconds: work on a row.
        request_seconds: deadline of our server, queueing included; default: `REQUEST_SECONDS`.
        response_seconds: how long SageMaker waits for the container; default: AWS's limit for the kind.
        request_bytes: largest body; default: AWS's limit for the kind.
        read_timeout_seconds: the caller's patience with a socket, which `FaultKind.READ_TIMEOUT` exhausts.
        wake_seconds: time from the first request until an endpoint at zero has capacity; ``None``: it is awake.
        on_bad_row: ``reason``: the row comes back with it, as our server does; ``refuse``: the request fails with
            500; ``crash``: the container dies, and the request gets no answer.
        restart_seconds: time that a place is out of work after a crash.
        hides_absence: S3 says 403 of an absent object, as to a caller without s3:ListBucket.
        output_delay: time from the end of asynchronous work until its object appears.
        client_settings: the tag `chem_endpoints.wire.tags.CLIENT_SETTINGS`.
        captured: whether data capture is on.
    """

    name: str = "logs-v1"
    kind: Kind = "realtime"
    foreign: bool = False
    slots: int = 4
    max_waiting: int = 64
    latency: float = 0.02
    call_seconds: float = 0.005
    row_seconds: RowSeconds = 0.0
    request_seconds: float | None = None
    response_seconds: float | None = None
    request_bytes: int | None = None
    read_timeout_seconds: float = SECONDS[FaultKind.READ_TIMEOUT]
    wake_seconds: float | None = None
    on_bad_row: Literal["reason", "refuse", "crash"] = "reason"
    restart_seconds: float = 20.0
    hides_absence: bool = False
    output_delay: float = 0.0
    client_settings: dict[str, int] = field(default_factory=dict)
    captured: bool = False

    def __post_init__(self) -> None:
        if self.foreign and self.on_bad_row == "reason":
            raise ValueError("a foreign server gives no reasons: choose on_bad_row refuse or crash")
        if self.wake_seconds is not None and self.kind in ("realtime", "serverless"):
            raise ValueError(f"a {self.kind} endpoint cannot be at zero")

    @property
    def limits(self) -> KindSupport:
        """What AWS allows for the kind."""
        return SUPPORT[self.kind]

    @property
    def deadline(self) -> float | None:
        """The server's own deadline; ``None``: it has none."""
        if self.foreign:
            return None
        return REQUEST_SECONDS[self.kind] if self.request_seconds is None else self.request_seconds

    @property
    def longest_response(self) -> float:
        """Seconds that SageMaker waits for the container."""
        return self.limits.response_seconds.value if self.response_seconds is None else self.response_seconds

    @property
    def largest_body(self) -> int:
        """Bytes that a request may have."""
        return self.limits.request_bytes.value if self.request_bytes is None else self.request_bytes

    def uri(self, folder: str) -> str:
        """``s3://…`` of the endpoint's folder for ``input``, ``output`` or ``failure`` objects, without a slash."""
        return f"s3://{BUCKET}/async/{self.name}/{folder}"

    def seconds_of(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Work on each row, float64 ``[rows]``."""
        if callable(self.row_seconds):
            return self.row_seconds(rows)
        return np.full(len(rows), self.row_seconds)


Parameters = dict[str, Any]
"""Members of a response, as boto3 names them."""
