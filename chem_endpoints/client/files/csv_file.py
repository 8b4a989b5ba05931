"""CSV files with commas, semicolons or tabs, read and written by the wire format's exact reader and writer."""

import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from chem_endpoints.client.files.text_encoding import EncodedText, read_text
from chem_endpoints.errors import FileError
from chem_endpoints.wire.csv_format import BLANK_LINES, BOM, read_csv, write_csv
from chem_endpoints.wire.errors import WireError

COMMA = ","
SEPARATORS = (COMMA, ";", "\t")
"""Separators that are recognised; the commonest one of the header line is taken, of equals the first of these."""

_HINT = re.compile(rb"sep=([,;\t])\r?\n", re.IGNORECASE)
"""A first line by which Excel is told the separator; it is no row and is not written back."""

_HEADER_LINE = re.compile(rb'(?:"[^"]*+(?:""[^"]*+)*+"|[^"\r\n])*+')
_QUOTED = re.compile(rb'"[^"]*+(?:""[^"]*+)*+"')
_OPEN_QUOTE = re.compile(r"EOF inside string starting at row (\d+)")


@dataclass(frozen=True, kw_only=True)
class CsvLayout:
    """How a CSV file was written.

    Attributes:
        separator: of `SEPARATORS`.
        marked: whether a byte-order mark stood at its beginning, which Excel needs to see that a file is UTF-8.
    """

    separator: str = COMMA
    marked: bool = False


def read_csv_file(raw: bytes, name: str) -> tuple[pd.DataFrame, CsvLayout, EncodedText]:
    """Reads a file's bytes; every cell is text, byte for byte.

    Args:
        raw: the file's contents.
        name: what errors call the file.

    Raises:
        FileError: it is no text, is empty, or a row has more cells than the header line.
    """
    text = read_text(raw, name)
    hint = _HINT.match(text.utf8)
    body = text.utf8[hint.end() :] if hint else text.utf8
    separator = hint[1].decode() if hint else separator_of(body)
    try:
        frame = read_csv(_exchanged(body, separator), lines_before=1 if hint else 0)
    except WireError as error:
        raise FileError(f"{name}: {_told(str(error))}") from None
    return _with_exchanged_texts(frame, separator), CsvLayout(separator=separator, marked=text.marked), text


def separator_of(body: bytes) -> str:
    """The separator of a CSV body in UTF-8, by its header line."""
    blank = BLANK_LINES.match(body)
    header = _HEADER_LINE.match(body, blank.end() if blank else 0)
    names = _QUOTED.sub(b"", header[0]) if header else b""
    return max(SEPARATORS, key=lambda separator: names.count(separator.encode()))


def write_csv_file(frame: pd.DataFrame, layout: CsvLayout, *, own_columns: int) -> bytes:
    """Writes a frame as UTF-8, without index; see `chem_endpoints.wire.csv_format.write_csv`.

    Args:
        frame: what to write.
        layout: separator and byte-order mark.
        own_columns: the first so many columns are the caller's own: nothing stands for a missing cell.

    Raises:
        WireError: a text equals a placeholder or has no encoding.
    """
    body = write_csv(_with_exchanged_texts(frame, layout.separator), own_columns=own_columns)
    return (BOM if layout.marked else b"") + _exchanged(body, layout.separator)


def _told(message: str) -> str:
    """The reader's message, without pandas' words for an open quotation mark."""
    unclosed = _OPEN_QUOTE.search(message)
    if unclosed is None:
        return message.replace("the CSV body", "the CSV file")
    return f"a quotation mark that opens in record {int(unclosed[1]) + 1} (the header line is the first) never closes"


def _exchanged(body: bytes, separator: str) -> bytes:
    """The body with every comma and ``separator`` in each other's place: the exact reader and writer know commas."""
    if separator == COMMA:
        return body
    return body.translate(bytes.maketrans(f"{COMMA}{separator}".encode(), f"{separator}{COMMA}".encode()))


def _with_exchanged_texts(frame: pd.DataFrame, separator: str) -> pd.DataFrame:
    """The frame with the two signs exchanged in its texts and names, which undoes `_exchanged` there."""
    if separator == COMMA:
        return frame
    signs = str.maketrans({COMMA: separator, separator: COMMA})
    columns = {place: _exchanged_texts(frame.iloc[:, place], signs) for place in range(frame.shape[1])}
    exchanged = pd.DataFrame(columns, index=frame.index)
    exchanged.columns = pd.Index([_exchanged_name(name, signs) for name in frame.columns], dtype=object)
    return exchanged


def _exchanged_texts(column: "pd.Series[Any]", signs: dict[int, str]) -> "pd.Series[Any]":
    if column.dtype.kind in "biufmM":
        return column
    cells = column.tolist()
    missing = column.isna().tolist()
    texts = [None if gone else str(cell) for cell, gone in zip(cells, missing, strict=True)]
    together = "\n".join(filter(None, texts))
    if any(chr(sign) in together for sign in signs):
        texts = [text and text.translate(signs) for text in texts]
    elif all(isinstance(cell, str) for cell in cells):
        return column
    return pd.Series(texts, index=column.index, dtype=object if any(missing) else "str")


def _exchanged_name(name: Hashable, signs: dict[int, str]) -> str:
    return str(name).translate(signs)
