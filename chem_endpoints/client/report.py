"""What a call to `Endpoint.inference` did, as a small dict that survives pickling, merging and Parquet."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from chem_endpoints.client.chunks import Chunk
from chem_endpoints.client.transport import Reply

REPORT_KEY = "report"
"""Where the report lies in ``DataFrame.attrs``."""


class Report(TypedDict):
    """Totals of one call.

    Keys:
        endpoint: its name.
        model_sha256: digest of the deployed model, as the endpoint's tag says.
        rows: rows sent.
        predicted: rows with a prediction.
        failed: reason → rows.
        requests: requests made, without retries.
        retries: requests that were repeated.
        bytes_sent: size of the request bodies.
        seconds: wall time.
    """

    endpoint: str
    model_sha256: str
    rows: int
    predicted: int
    failed: dict[str, int]
    requests: int
    retries: int
    bytes_sent: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A chunk and its reply."""

    chunk: Chunk
    reply: Reply


def make_report(
    *, endpoint: str, digest: str, errors: Sequence[str], exchanges: Sequence[Exchange], seconds: float
) -> Report:
    """Sums up a call; ``errors`` is the ``prediction_error`` column."""
    failed = Counter(told.partition(":")[0] for told in errors if told)
    return {
        "endpoint": endpoint,
        "model_sha256": digest,
        "rows": len(errors),
        "predicted": len(errors) - failed.total(),
        "failed": dict(sorted(failed.items())),
        "requests": len(exchanges),
        "retries": sum(exchange.reply.retries for exchange in exchanges),
        "bytes_sent": sum(len(exchange.chunk.body) for exchange in exchanges),
        "seconds": round(seconds, 3),
    }
