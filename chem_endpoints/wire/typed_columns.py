"""From cells as they travelled to columns of the type that a manifest declares."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.wire.cell_numbers import MALFORMED, NO_NUMBER, read_any_number, read_number
from chem_endpoints.wire.csv_cells import MISSING_OTHER
from chem_endpoints.wire.manifest import Dtype

PANDAS_DTYPES: dict[Dtype, str] = {
    "float64": "float64",
    "int64": "Int64",
    "boolean": "boolean",
    "text": "str",
}
"""What a column of each manifest type is in a DataFrame."""

_MISSING = object()
_WHOLE = re.compile(r"[+-]?[0-9]{1,20}")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


@dataclass(frozen=True, kw_only=True)
class TypedColumn:
    """A column of the declared type; where ``missing`` or ``malformed`` it holds no value."""

    values: "pd.Series[Any]"
    missing: npt.NDArray[np.bool_]
    malformed: npt.NDArray[np.bool_]


def typed(column: "pd.Series[Any]", dtype: Dtype, *, infinite: bool = False) -> TypedColumn:
    """Reads each cell of a column as the declared type.

    Numbers may be written as text. Empty text, ``None``, NaN and the placeholders are missing; ``N/A`` is one for
    numbers only, in a text column it is text. An infinite (unless ``infinite`` is set)
    or unreadable number is malformed. Nothing is guessed and
    no cell influences another.
    """
    if dtype == "float64" and pd.api.types.is_float_dtype(column.dtype):
        numbers = column.to_numpy(dtype="float64", na_value=math.nan)
        malformed = np.isinf(numbers) & (not infinite)
        values = pd.Series(np.where(malformed, math.nan, numbers), index=column.index, dtype="float64")
        return TypedColumn(values=values, missing=np.isnan(numbers), malformed=malformed)
    read = read_any_number if infinite and dtype == "float64" else _READERS[dtype]
    placeholders = ("", MISSING_OTHER) if dtype == "text" else NO_NUMBER
    cells = [_MISSING if _is_missing(cell, placeholders) else read(cell) for cell in column.tolist()]
    missing = np.fromiter((cell is _MISSING for cell in cells), dtype=bool, count=len(cells))
    malformed = np.fromiter((cell is MALFORMED for cell in cells), dtype=bool, count=len(cells))
    known = [None if gone else cell for cell, gone in zip(cells, missing | malformed, strict=True)]
    return TypedColumn(values=_series(known, dtype, column.index), missing=missing, malformed=malformed)


def _series(cells: list[Any], dtype: Dtype, index: pd.Index) -> "pd.Series[Any]":
    if dtype == "float64":
        cells = [math.nan if cell is None else cell for cell in cells]
    return pd.Series(cells, index=index, dtype=PANDAS_DTYPES[dtype])


def _is_missing(cell: object, placeholders: tuple[str, ...]) -> bool:
    if isinstance(cell, str):
        return cell in placeholders
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and math.isnan(cell))


def _whole_number(cell: object) -> object:
    number: object
    if isinstance(cell, int | np.integer) or (isinstance(cell, str) and _WHOLE.fullmatch(cell.strip())):
        number = int(cell)
    else:
        number = read_number(cell)
        if isinstance(number, float):
            number = int(number) if number.is_integer() else MALFORMED
    return number if isinstance(number, int) and -(2**63) <= number < 2**63 else MALFORMED


def _boolean(cell: object) -> object:
    if isinstance(cell, bool | np.bool_):
        return bool(cell)
    return _BOOLEANS.get(str(cell).strip().lower(), MALFORMED)


def _text(cell: object) -> object:
    text = cell if isinstance(cell, str) else str(cell)
    return text if text.isascii() or _encodable(text) else MALFORMED


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return True


_READERS: dict[Dtype, Callable[[object], object]] = {
    "float64": read_number,
    "int64": _whole_number,
    "boolean": _boolean,
    "text": _text,
}
