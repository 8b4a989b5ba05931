"""Digests that stand for rows and for the values by which users delete them; no structure is kept as a key.

Two rows share a key exactly when the model reads the same from both: cells are typed as the server types them
(`chem_endpoints.wire.typed_columns`), so ``1``, ``1.0`` and ``"1"`` are one value of a number and two texts of a text.
"""

import hashlib
import json
import math
import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.wire.manifest import Feature
from chem_endpoints.wire.typed_columns import typed

ROW_VERSION = "chem-endpoints cached row 1"
"""Stands in each key; another way of reading cells needs another version."""
LABEL_VERSION = "chem-endpoints cached label 1"

ROWS_AT_ONCE = 8_192
"""Rows that are encoded together, which bounds the memory for wide models."""

_MISSING = b"\0"


def row_keys(sent: pd.DataFrame, features: Sequence[Feature]) -> list[bytes]:
    """One SHA-256 digest for each row, over all features.

    Args:
        sent: the model's columns under the model's names, as they travel.
        features: what the model reads; their order does not matter.
    """
    ordered = sorted(features, key=lambda feature: feature.name)
    head = json.dumps([ROW_VERSION, [(feature.name, feature.dtype) for feature in ordered]])
    start = hashlib.sha256(head.encode())
    keys: list[bytes] = []
    for first in range(0, len(sent), ROWS_AT_ONCE):
        for encoded in _encoded(sent.iloc[first : first + ROWS_AT_ONCE], ordered):
            digest = start.copy()
            digest.update(encoded)
            keys.append(digest.digest())
    return keys


def _encoded(sent: pd.DataFrame, features: Sequence[Feature]) -> Iterable[bytes]:
    """The bytes of each row: all numbers, then every other cell with its length, then cells that are no numbers."""
    numbers = np.full((len(sent), sum(feature.dtype == "float64" for feature in features)), math.nan)
    odd: list[list[bytes]] = [[] for _ in range(len(sent))]
    cells: list[list[bytes]] = []
    place = 0
    for feature in features:
        column = sent[feature.name]
        if feature.dtype == "float64":
            values, malformed = _numbers(column)
            numbers[:, place] = values
            for row in np.flatnonzero(malformed).tolist():
                odd[row] += [struct.pack("<I", place), _tagged(b"m", _text_bytes(column.iloc[row]))]
            place += 1
        else:
            cells.append(_cells(column, feature))
    width = numbers.shape[1] * 8
    block = numbers.tobytes()
    rows = zip(*cells, strict=True) if cells else iter([()] * len(sent))
    for row, texts in enumerate(rows):
        yield b"".join((block[row * width : (row + 1) * width], *texts, *odd[row]))


def _numbers(column: "pd.Series[Any]") -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Values, with one and the same NaN for whatever is missing, and which cells are no numbers."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf":
        values = column.to_numpy(dtype="float64", copy=True)
        malformed = np.zeros(len(column), dtype=bool)
    elif pd.api.types.is_bool_dtype(column.dtype):  # some formats carry a boolean for a number, others do not
        values, malformed = np.full(len(column), math.nan), np.ones(len(column), dtype=bool)
    else:
        read = typed(column, "float64")
        values, malformed = read.values.to_numpy(dtype="float64", copy=True), read.malformed
    values[np.isnan(values)] = math.nan
    return values, malformed


def _cells(column: "pd.Series[Any]", feature: Feature) -> list[bytes]:
    read = typed(column, feature.dtype)
    values = read.values.astype(object).tolist()
    raw = column.tolist()
    encoded = []
    for value, missing, malformed, cell in zip(values, read.missing, read.malformed, raw, strict=True):
        if missing:
            encoded.append(_MISSING)
        elif malformed:
            encoded.append(_tagged(b"m", _text_bytes(cell)))
        elif feature.dtype == "text":
            encoded.append(_tagged(b"t", _text_bytes(value)))
        elif feature.dtype == "boolean":
            encoded.append(b"b\1" if value else b"b\0")
        else:
            encoded.append(b"i" + struct.pack("<q", int(value)))
    return encoded


def label_keys(values: Iterable[Any]) -> list[bytes | None]:
    """One SHA-256 digest for each value of the caller's key column; ``None`` for a missing value.

    Numbers of equal value share a label, whatever their type; a text never shares one with a number.
    """
    return [None if _is_missing(value) else hashlib.sha256(_label(value)).digest() for value in values]


def _label(value: Any) -> bytes:
    if isinstance(value, bool | np.bool_):
        kind, text = "boolean", str(bool(value))
    elif isinstance(value, int | np.integer):
        kind, text = "number", str(int(value))
    elif isinstance(value, float | np.floating):
        kind, text = "number", str(int(value)) if float(value).is_integer() else float(value).hex()
    else:
        kind, text = "text", str(value)
    return b"\0".join((LABEL_VERSION.encode(), kind.encode(), _text_bytes(text)))


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def _tagged(tag: bytes, contents: bytes) -> bytes:
    return tag + struct.pack("<I", len(contents)) + contents


def _text_bytes(value: Any) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")
