"""CSV, without loss: every cell is read as the text that it is.

`pandas.read_csv` by default turns ``007`` into 7 and ``NA`` into nothing, and both pandas and the ``csv``
module write a bare ``\\r`` unquoted, which readers take for a new row. Neither happens here.
"""

import io
import re
from typing import Any

import pandas as pd

from chem_endpoints.wire.csv_cells import added_cells, header_cells, lines, own_cells
from chem_endpoints.wire.errors import WireError

BOM = b"\xef\xbb\xbf"
BLANK_LINES = re.compile(rb"(?:[ \t]*+(?:\r\n|\n|\r(?=[^\n])))*+")
"""Blank lines before the header line."""

_QUOTED_CELL = re.compile(rb'(?:^|(?<=[,\r\n]))"[^"]*+(?:""[^"]*+)*+"')
_FIRST_LINE = re.compile(rb"[^\r\n]*+")
_LINE_NUMBER = re.compile(r"(?<=line )[0-9]+")
_KEEPS_NUL = int(pd.__version__.partition(".")[0]) >= 3
_PRIVATE_USE = range(0xE000, 0xF900)


def read_csv(body: bytes, *, positional: bool = False, lines_before: int = 0, bytes_before: int = 0) -> pd.DataFrame:
    """Reads a CSV body; every cell is text, missing trailing cells are empty.

    The first line is the header; with ``positional`` there is none, the columns are ``"0"``, ``"1"``, … and the first
    line is the first row. ``lines_before`` and ``bytes_before`` count what stands before this part of a larger body
    and is not in it, so that an error tells the place in the whole.

    Raises:
        WireError: not UTF-8, no header line, or a row with more cells than the first line.
    """
    body = body.removeprefix(BOM)
    try:
        body.decode()
    except UnicodeDecodeError as error:
        place = error.start + bytes_before
        raise WireError(f"the CSV body is not UTF-8 (byte {place}). Save the file as UTF-8") from None
    blank = BLANK_LINES.match(body)
    start = blank.end() if blank else 0
    if not body[start:].strip():
        raise WireError("the CSV body is empty. Send a header line with the column names, then the rows")
    cells = _cells(body[start:], lines_before=lines_before + line_ends(body[:start]))
    if positional:
        cells.columns = pd.Index([str(place) for place in range(cells.shape[1])], dtype=object)
        return cells
    names = cells.iloc[0].tolist()
    rows = cells.iloc[1:].reset_index(drop=True)
    rows.columns = pd.Index(names, dtype=object)
    return rows


def line_ends(body: bytes) -> int:
    """Lines that end in a part of a body, counted as `read_csv` counts them: none ends inside a quoted cell."""
    if b'"' in body:
        body = _QUOTED_CELL.sub(b"", body)
    return body.count(b"\n") + body.count(b"\r") - body.count(b"\r\n")


def _cells(body: bytes, *, lines_before: int) -> pd.DataFrame:
    try:
        if _has_several_columns(body):
            return _filled(_parse(body))
        # In a table of one column a blank line is an empty cell, except at the end.
        return _filled(_parse(body.rstrip(b"\r\n"), skip_blank_lines=False))
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        detail = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        detail = _LINE_NUMBER.sub(lambda number: str(int(number[0]) + lines_before), detail)
        raise WireError(f"the CSV body cannot be read: {detail}") from None


def _has_several_columns(body: bytes) -> bool:
    line = _FIRST_LINE.match(body)
    if line and b'"' not in line[0]:
        return b"," in line[0]
    return _parse(body, nrows=1).shape[1] > 1


def _filled(cells: pd.DataFrame) -> pd.DataFrame:
    """With empty text for the cells that a short row lacks; only the last column can tell whether there is one."""
    return cells.fillna("") if cells.iloc[:, -1].isna().any() else cells


def _parse(body: bytes, **options: Any) -> pd.DataFrame:
    if b"\x00" in body and not _KEEPS_NUL:
        return _parse_with_nul(body, **options)
    parsed: pd.DataFrame = pd.read_csv(io.BytesIO(body), header=None, dtype=str, na_filter=False, engine="c", **options)
    return parsed


def _parse_with_nul(body: bytes, **options: Any) -> pd.DataFrame:
    """With a character for NUL that the body does not hold, since pandas 2 ends a cell at NUL."""
    stand_in = next(sign for sign in map(chr, _PRIVATE_USE) if sign.encode() not in body)
    cells = _parse(body.replace(b"\x00", stand_in.encode()), **options)
    return cells.map(lambda cell: cell.replace(stand_in, "\x00") if isinstance(cell, str) else cell)


def write_csv(frame: pd.DataFrame, *, own_columns: int = 0) -> bytes:
    """Writes a frame with a header line and ``\\n`` line ends; floats in full precision, no index.

    NaN becomes ``N/A``; missing integers, booleans and texts become ``__NA__``. The first ``own_columns`` columns are
    the caller's own: they stay as they are, and nothing stands for a missing cell.

    Raises:
        WireError: a text cell equals a placeholder or has no encoding, so it would not come back.
    """
    own, added = frame.iloc[:, :own_columns], frame.iloc[:, own_columns:]
    cells = [own_cells(own)] if own.shape[1] else []
    cells += [added_cells(added)] if added.shape[1] else []
    rows = lines(*cells) if cells else b"\n" * len(frame)
    return header_cells(frame.columns) + b"\n" + rows
