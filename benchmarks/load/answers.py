"""What came back: right, refused for overload, or wrong, and why in a word that quotes nothing of the caller's."""

import csv
import io
import re
from collections.abc import Mapping
from enum import StrEnum

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES, PARQUET

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,50}")
_MODEL_ERROR = 424
"""SageMaker's status for every error of the container, whose own is told in the body (InvokeEndpoint API)."""
_THROTTLED = "ThrottlingException"


class Outcome(StrEnum):
    """How a request ended."""

    RIGHT = "right"
    """Status 200 and as many rows as were sent."""
    REFUSED = "429"
    """The server, or SageMaker's own throttling, asks to come again later."""
    ERROR = "error"
    """Anything else."""


def judge(status: int, headers: Mapping[str, str], body: bytes, *, rows: int) -> tuple[Outcome, str]:
    """The outcome of an answer, and what to call it if it is an error.

    Args:
        status: HTTP status.
        headers: of the answer, looked up in lower case.
        body: of the answer.
        rows: how many the request had.
    """
    if status == 200:
        returned = count_rows(body, headers.get("content-type", ""))
        return (Outcome.RIGHT, "") if returned == rows else (Outcome.ERROR, "200 wrong number of rows")
    document = _document(body)
    original = document.get("OriginalStatusCode") if status == _MODEL_ERROR else None
    code = headers.get("x-amzn-errortype", document.get("code", ""))
    named = _CODE.match(code) if isinstance(code, str) else None
    name = named.group() if named else ""
    if 429 in (status, original) or name == _THROTTLED:
        return Outcome.REFUSED, ""
    told = f"{status} from {original}" if isinstance(original, int) else str(status)
    return Outcome.ERROR, f"{told} {name}".strip()


def count_rows(body: bytes, content_type: str) -> int | None:
    """Rows of an answer; ``None``: it cannot be read, or is in a format whose rows are not counted here."""
    media_type = content_type.split(";")[0].strip().lower()
    try:
        return _COUNTED[media_type](body) if media_type in _COUNTED else None
    except (ValueError, csv.Error, pa.ArrowInvalid):
        return None


def _csv_rows(body: bytes) -> int:
    if b'"' in body:  # a quoted cell may hold a line break
        return sum(1 for row in csv.reader(io.StringIO(body.decode())) if row) - 1
    return body.count(b"\n") + (not body.endswith(b"\n")) - 1


def _json_rows(body: bytes) -> int:
    document = orjson.loads(body)
    if isinstance(document, dict):
        document = next((document[key] for key in ("data", "instances", "predictions") if key in document), document)
    if isinstance(document, dict):  # {"smiles": [...], ...}
        document = next(iter(document.values()), [])
    return len(document)


def _json_lines_rows(body: bytes) -> int:
    return sum(1 for line in body.splitlines() if line.strip())


def _arrow_rows(body: bytes) -> int:
    return sum(batch.num_rows for batch in pa.ipc.open_stream(body))


def _parquet_rows(body: bytes) -> int:
    return int(pq.ParquetFile(io.BytesIO(body)).metadata.num_rows)


_COUNTED = {CSV: _csv_rows, JSON: _json_rows, JSON_LINES: _json_lines_rows, PARQUET: _parquet_rows, ARROW: _arrow_rows}


def _document(body: bytes) -> dict[str, object]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}
