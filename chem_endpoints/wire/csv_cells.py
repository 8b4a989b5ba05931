"""Cells of CSV as bytes: one way to write a number, a missing value and a text, whoever puts the rows together."""

from collections.abc import Hashable, Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt
import orjson

from chem_endpoints.wire.errors import WireError

if TYPE_CHECKING:  # columns come from whoever has pandas; writing numbers needs none
    import pandas as pd

MISSING_NUMBER = "N/A"
"""Placeholder for NaN in a column that an answer adds."""

MISSING_OTHER = "__NA__"
"""Placeholder for ``pd.NA`` in integer, boolean and text columns that an answer adds."""

_BOM = "\ufeff".encode()
_QUOTED_SIGNS = (b",", b'"', b"\r")


def float_cells(values: npt.NDArray[np.float64]) -> list[bytes]:
    """The shortest text that reads back as the same number; NaN is ``N/A``, the infinities ``inf`` and ``-inf``."""
    return _float_cells(values, missing=MISSING_NUMBER.encode())


def added_cells(added: "pd.DataFrame") -> list[bytes]:
    """Each row's cells of the columns that an answer adds, joined by commas, without line end.

    NaN becomes ``N/A``, missing integers, booleans and texts ``__NA__``.

    Raises:
        WireError: a text cell equals a placeholder or has no encoding, so it would not come back.
    """
    numeric = [dtype == np.float64 for dtype in added.dtypes]
    runs = groupby(range(added.shape[1]), key=numeric.__getitem__)
    return _joined([cells for numbers, run in runs for cells in _run_cells(added, list(run), numbers)], rows=len(added))


def _run_cells(added: "pd.DataFrame", columns: list[int], numbers: bool) -> list[list[bytes]]:
    """Neighbouring columns of numbers are written together: one by one, hundreds of them take longer than the model."""
    if numbers and len(added):
        return [_number_rows(added.iloc[:, columns].to_numpy())]
    return [_column_cells(added.iloc[:, column], own=False) for column in columns]


def _number_rows(values: npt.NDArray[np.float64]) -> list[bytes]:
    rows = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)[2:-2].split(b"],[")
    for row in np.flatnonzero(~np.isfinite(values).all(axis=1)):
        rows[row] = b",".join(_float_cells(values[row], missing=MISSING_NUMBER.encode()))
    return rows


def own_cells(own: "pd.DataFrame") -> list[bytes]:
    """Each row's cells of the caller's own columns, as `added_cells` but nothing stands for a missing cell.

    Raises:
        WireError: a text has no encoding.
    """
    return _joined([_column_cells(column, own=True) for _, column in own.items()], rows=len(own))


def lines(*cells: list[bytes]) -> bytes:
    """Whole rows, each ended by ``\\n``; each argument holds the cells of one or more columns, row by row."""
    if len(cells) == 1:
        # A lone empty cell would be a blank line, which readers skip.
        cells = ([one or b'""' for one in cells[0]],)
    return b"".join([row + b"\n" for row in map(b",".join, zip(*cells, strict=True))])


def header_cells(names: Iterable[object]) -> bytes:
    """Column names joined by commas, without line end.

    Raises:
        WireError: a name has no encoding.
    """
    texts = [str(name) for name in names]
    try:
        cells = [_quoted(cell) if cell.startswith(_BOM) else cell for cell in map(text_cell, map(str.encode, texts))]
    except UnicodeEncodeError:
        raise WireError("a column's name holds half a surrogate pair, which has no encoding in UTF-8") from None
    return b",".join(cells) if cells != [b""] else b'""'


def _joined(columns: list[list[bytes]], *, rows: int) -> list[bytes]:
    return list(map(b",".join, zip(*columns, strict=True))) if columns else [b""] * rows


def _column_cells(column: "pd.Series[Any]", *, own: bool) -> list[bytes]:
    if column.dtype.kind == "f":
        numbers = column.to_numpy(dtype="float64", na_value=float("nan"))
        return _float_cells(numbers, missing=b"" if own else MISSING_NUMBER.encode())
    values = column.tolist()
    if column.dtype.kind == "b":
        values = ["true" if value is True else "false" for value in values]
    missing = np.flatnonzero(column.isna().to_numpy())
    placeholder = "" if own else MISSING_OTHER
    for row in missing:
        values[row] = placeholder
    cells = _text_cells(values, column.name)
    if not own and cells.count(MISSING_OTHER.encode()) > len(missing):
        _refuse_placeholder(cells, missing, column.name)
    return cells


def _float_cells(values: npt.NDArray[np.float64], *, missing: bytes) -> list[bytes]:
    if not len(values):
        return []
    plain = np.ascontiguousarray(values, dtype=np.float64)
    cells = orjson.dumps(plain, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
    for row in np.flatnonzero(~np.isfinite(plain)):  # JSON has no word for these
        value = plain[row]
        cells[row] = missing if np.isnan(value) else b"inf" if value > 0 else b"-inf"
    return cells


def _text_cells(values: list[Any], column: Hashable) -> list[bytes]:
    """Values as cells, quoted where a reader would take a part of them for a separator or a line end."""
    try:
        texts = values if set(map(type, values)) <= {str} else list(map(str, values))
        together = "\n".join(texts).encode()
    except UnicodeEncodeError:
        raise WireError(f"column {column!r} holds half a surrogate pair, which has no encoding in UTF-8") from None
    except RecursionError:
        raise WireError(f"a cell of column {column!r} is nested too deeply to be written as CSV") from None
    if together.count(b"\n") == len(texts) - 1 and not any(sign in together for sign in _QUOTED_SIGNS):
        return together.split(b"\n")
    return [text_cell(text.encode()) for text in texts]


def text_cell(text: bytes) -> bytes:
    """A text as a cell, quoted where a reader would take a part of it for a separator or a line end."""
    return _quoted(text) if b"\n" in text or any(sign in text for sign in _QUOTED_SIGNS) else text


def _quoted(text: bytes) -> bytes:
    return b'"' + text.replace(b'"', b'""') + b'"'


def _refuse_placeholder(cells: list[bytes], missing: npt.NDArray[np.intp], column: Hashable) -> NoReturn:
    gone = set(missing.tolist())
    row = next(row for row, cell in enumerate(cells) if cell == MISSING_OTHER.encode() and row not in gone)
    raise WireError(
        f"column {column!r}, row {row}: the text {MISSING_OTHER} stands for a missing value in CSV"
        " and would come back as one. Send Arrow instead, or rename the value"
    )
