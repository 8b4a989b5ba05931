"""What a batch gave."""

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """A finished batch. `to_json` of it lies beside the parts as ``_summary.json``.

    Attributes:
        endpoint: SageMaker endpoint name.
        model_sha256: digest of the model that answered every row.
        out: the folder, or ``s3://…/``, of the parts.
        parts: number of parts, ``part-00000.parquet`` and so on.
        rows: rows of the source.
        predicted: rows with a prediction.
        failed: reason → rows without one; they are in the parts too, with their reason (unless ``drop_error_rows``).
        requests: requests of this run, repeats included; less than the whole where an earlier run had done parts.
        retries: those of them that repeated others.
        resumed_parts: parts that an earlier run had finished.
        seconds: wall time of this run.
    """

    endpoint: str
    model_sha256: str
    out: str
    parts: int
    rows: int
    predicted: int
    failed: dict[str, int]
    requests: int
    retries: int
    resumed_parts: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The attributes, for `json.dumps`."""
        return asdict(self)

    def to_bytes(self) -> bytes:
        """As an indented JSON text."""
        return json.dumps(self.to_json(), indent=2).encode() + b"\n"

    def _repr_html_(self) -> str:
        from html import escape

        from chem_endpoints.client.notebook.html import table

        reasons = ", ".join(f"{rows:,} {reason}" for reason, rows in self.failed.items())
        facts = [
            ("rows", f"{self.rows:,}"),
            ("predicted", f"{self.predicted:,}"),
            ("failed", reasons or "none"),
            ("parts", f"{self.parts:,}"),
            ("out", self.out),
            ("model digest", self.model_sha256[:12]),
            ("seconds", f"{self.seconds:,.1f}"),
        ]
        return f"<div><h4>{escape(self.endpoint)}: batch</h4>{table(('', ''), facts)}</div>"
