"""What a caller's column holds, in one word, whatever pandas calls its type."""

from enum import StrEnum
from typing import Any

import pandas as pd


class ColumnKind(StrEnum):
    """Kinds of columns; the value is the word that errors and documentation use.

    Missing cells (NaN, ``None``, ``NA``, ``NaT``) are part of every kind, and one and the same.
    """

    FLOAT = "floating-point numbers"
    WHOLE = "whole numbers"
    BOOLEAN = "booleans"
    TEXT = "text"
    DATETIME = "datetimes"
    ZONED = "datetimes with a time zone"
    DATE = "dates"
    DURATION = "timedeltas"
    DECIMAL = "decimals"
    BYTES = "bytes"
    CATEGORY = "categories of text"
    OTHER_CATEGORY = "other categories"
    OBJECT = "other objects"


_INFERRED = {
    "string": ColumnKind.TEXT,
    "empty": ColumnKind.TEXT,
    "integer": ColumnKind.WHOLE,
    "floating": ColumnKind.FLOAT,
    "boolean": ColumnKind.BOOLEAN,
    "decimal": ColumnKind.DECIMAL,
    "date": ColumnKind.DATE,
    "bytes": ColumnKind.BYTES,
}
"""What pandas finds in a column of objects (``pandas.api.types.infer_dtype``) → kind; anything else is `OBJECT`."""

_BY_CODE = {
    "f": ColumnKind.FLOAT,
    "i": ColumnKind.WHOLE,
    "u": ColumnKind.WHOLE,
    "b": ColumnKind.BOOLEAN,
    "M": ColumnKind.DATETIME,
    "m": ColumnKind.DURATION,
}
"""NumPy's letter for a type → kind."""

FLOAT64_BYTES = 8


def column_kind(column: "pd.Series[Any]") -> ColumnKind:
    """The kind of a column of any type: NumPy's, nullable, Arrow's, sparse, categories or objects.

    Numbers of more than 64 bits, complex numbers, periods, intervals, lists, molecules and cells of several types are
    `ColumnKind.OBJECT`.
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _category_kind(dtype)
    if isinstance(dtype, pd.StringDtype):
        return ColumnKind.TEXT
    kind = _BY_CODE.get(dtype.kind)
    if kind is ColumnKind.DATETIME and _has_zone(dtype):
        return ColumnKind.ZONED
    if kind is ColumnKind.FLOAT and getattr(dtype, "itemsize", 0) > FLOAT64_BYTES:
        return ColumnKind.OBJECT
    if kind is not None:
        return kind
    if isinstance(dtype, pd.PeriodDtype | pd.IntervalDtype) or dtype.kind == "c":
        return ColumnKind.OBJECT
    # Without the missing cells: pandas 2 calls None beside floats mixed.
    return _INFERRED.get(pd.api.types.infer_dtype(column.dropna(), skipna=True), ColumnKind.OBJECT)


def _category_kind(dtype: pd.CategoricalDtype) -> ColumnKind:
    levels = pd.Series(dtype.categories)
    kind = column_kind(levels) if len(levels) else None
    if kind is ColumnKind.TEXT:
        return ColumnKind.CATEGORY
    numbers = (None, ColumnKind.FLOAT, ColumnKind.WHOLE, ColumnKind.BOOLEAN)
    return ColumnKind.OTHER_CATEGORY if kind in numbers else ColumnKind.OBJECT


def _has_zone(dtype: Any) -> bool:
    return (
        getattr(dtype, "tz", None) is not None or getattr(getattr(dtype, "pyarrow_dtype", None), "tz", None) is not None
    )
