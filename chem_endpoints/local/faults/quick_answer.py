"""The same answers without pandas' overhead of milliseconds, for benchmarks: plain CSV or Arrow in, one number out.

It takes what is common (the rows' number, no quotes, nothing missing or malformed) and leaves the rest to `container`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from chem_endpoints.wire.cell_numbers import number_in
from chem_endpoints.wire.columns import PREDICTION, PREDICTION_ERROR, ROW_NUMBER
from chem_endpoints.wire.content_types import ARROW, CSV
from chem_endpoints.wire.csv_cells import MISSING_OTHER, float_cells, header_cells, text_cell
from chem_endpoints.wire.manifest import Feature
from chem_endpoints.wire.options import MODEL_DIGEST_KEY

Cells = Sequence[Any] | npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class QuickModel:
    """A model of one feature and one output, ``prediction``.

    Attributes:
        feature: what it reads.
        predict: the feature's cells → values, float64 ``[rows]``, and errors of each row; a row with an error has no
            value, whatever stands there.
    """

    feature: Feature
    predict: Callable[[Cells], tuple[npt.NDArray[np.float64], list[str]]]


@dataclass(frozen=True, kw_only=True)
class QuickAnswer:
    """An answer with the added columns alone.

    Attributes:
        body: the answer.
        sent: the feature as it arrived.
        bad: whether a row has an error.
    """

    body: bytes
    sent: pd.DataFrame
    bad: bool


def quick_answer(body: bytes, content_type: str, accept: str, model: QuickModel, digest: str) -> QuickAnswer | None:
    """The answer in the format ``accept``; ``None``: the request is not of the common kind."""
    read, write = _READERS.get(content_type), _WRITERS.get(accept)
    found = read(body, model.feature) if read else None
    if found is None or write is None:
        return None
    numbers, cells = found
    values, errors = model.predict(cells)
    failed = [bool(error) for error in errors]
    values = np.where(failed, np.nan, values)
    sent = pd.DataFrame({model.feature.name: cells})
    return QuickAnswer(body=write(numbers, values, errors, digest), sent=sent, bad=any(failed))


def _read_csv(body: bytes, feature: Feature) -> tuple[list[int], Cells] | None:
    if b'"' in body or b"\r" in body or not body.isascii():
        return None
    header, *lines = body.decode().rstrip("\n").split("\n")
    names = header.split(",")
    if names[0] != ROW_NUMBER or names.count(feature.name) != 1 or not lines:
        return None
    place = names.index(feature.name)
    rows = [line.split(",", place + 1) for line in lines]
    if any(len(row) <= place or row[place] in ("", MISSING_OTHER) for row in rows):
        return None
    cells = [row[place] for row in rows]
    try:
        numbers = [int(row[0]) for row in rows]
        values = cells if feature.dtype == "text" else [number_in(cell) for cell in cells]
    except ValueError:
        return None
    return None if None in values else (numbers, values)


def _read_arrow(body: bytes, feature: Feature) -> tuple[list[int], Cells] | None:
    try:
        with pa.ipc.open_stream(pa.BufferReader(body)) as stream:
            table = stream.read_all()
    except (pa.ArrowException, OSError):
        return None
    names = table.column_names
    if ROW_NUMBER not in names or names.count(feature.name) != 1 or not table.num_rows:
        return None
    column = table.column(feature.name)
    text = feature.dtype == "text"
    if column.null_count or pa.types.is_floating(column.type) == text or pa.types.is_dictionary(column.type):
        return None
    numbers = table.column(ROW_NUMBER).to_pylist()
    if text:
        cells = column.to_pylist()
        return (
            (numbers, cells)
            if all(isinstance(cell, str) and cell not in ("", MISSING_OTHER) for cell in cells)
            else None
        )
    values = column.to_numpy()
    return (numbers, values) if np.isfinite(values).all() else None


_READERS: dict[str, Callable[[bytes, Feature], tuple[list[int], Cells] | None]] = {CSV: _read_csv, ARROW: _read_arrow}


def _csv(numbers: list[int], values: npt.NDArray[np.float64], errors: list[str], digest: str) -> bytes:
    told = [text_cell(error.encode()) if error else b"" for error in errors]
    lines = map(b",".join, zip([b"%d" % number for number in numbers], float_cells(values), told, strict=True))
    return b"\n".join([header_cells([ROW_NUMBER, PREDICTION, PREDICTION_ERROR]), *lines, b""])


def _arrow(numbers: list[int], values: npt.NDArray[np.float64], errors: list[str], digest: str) -> bytes:
    columns = {
        ROW_NUMBER: pa.array(numbers, pa.int64()),
        PREDICTION: pa.array(values),
        PREDICTION_ERROR: pa.array(errors, pa.large_string()),
    }
    table = pa.table(columns).replace_schema_metadata({MODEL_DIGEST_KEY: digest})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


_WRITERS = {CSV: _csv, ARROW: _arrow}
