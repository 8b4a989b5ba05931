"""Distinct request bodies, what the model says to each, and whether an answer says the same."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import xgboost

from benchmarks.peers.errors import SideError
from benchmarks.serving_bundle import FEATURES, Floats, numbers, predictions
from chem_endpoints.wire import content_types
from chem_endpoints.wire.columns import PREDICTION, ROW_NUMBER
from chem_endpoints.wire.options import HEADER, RequestOptions

ID = "Compound_ID"
TOLERANCE = 1e-6
HEADERS = tuple(name.lower() if number % 3 == 0 else name for number, name in enumerate(FEATURES))
"""The caller's columns: mixed case, and not always the model's."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """How a question is asked.

    Attributes:
        content_type: of question and answer.
        returned: ``all`` columns come back, or only the ``added`` ones.
    """

    content_type: str
    returned: str = "all"

    @property
    def headers(self) -> dict[str, str]:
        """What the request carries beside its body."""
        headers = {"Content-Type": self.content_type, "Accept": self.content_type}
        if self.returned == "added":
            headers[HEADER] = RequestOptions(returned="added").to_header()
        return headers


CSV = Format(content_type=content_types.CSV)
JSON = Format(content_type=content_types.JSON)
ARROW = Format(content_type=content_types.ARROW, returned="added")


@dataclass(frozen=True, kw_only=True)
class Payload:
    """A question and what a right answer holds."""

    body: bytes
    form: Format
    sent: pd.DataFrame
    expected: Floats


def payloads(form: Format, *, rows: int, count: int, booster: xgboost.Booster) -> list[Payload]:
    """``count`` bodies of ``rows`` rows that all differ; the same on every run."""
    rng = np.random.default_rng(rows)
    return [_payload(form, numbers(rng, rows), first=number * rows, booster=booster) for number in range(count)]


def _payload(form: Format, matrix: Floats, *, first: int, booster: xgboost.Booster) -> Payload:
    ids = [f"CMPD-{number:07d}" for number in range(first, first + len(matrix))]
    sent = pd.DataFrame(matrix, columns=list(HEADERS))
    sent.insert(0, ID, ids)
    return Payload(body=_encode(form, sent), form=form, sent=sent, expected=predictions(booster, matrix))


def _encode(form: Format, sent: pd.DataFrame) -> bytes:
    if form is CSV:
        text: str = sent.to_csv(index=False, lineterminator="\n")
        return text.encode()
    if form is JSON:
        return json.dumps(sent.to_dict(orient="records")).encode()
    columns: Mapping[str, object] = {
        ROW_NUMBER: pa.array(range(len(sent)), pa.int64()),
        **{name: pa.array(sent[name].to_numpy(np.float32)) for name in HEADERS},
    }
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def check_answer(payload: Payload, status: int, body: bytes) -> None:
    """Compares the answer with the model by value, and the caller's columns with what was sent.

    Raises:
        SideError: the answer differs.
    """
    if status != 200:
        raise SideError(f"status {status}: {body[:300]!r}")
    answer = _decode(payload.form, body)
    if len(answer) != len(payload.sent) or PREDICTION not in answer:
        raise SideError(f"{len(answer)} rows for {len(payload.sent)}, columns {list(answer.columns)[-3:]}")
    _compare("predictions", answer[PREDICTION].to_numpy(np.float64), payload.expected)
    if payload.form.returned == "added":
        _compare("row numbers", answer[ROW_NUMBER].to_numpy(np.float64), np.arange(len(answer), dtype=np.float64))
        return
    if answer[ID].tolist() != payload.sent[ID].tolist():
        raise SideError("the identifiers did not come back in order")
    columns = list(HEADERS)
    _compare("the caller's numbers", answer[columns].to_numpy(np.float64), payload.sent[columns].to_numpy(np.float64))


def _compare(what: str, found: Floats, expected: Floats) -> None:
    worst = np.max(np.abs(found - expected) / np.maximum(1, np.abs(expected)))
    if not worst <= TOLERANCE:
        raise SideError(f"{what} differ by up to {worst:.2g}")


def _decode(form: Format, body: bytes) -> pd.DataFrame:
    if form is CSV:
        return pd.read_csv(io.BytesIO(body))
    if form is JSON:
        return pd.DataFrame(json.loads(body))
    frame: pd.DataFrame = pa.ipc.open_stream(body).read_all().to_pandas()
    return frame
