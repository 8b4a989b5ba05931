"""From the caller's frame to request bodies, each within the limits in rows and bytes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire import codec
from chem_endpoints.wire.columns import ROW_NUMBER
from chem_endpoints.wire.content_types import ARROW, CSV
from chem_endpoints.wire.errors import FeatureMismatchError, WireError
from chem_endpoints.wire.manifest import Dtype, Feature
from chem_endpoints.wire.matching import match_columns

CSV_ROWS = 500
"""Up to here CSV is smaller and faster than Arrow, whose schema alone is large."""


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some consecutive rows, encoded.

    Attributes:
        rows: their positions in the caller's frame.
        body: the request body.
        content_type: its format.
    """

    rows: range
    body: bytes
    content_type: str


def model_columns(frame: pd.DataFrame, features: tuple[Feature, ...], renamed: Mapping[str, str]) -> pd.DataFrame:
    """The columns that the model reads, under the model's names, with a row number and a plain index.

    Args:
        frame: the caller's frame; not changed.
        features: what the model reads.
        renamed: column of the caller → feature of the model.

    Raises:
        InvalidInputError: a feature has no column, or more than one.
    """
    absent = [name for name in renamed if name not in frame.columns]
    if absent:
        raise InvalidInputError(
            f"the frame has no column {absent}; it has {[str(name) for name in frame.columns[:10]]}"
        )
    taken = set(renamed.values())
    names = [renamed.get(name, "" if name in taken else name) for name in frame.columns]
    try:
        positions = match_columns(names, features)
    except FeatureMismatchError as error:
        raise InvalidInputError(str(error)) from None
    columns: dict[str, Any] = {ROW_NUMBER: range(len(frame))}
    for feature in features:
        column = frame.iloc[:, positions[feature.name]].reset_index(drop=True)
        columns[feature.name] = _sendable(column, feature.dtype)
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))


def _sendable(column: "pd.Series[Any]", dtype: Dtype) -> "pd.Series[Any]":
    """The column as it travels: numbers as numbers where the model wants some, everything else as text."""
    if dtype != "text" and isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        return column
    missing = column.isna().to_numpy()
    cells = [None if gone else _encodable(str(cell)) for cell, gone in zip(column, missing, strict=True)]
    return pd.Series(cells, dtype="str")


def _encodable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def cut(frame: pd.DataFrame, *, rows_per_chunk: int, body_limit: int, readable: bool) -> Iterator[Chunk]:
    """Cuts the model's columns into chunks.

    Args:
        frame: what `model_columns` returned.
        rows_per_chunk: rows of one chunk at most.
        body_limit: bytes of one chunk at most; more rows are cut in halves.
        readable: CSV at any size, because somebody reads the captured requests.

    Raises:
        InvalidInputError: a single row exceeds the limit.
    """
    for start in range(0, len(frame), rows_per_chunk):
        yield from _within(frame, range(start, min(start + rows_per_chunk, len(frame))), body_limit, readable)


def _within(frame: pd.DataFrame, rows: range, body_limit: int, readable: bool) -> Iterator[Chunk]:
    body, content_type = _encode(frame.iloc[rows.start : rows.stop], readable)
    if len(body) <= body_limit:
        yield Chunk(rows=rows, body=body, content_type=content_type)
    elif len(rows) == 1:
        raise InvalidInputError(f"row {rows.start} alone is {len(body):,} bytes, over the endpoint's {body_limit:,}")
    else:
        middle = rows.start + len(rows) // 2
        yield from _within(frame, range(rows.start, middle), body_limit, readable)
        yield from _within(frame, range(middle, rows.stop), body_limit, readable)


def _encode(frame: pd.DataFrame, readable: bool) -> tuple[bytes, str]:
    frame = frame.reset_index(drop=True)
    if readable or len(frame) <= CSV_ROWS:
        try:
            return codec.encode(frame, CSV), CSV
        except WireError:  # a cell that CSV cannot carry exactly; Arrow can
            pass
    return codec.encode(frame, ARROW), ARROW
