"""The rows of a source, piece by piece: what is in memory at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from chem_endpoints.client.batch.csv_pieces import BLOCK_BYTES, csv_pieces
from chem_endpoints.client.batch.parquet_pieces import parquet_pieces, read_footer
from chem_endpoints.client.batch.sources import Source, SourceFile
from chem_endpoints.errors import FileError

PIECE_ROWS = 50_000
"""Rows of a piece at most; a piece becomes a part."""
PIECE_BYTES = 8_000_000
"""What the rows of a piece may take in memory; a single row may have more."""
CUTTING = f"{PIECE_ROWS} rows, {PIECE_BYTES} bytes, {BLOCK_BYTES} bytes of CSV"
"""How sources are cut, for the record of a batch: parts that were cut in another way do not fit."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Consecutive rows of one file.

    Attributes:
        number: its number in the source, from 0; also that of its part.
        table: the rows.
    """

    number: int
    table: pa.Table


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What is known of a source before it is read.

    Attributes:
        schema: the columns of all its files.
        rows: how many rows it has; ``None``: nobody knows, as of CSV.
    """

    schema: pa.Schema
    rows: int | None


def shape_of(source: Source) -> Shape:
    """Reads every Parquet footer, and the beginning of the first file.

    Raises:
        FileError: files have different columns, two columns have one name, or a file cannot be read.
    """
    schema: pa.Schema | None = None
    rows: int | None = 0
    for file in source.files:
        if file.format == "parquet":
            with file.open() as opened:
                found, count = read_footer(opened, file.place)
            rows = None if rows is None else rows + count
        else:
            rows = None
            if schema is not None:
                continue  # The columns of further CSV files are compared when their turn comes.
            found = next(_tables(file, lambda number: True)).schema  # type: ignore[union-attr]
        schema = found if schema is None else schema
        check_columns(found, schema, file)
    assert schema is not None
    return Shape(schema=schema, rows=rows)


def check_columns(found: pa.Schema, schema: pa.Schema, file: SourceFile) -> None:
    """Compares a file's columns with those of the first file.

    Raises:
        FileError: they are others, or two have one name.
    """
    doubled = sorted({name for name in found.names if found.names.count(name) > 1})
    if doubled:
        raise FileError(f"{file.place}: several columns are called {doubled}; rename all but one")
    if found.equals(schema, check_metadata=False):
        return
    ours, theirs = dict(zip(found.names, found.types, strict=True)), dict(zip(schema.names, schema.types, strict=True))
    differing = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
    told = f"columns {differing[:5]}" if differing else "the order of its columns, or which may be missing,"
    raise FileError(
        f"{file.place}: {told} differ from those of the first file; all files of a batch have the same columns and"
        " types. Write them again alike, or make a batch of each"
    )


def read_pieces(source: Source, schema: pa.Schema, wanted: Callable[[int], bool]) -> Iterator[Piece | None]:
    """The pieces of a source, in order; ``None`` for one that is not wanted.

    Args:
        source: the files.
        schema: the columns that each has.
        wanted: whether the piece with this number is.

    Raises:
        FileError: a file cannot be read, has other columns, or has changed.
    """
    number = 0
    for file in source.files:
        first = number
        for table in _tables(file, lambda within, first=first: wanted(first + within)):  # type: ignore[misc]
            if table is None or not wanted(number):
                yield None
            else:
                check_columns(table.schema, schema, file)
                yield Piece(number=number, table=table)
            number += 1
        file.check()


def _tables(file: SourceFile, wanted: Callable[[int], bool]) -> Iterator[pa.Table | None]:
    with file.open() as opened:
        if file.format == "parquet":
            yield from parquet_pieces(opened, file.place, most_rows=PIECE_ROWS, most_bytes=PIECE_BYTES, wanted=wanted)
        else:
            yield from csv_pieces(opened, file.place, compressed=file.compressed, most_rows=PIECE_ROWS)
