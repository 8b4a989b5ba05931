"""CSV, without loss: every cell is read as the text that it is.

`pandas.read_csv` by default turns ``007`` into 7 and ``NA`` into nothing, and both pandas and the ``csv``
module write a bare ``\\r`` unquoted, which readers take for a new row. Neither happens here.
"""

import csv
import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.wire.errors import WireError

MISSING_NUMBER = "N/A"
"""Placeholder for NaN in a column that an answer adds."""

MISSING_OTHER = "__NA__"
"""Placeholder for ``pd.NA`` in integer, boolean and text columns that an answer adds."""

_BOM = b"\xef\xbb\xbf"


def read_csv(body: bytes) -> pd.DataFrame:
    """Reads a CSV body with a header line; every cell is text, missing trailing cells are empty.

    Raises:
        WireError: not UTF-8, no header line, or a row with more cells than the header.
    """
    body = body.removeprefix(_BOM)
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise WireError(f"the CSV body is not UTF-8 (byte {error.start}). Save the file as UTF-8") from None
    if not body.strip():
        raise WireError("the CSV body is empty. Send a header line with the column names, then the rows")
    cells = _cells(body)
    names = cells.iloc[0].tolist()
    rows = cells.iloc[1:].reset_index(drop=True)
    rows.columns = pd.Index(names, dtype=object)
    return rows


def _cells(body: bytes) -> pd.DataFrame:
    try:
        if _parse(body, nrows=1).shape[1] > 1:
            return _parse(body).fillna("")
        # In a table of one column a blank line is an empty cell, except at the end.
        return _parse(body.rstrip(b"\r\n"), skip_blank_lines=False).fillna("")
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        detail = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise WireError(f"the CSV body cannot be read: {detail}") from None


def _parse(body: bytes, **options: Any) -> pd.DataFrame:
    parsed: pd.DataFrame = pd.read_csv(io.BytesIO(body), header=None, dtype=str, na_filter=False, engine="c", **options)
    return parsed


def write_csv(frame: pd.DataFrame, *, own_columns: int = 0) -> bytes:
    """Writes a frame with a header line and ``\\n`` line ends; floats in full precision, no index.

    NaN becomes ``N/A``; missing integers, booleans and texts become ``__NA__``. The first ``own_columns`` columns are
    the caller's own: they stay as they are, and nothing stands for a missing cell.

    Raises:
        WireError: a text cell equals a placeholder or has no encoding, so it would not come back.
    """
    texts = {position: _as_text(frame, position, own=position < own_columns) for position in range(frame.shape[1])}
    header = [str(name) for name in frame.columns]
    written = pd.DataFrame(texts, index=frame.index)
    needs_quotes = any("\r" in cell for cell in header) or any(
        bool(column.str.contains("\r", regex=False).any()) for column in texts.values()
    )
    text = written.to_csv(
        index=False,
        header=header,
        lineterminator="\n",
        quoting=csv.QUOTE_ALL if needs_quotes or (header and header[0].startswith("\ufeff")) else csv.QUOTE_MINIMAL,
    )
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise WireError(
            f"character {error.start} of the CSV text is half a surrogate pair and has no encoding"
        ) from None


def _as_text(frame: pd.DataFrame, position: int, *, own: bool) -> "pd.Series[str]":
    column = frame.iloc[:, position]
    missing = column.isna().to_numpy()
    if pd.api.types.is_bool_dtype(column.dtype):
        cells = [
            "true" if not gone and value else "false" for value, gone in zip(column.tolist(), missing, strict=True)
        ]
        placeholder = MISSING_OTHER
    elif pd.api.types.is_float_dtype(column.dtype):
        cells = [repr(float(value)) for value in column.to_numpy(dtype="float64", na_value=float("nan"))]
        placeholder = MISSING_NUMBER
    else:
        cells = [str(value) for value in column]
        placeholder = MISSING_OTHER
        if not own:
            _refuse_placeholders(cells, missing, str(frame.columns[position]))
    placeholder = "" if own else placeholder
    texts = [placeholder if gone else cell for cell, gone in zip(cells, missing, strict=True)]
    return pd.Series(texts, index=frame.index, dtype=object)


def _refuse_placeholders(cells: list[str], missing: npt.NDArray[np.bool_], column: str) -> None:
    for row, (cell, gone) in enumerate(zip(cells, missing, strict=True)):
        if not gone and cell == MISSING_OTHER:
            raise WireError(
                f"column {column!r}, row {row}: the text {MISSING_OTHER} stands for a missing value in CSV"
                " and would come back as one. Send Arrow instead, or rename the value"
            )
