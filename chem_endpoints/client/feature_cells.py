"""A caller's column as a feature of the model: exactly the same values, or a refusal that says what to do.

What serves as what is written in `chem_endpoints.wire.carried.ACCEPTED`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.carried import ACCEPTED, ADVICE, MAX_EXACT_WHOLE, Accepted
from chem_endpoints.wire.cell_numbers import kind_of
from chem_endpoints.wire.column_kinds import ColumnKind, column_kind
from chem_endpoints.wire.columns import Reason
from chem_endpoints.wire.manifest import Feature

_MAX_BITS = 64
_NULLABLE_WHOLE = {f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)}

HALF_A_PAIR = "holds half a surrogate pair, which is no character; repair the text"
ROUNDED = "holds a number that 64 bits would round; round it first, if that does no harm"


@dataclass(frozen=True, kw_only=True)
class FeatureColumn:
    """A column as it travels.

    Attributes:
        values: numbers of 64 bits or less, booleans or text; a refused cell is missing.
        reasons: position of a row whose cell cannot travel → its ``prediction_error``.
    """

    values: "pd.Series[Any]"
    reasons: dict[int, str]


class _UnfitCellError(Exception):
    """A cell that cannot travel; the message says why."""


class _UnfitTypeError(_UnfitCellError):
    """A cell of a type that is never this feature."""


def feature_column(column: "pd.Series[Any]", feature: Feature) -> FeatureColumn:
    """The column as the feature travels: numbers as numbers where the model wants some, everything else as text.

    Missing cells of every sort are one and the same. Text for a number travels as it is: the server reads it.

    Args:
        column: the caller's column, of any type, with a plain index; not changed.
        feature: what the model reads.

    Raises:
        InvalidInputError: the column holds a kind of value that is never this feature.
    """
    if column.dtype == np.float64 and feature.dtype in ("float64", "int64"):
        return FeatureColumn(values=column, reasons={})  # Most columns; a single row should not wait for more.
    kind = column_kind(column)
    if kind in (ColumnKind.CATEGORY, ColumnKind.OTHER_CATEGORY):
        column = column.astype(object)
        kind = column_kind(column)
    if ACCEPTED[feature.dtype][kind] is Accepted.REFUSED and column.notna().any():
        raise _unsuitable(column, feature, f"{kind} ({column.dtype})", ADVICE[kind])
    if kind is ColumnKind.TEXT:
        return _texts(column, feature)
    if feature.dtype == "text":
        return _cells(column, feature, _as_text)
    if column.dtype == object or kind is ColumnKind.OBJECT or (feature.dtype, kind) == ("boolean", ColumnKind.FLOAT):
        return _cells(column, feature, _as_boolean if feature.dtype == "boolean" else _as_number)
    return _numbers(column, kind, feature)


def _numbers(column: "pd.Series[Any]", kind: ColumnKind, feature: Feature) -> FeatureColumn:
    if kind is ColumnKind.FLOAT:
        numbers = column.to_numpy(dtype="float64", na_value=np.nan)
        return FeatureColumn(values=pd.Series(numbers, dtype="float64"), reasons={})
    if kind is ColumnKind.BOOLEAN:
        flags = column.astype("boolean")
        return FeatureColumn(values=flags if feature.dtype == "boolean" else flags.astype("Int64"), reasons={})
    whole = plain_numbers(column, kind)
    if feature.dtype != "float64" or getattr(whole.dtype, "itemsize", 8) < 8:
        return FeatureColumn(values=whole, reasons={})
    large = np.flatnonzero(((whole > MAX_EXACT_WHOLE) | (whole < -MAX_EXACT_WHOLE)).fillna(False).to_numpy(dtype=bool))
    rounded = [int(row) for row in large if not _is_float64(int(whole.iloc[row]))]
    if not rounded:
        return FeatureColumn(values=whole, reasons={})
    nullable = whole.astype("UInt64" if whole.dtype.kind == "u" else "Int64")
    return FeatureColumn(
        values=nullable.mask(nullable.index.isin(rounded)), reasons=_reasons(dict.fromkeys(rounded, ROUNDED), feature)
    )


def plain_numbers(column: "pd.Series[Any]", kind: ColumnKind) -> "pd.Series[Any]":
    """Numbers or booleans of NumPy's types or, where cells may be missing, of pandas' nullable ones.

    Raises:
        OverflowError, TypeError, ValueError: a whole number beyond 64 bits.
    """
    if kind is ColumnKind.FLOAT:
        return pd.Series(column.to_numpy(dtype="float64", na_value=np.nan), dtype="float64")
    if isinstance(column.dtype, np.dtype) and column.dtype != object:
        return column
    if kind is ColumnKind.BOOLEAN:
        return column.astype("boolean")
    if isinstance(column.dtype, pd.SparseDtype):
        return pd.Series(column.to_numpy())
    if str(column.dtype) in _NULLABLE_WHOLE:
        return column
    # One by one: from Arrow's whole numbers with missing ones pandas' astype comes by way of float64, and rounds.
    cells = [None if gone else int(cell) for cell, gone in zip(column, column.isna(), strict=True)]
    unsigned = any(cell is not None and cell >= 2**63 for cell in cells)
    return pd.Series(pd.array(cells, dtype="UInt64" if unsigned else "Int64"))


def _texts(column: "pd.Series[Any]", feature: Feature) -> FeatureColumn:
    """Text as it is; one look at all of it tells whether it can be encoded."""
    cells = column.tolist()
    for row in np.flatnonzero(column.isna().to_numpy()):
        cells[row] = None
    if encodable("".join(cell for cell in cells if cell is not None)):
        return FeatureColumn(values=pd.Series(cells, dtype="str"), reasons={})
    return _cells(column, feature, _as_text)


def _cells(column: "pd.Series[Any]", feature: Feature, read: Callable[[Any, Feature], str]) -> FeatureColumn:
    """Cell by cell as text; a column without one cell that fits is refused as a whole."""
    texts: list[str | None] = []
    unfit: dict[int, str] = {}
    unfit_types: dict[str, None] = {}
    fits = False
    for row, (cell, gone) in enumerate(zip(column.tolist(), column.isna().to_numpy(), strict=True)):
        text = None
        try:
            text = None if gone else _well_formed(read(cell, feature))
            fits = fits or not gone
        except _UnfitTypeError:
            unfit[row] = f"holds an object of type {type(cell).__name__}, not {kind_of(feature.dtype)}"
            unfit_types[type(cell).__name__] = None
        except _UnfitCellError as error:
            unfit[row], fits = str(error), True
        texts.append(text)
    if unfit_types and not fits:
        raise _unsuitable(column, feature, f"objects of type {', '.join(unfit_types)}", ADVICE[ColumnKind.OBJECT])
    return FeatureColumn(values=pd.Series(texts, dtype="str"), reasons=_reasons(unfit, feature))


def _as_text(cell: Any, feature: Feature) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool | np.bool_):
        return str(bool(cell))
    if isinstance(cell, int | np.integer):
        try:
            return str(int(cell))
        except ValueError:  # Python writes no more than thousands of digits
            raise _UnfitTypeError from None
    raise _UnfitTypeError


def _as_number(cell: Any, feature: Feature) -> str:
    if isinstance(cell, str | Decimal):
        return str(cell)
    if isinstance(cell, bool | np.bool_):
        return "1" if cell else "0"
    if isinstance(cell, int | np.integer):
        if feature.dtype == "float64":
            return _as_float(int(cell))
        return _digits(int(cell))
    if isinstance(cell, float | np.floating):
        if float(cell) != cell:
            raise _UnfitCellError(ROUNDED)
        return repr(float(cell))
    raise _UnfitTypeError


def _as_boolean(cell: Any, feature: Feature) -> str:
    """As a number, but 1.0 and 0.0, which true and false become beside missing cells, are 1 and 0."""
    if isinstance(cell, float | np.floating) and cell in (0, 1):
        return str(int(cell))
    return _as_number(cell, feature)


def _as_float(whole: int) -> str:
    if not _is_float64(whole):
        raise _UnfitCellError(ROUNDED)
    return repr(float(whole))


def _digits(whole: int) -> str:
    if whole.bit_length() > _MAX_BITS:
        raise _UnfitCellError(ROUNDED)
    return str(whole)


def _is_float64(whole: int) -> bool:
    try:
        return int(float(whole)) == whole
    except OverflowError:
        return False


def _well_formed(text: str) -> str:
    if not encodable(text):
        raise _UnfitCellError(HALF_A_PAIR)
    return text


def encodable(text: str) -> bool:
    """Whether the text has an encoding in UTF-8; half a surrogate pair has none."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _reasons(unfit: dict[int, str], feature: Feature) -> dict[int, str]:
    """What the rows are told; nothing where the model counts an unusable cell as missing."""
    if feature.unusable == "missing":
        return {}
    return {row: Reason.INVALID_VALUE.because(f"column {feature.name!r} {told}") for row, told in unfit.items()}


def _unsuitable(column: "pd.Series[Any]", feature: Feature, held: str, advice: str) -> InvalidInputError:
    return InvalidInputError(
        f"feature {feature.name!r} must hold {kind_of(feature.dtype)}, but your column {str(column.name)!r} holds"
        f" {held}: {advice}"
    )
