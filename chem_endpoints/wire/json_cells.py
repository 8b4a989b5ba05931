"""Cells of JSON and JSON Lines: read and written with orjson, and with `json` where orjson would lose something."""

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from chem_endpoints.wire.errors import WireError

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
"""Half a surrogate pair, escaped or raw: `json` lets both pass."""

_WINDOW = 1_000_000
_LONG = 19
"""Digits of the shortest whole number beyond 64 bits, which orjson reads as a float."""


Parse = Callable[[bytes], Any]
"""Reads a JSON text; raises ValueError where it is none, RecursionError where it is nested too deeply."""


def parse(text: bytes) -> Any:
    """What the text says; whole numbers of any size, half a surrogate pair as U+FFFD.

    Raises:
        ValueError: not JSON, or NaN or Infinity in it.
        RecursionError: nested too deeply.
    """
    return parser_of(text)(text)


def parser_of(text: bytes) -> Parse:
    """The fastest parser that reads this text, or each of its lines, without loss."""
    return _parse_exactly if _has_long_number(text) else _parse_fast


def plain_parser_of(text: bytes) -> Parse | None:
    """orjson, where it reads this text, or each of its lines, without loss; it raises ValueError on what it refuses."""
    return None if _has_long_number(text) else orjson.loads


def _parse_fast(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _parse_exactly(text)  # other encodings, 1e400, half a surrogate pair; or it tells the place


def _parse_exactly(text: bytes) -> Any:
    document = json.loads(text, parse_constant=_refuse_constant)
    return _well_formed(document) if _SURROGATE.search(text) else document


def _has_long_number(text: bytes) -> bool:
    for start in range(0, len(text), _WINDOW - _LONG):
        window = np.frombuffer(text, dtype=np.uint8, offset=start, count=min(_WINDOW, len(text) - start))
        runs = (window - np.uint8(ord("0"))) < 10
        for step in (1, 2, 4, 8, _LONG - 16):  # runs of 2, 4, 8, 16 and 19 digits
            runs = runs[:-step] & runs[step:]
        if runs.any():
            return True
    return False


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _well_formed(value: Any) -> Any:
    """The same document with U+FFFD for each half of a surrogate pair, which no format could carry back."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_well_formed(item) for item in value]
    if isinstance(value, dict):
        return {_well_formed(key): _well_formed(item) for key, item in value.items()}
    return value


def objects(frame: pd.DataFrame) -> list[bytes]:
    """The frame's rows, an object each.

    Raises:
        WireError: two columns share a name, or a cell has no JSON form.
    """
    return write_objects(keys_of(frame.columns), column_values(frame), rows=len(frame))


def keys_of(names: Iterable[object]) -> list[str]:
    """Column names as keys of an object.

    Raises:
        WireError: two columns share a name.
    """
    keys = [str(name) for name in names]
    if len(set(keys)) < len(keys):
        raise WireError("two columns share a name, which a JSON object cannot carry. Accept text/csv instead")
    return keys


def column_values(frame: pd.DataFrame) -> list[list[Any]]:
    """Each column's cells as `write_objects` takes them: missing is ``None``, the infinities are texts.

    Raises:
        WireError: a cell has no JSON form.
    """
    return [_values(column) for _, column in frame.items()]


def write_objects(names: list[str], columns: list[list[Any]], *, rows: int) -> list[bytes]:
    """One object per row, from the cells that `column_values` gave.

    Raises:
        WireError: a text has no encoding.
    """
    cells: Iterable[tuple[Any, ...]] = zip(*columns, strict=True) if columns else [()] * rows
    try:
        return [orjson.dumps(dict(zip(names, row, strict=True))) for row in cells]
    except (TypeError, RecursionError) as error:  # its text quotes cells
        raise WireError(f"a cell cannot be written as JSON ({type(error).__name__})") from None


def _values(column: "pd.Series[Any]") -> list[Any]:
    if column.dtype.kind == "f":
        return number_values(column.to_numpy(dtype="float64", na_value=math.nan))
    values: list[Any] = column.tolist()
    for row in np.flatnonzero(column.isna().to_numpy()):
        values[row] = None
    if column.dtype.kind in "iub" or isinstance(column.dtype, pd.StringDtype):
        return values
    try:
        return [value if type(value) is str else _plain(value, nested=False) for value in values]
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError(f"a cell cannot be written as JSON ({type(error).__name__})") from None


def number_values(numbers: npt.NDArray[np.float64]) -> list[Any]:
    """Numbers as `write_objects` takes them."""
    values: list[Any] = numbers.tolist()
    for row in np.flatnonzero(~np.isfinite(numbers)):
        values[row] = None if math.isnan(values[row]) else _infinity(values[row])
    return values


def _infinity(value: float) -> str:
    return "Infinity" if value > 0 else "-Infinity"


def _plain(value: Any, *, nested: bool) -> Any:
    """A cell of a column of any objects, in what orjson writes; numbers of any size."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else orjson.Fragment(str(value))
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        if nested:
            raise ValueError
        return _infinity(value)
    if isinstance(value, list | tuple):
        return [_plain(item, nested=True) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, nested=True) for key, item in value.items()}
    raise TypeError
