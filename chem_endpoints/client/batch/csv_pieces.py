"""A CSV file in pieces: Arrow tables of texts, each cell byte for byte."""

import gzip
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast

import pandas as pd
import pyarrow as pa

from chem_endpoints.client.files.csv_file import COMMA, separator_of
from chem_endpoints.errors import FileError
from chem_endpoints.wire.csv_blocks import MAX_RECORD_BYTES, csv_blocks
from chem_endpoints.wire.csv_format import BOM, line_ends, read_csv
from chem_endpoints.wire.errors import WireError

BLOCK_BYTES = 4_000_000
"""What is parsed at once; also what a piece has at most, less than of Parquet, as texts are large in memory."""


def csv_pieces(source: BinaryIO, place: str, *, compressed: bool, most_rows: int) -> Iterator[pa.Table]:
    """The pieces of a file, in order; at least one, perhaps without rows.

    How a file is cut depends on the file and the limits alone.

    Args:
        source: the file; comma, semicolon or tab, UTF-8 with or without byte-order mark.
        place: what errors call it.
        compressed: whether gzip has compressed it.
        most_rows: rows of a piece at most.

    Raises:
        FileError: not such a file; the line is named.
    """
    unpacked = cast(BinaryIO, gzip.GzipFile(fileobj=source)) if compressed else source
    try:
        yield from _tables(unpacked, place, most_rows)
    except WireError as error:
        raise FileError(f"{place}: {str(error).replace('the CSV body', 'the CSV file')}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise FileError(f"{place}: the gzip file is damaged or cut short; compress it again") from None


def _tables(source: BinaryIO, place: str, most_rows: int) -> Iterator[pa.Table]:
    head = source.read(MAX_RECORD_BYTES)
    source.seek(0)
    separator = separator_of(head.removeprefix(BOM))
    exchanged = source if separator == COMMA else cast(BinaryIO, _Exchanged(source, separator))
    lines = size = 0
    given = False
    for block in csv_blocks(exchanged, block_bytes=BLOCK_BYTES):
        frame = read_csv(block.header + block.rows, lines_before=lines, bytes_before=size)
        lines, size = lines + line_ends(block.rows), size + len(block.rows)
        table = _table(frame, separator, place)
        for first in range(0, max(table.num_rows, 0 if given else 1), most_rows):
            given = True
            yield table.slice(first, most_rows)


def _table(frame: pd.DataFrame, separator: str, place: str) -> pa.Table:
    signs = str.maketrans({COMMA: separator, separator: COMMA})
    back = separator != COMMA
    names = [str(name).translate(signs) if back else str(name) for name in frame.columns]
    columns = []
    for at in range(frame.shape[1]):
        cells = frame.iloc[:, at].tolist()
        try:
            columns.append(pa.array([cell.translate(signs) for cell in cells] if back else cells, type=pa.string()))
        except (pa.ArrowException, UnicodeError):
            raise FileError(f"{place}: a cell of column {at + 1} is no text") from None
    return pa.Table.from_arrays(columns, schema=pa.schema([(name, pa.string()) for name in names]))


class _Exchanged:
    """A file with every comma and separator in each other's place: what cuts and reads records knows commas."""

    def __init__(self, source: BinaryIO, separator: str) -> None:
        self._source = source
        self._signs = bytes.maketrans(f"{COMMA}{separator}".encode(), f"{separator}{COMMA}".encode())

    def read(self, size: int = -1, /) -> bytes:
        return self._source.read(size).translate(self._signs)
