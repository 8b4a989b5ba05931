"""Reads a body that is too large to hold, group by group, each group as a DataFrame."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import pandas as pd

from chem_endpoints.wire.arrow_groups import arrow_groups, parquet_groups
from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES, PARQUET
from chem_endpoints.wire.csv_blocks import MAX_RECORD_BYTES, CsvBlock, csv_blocks
from chem_endpoints.wire.csv_format import line_ends, read_csv
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.json_format import MAX_JSON_BYTES, from_records, read_json
from chem_endpoints.wire.jsonlines_format import BOM, is_blank, read_lines

__all__ = ["CsvBlock", "csv_blocks", "read_row_groups"]


def read_row_groups(
    source: BinaryIO,
    content_type: str,
    *,
    group_bytes: int = 4_000_000,
    group_rows: int = 50_000,
    positional: bool = False,
) -> Iterator[pd.DataFrame]:
    """Reads a whole seekable file, group by group, as `codec.decode` would; JSON is read at once.

    There is at least one group; an empty one is the only one. All have the same columns. A group is about
    ``group_bytes`` of the file (an Arrow batch is never cut before it is read) and at most ``group_rows`` rows.

    Raises:
        WireError: the body is malformed; row and line numbers count from the body's start.
        KeyError: ``content_type`` is none of `content_types.READABLE`; negotiate first.
    """
    source.seek(0)
    readers = {
        CSV: lambda: _csv_groups(source, group_bytes, positional=positional),
        JSON: lambda: iter([read_json(source.read(MAX_JSON_BYTES + 1), positional=positional)]),
        JSON_LINES: lambda: _jsonlines_groups(source, group_bytes, group_rows),
        PARQUET: lambda: parquet_groups(source, group_bytes=group_bytes, group_rows=group_rows),
        ARROW: lambda: arrow_groups(source, group_bytes=group_bytes, group_rows=group_rows),
    }
    return _pieces(readers[content_type](), group_rows)


def _pieces(groups: Iterator[pd.DataFrame], group_rows: int) -> Iterator[pd.DataFrame]:
    """The same rows, at most ``group_rows`` at once; empty frames only where there is nothing else."""
    empty: pd.DataFrame | None = None
    given = False
    for group in groups:
        if empty is None:
            empty = group.iloc[:0]
        for start in range(0, len(group), group_rows):
            given = True
            piece = group.iloc[start : start + group_rows]
            yield piece.reset_index(drop=True) if isinstance(group.index, pd.RangeIndex) else piece
    if not given and empty is not None:
        yield empty


def _csv_groups(source: BinaryIO, group_bytes: int, *, positional: bool) -> Iterator[pd.DataFrame]:
    lines_before = bytes_before = 0
    for number, block in enumerate(csv_blocks(source, block_bytes=group_bytes)):
        frame = read_csv(
            block.header + block.rows, positional=positional, lines_before=lines_before, bytes_before=bytes_before
        )
        # Without a header line the first record stands before each block, so that it has as many columns.
        yield frame.iloc[1:].reset_index(drop=True) if positional and number else frame
        lines_before += line_ends(block.rows)
        bytes_before += len(block.rows)


def _jsonlines_groups(source: BinaryIO, group_bytes: int, group_rows: int) -> Iterator[pd.DataFrame]:
    names: list[str] | None = None
    first_rows = row = 0
    for records in _record_groups(source, group_bytes, group_rows):
        if names is None:
            frame = from_records(records)
            names, first_rows = frame.columns.tolist(), len(records)
        else:
            _refuse_new_keys(records, names, first_row=row, first_rows=first_rows)
            frame = from_records(records, names=names)
        yield frame
        row += len(records)


def _record_groups(source: BinaryIO, group_bytes: int, group_rows: int) -> Iterator[list[dict[str, Any]]]:
    """The objects of the lines, in lists; the first list may be empty."""
    row = 0
    for lines in _line_groups(source, group_bytes, group_rows):
        yield read_lines(lines, first_row=row)
        row += len(lines)


def _line_groups(source: BinaryIO, group_bytes: int, group_rows: int) -> Iterator[list[bytes]]:
    lines: list[bytes] = []
    row = held = 0
    while line := source.readline(MAX_RECORD_BYTES + 1):
        if len(line) > MAX_RECORD_BYTES:
            raise WireError(f"row {row} of the JSON Lines body is a line of more than {MAX_RECORD_BYTES} bytes")
        line = line if row else line.removeprefix(BOM)
        if is_blank(line):
            continue
        lines.append(line)
        row, held = row + 1, held + len(line)
        if held >= group_bytes or len(lines) >= group_rows:
            yield lines
            lines, held = [], 0
    if lines or not row:
        yield lines


def _refuse_new_keys(records: list[dict[str, Any]], names: list[str], *, first_row: int, first_rows: int) -> None:
    known = set(names)
    for row, record in enumerate(records, start=first_row):
        if not record.keys() <= known:
            key = next(key for key in record if key not in known)
            raise WireError(
                f"row {row} brings the key {key!r} that the first {first_rows} rows lack; give all rows the same keys"
            )
