"""Cuts a CSV file that is too large to hold into blocks of whole records."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from chem_endpoints.wire.csv_format import BLANK_LINES, BOM
from chem_endpoints.wire.errors import WireError

MAX_RECORD_BYTES = 8_000_000
"""Longest record; where none ends, a quotation mark was never closed."""

# Possessive (``*+``), so that no body, however strange, is looked at more than once.
_FIELD = rb'(?:"[^"]*+(?:""[^"]*+)*+"[^,\r\n]*+|(?!")[^,\r\n]*+)'
_LINE_END = rb"(?:\r\n|\n|\r(?=[^\n]))"
_RECORD = rb"(?:" + _FIELD + rb"(?:," + _FIELD + rb")*+" + _LINE_END + rb")"
_RECORDS = re.compile(_RECORD + rb"*+")
_HEADER = re.compile(rb"(?:" + BOM + rb")?+" + BLANK_LINES.pattern + _RECORD)


@dataclass(frozen=True, kw_only=True)
class CsvBlock:
    """Some records of a CSV file.

    Attributes:
        header: the file's first record with its line end, and what stands before it: a byte-order mark, blank lines.
        rows: whole records, the last of the file perhaps without a line end.
    """

    header: bytes
    rows: bytes


def csv_blocks(source: BinaryIO, *, block_bytes: int = 4_000_000) -> Iterator[CsvBlock]:
    """Reads blocks of about ``block_bytes`` from where ``source`` stands; at least one, perhaps without rows.

    Blank lines never end a block but the last: they may be empty cells, which readers drop at the end.

    Raises:
        WireError: a record is longer than `MAX_RECORD_BYTES`.
    """
    header, pending = _next_part(source, b"", _header_end, block_bytes)
    rows, pending = _next_part(source, pending, _rows_end, block_bytes)
    yield CsvBlock(header=header, rows=rows)
    while pending or rows:
        rows, pending = _next_part(source, pending, _rows_end, block_bytes)
        if rows:
            yield CsvBlock(header=header, rows=rows)


def _next_part(
    source: BinaryIO, pending: bytes, end_of: Callable[[bytes], int], block_bytes: int
) -> tuple[bytes, bytes]:
    """The next part that ends where ``end_of`` says (0: not yet), and the bytes read beyond it."""
    while True:
        # Twice as much each time, so that a long record is looked at again only as often as it doubles.
        taken = source.read(max(block_bytes, len(pending)))
        pending += taken
        end = end_of(pending) if taken else len(pending)
        if end or not taken:
            return pending[:end], pending[end:]
        if len(pending) > MAX_RECORD_BYTES:
            raise WireError(
                f"the CSV body holds a record of more than {MAX_RECORD_BYTES} bytes; is a quotation mark never closed?"
            )


def _header_end(text: bytes) -> int:
    header = _HEADER.match(text)
    return header.end() if header else 0


def _rows_end(text: bytes) -> int:
    """Where the last whole record ends that no blank line follows."""
    end = _records_end(text)
    filled = len(text[:end].rstrip(b"\r\n"))
    if not filled:
        return 0
    return filled + (2 if text[filled : filled + 2] == b"\r\n" else 1)


def _records_end(text: bytes) -> int:
    if b'"' in text:
        records = _RECORDS.match(text)
        return records.end() if records else 0
    return max(text.rfind(b"\n"), text.rfind(b"\r", 0, len(text) - 1)) + 1
