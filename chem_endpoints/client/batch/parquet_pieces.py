"""A Parquet file in pieces: Arrow tables of a fixed number of rows, whatever its row groups are."""

import bisect
from collections.abc import Callable, Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from chem_endpoints.errors import EndpointError, FileError
from chem_endpoints.wire.arrow_format import MALFORMED
from chem_endpoints.wire.parquet_format import open_parquet

READ_ROWS = 8_192
"""Rows that are read at once of a row group."""
BUFFERS_BYTES = 16_000_000
"""What is read ahead of all columns together, while a row group is read."""
COLUMN_BUFFER_BYTES = (64_000, 1_000_000)
"""Bounds of what is read ahead of one column."""


def read_footer(source: BinaryIO, place: str) -> tuple[pa.Schema, int]:
    """Schema and number of rows.

    Raises:
        FileError: not a Parquet file.
    """
    with _opened(source, place) as file:
        return file.schema_arrow, file.metadata.num_rows


def parquet_pieces(
    source: BinaryIO, place: str, *, most_rows: int, most_bytes: int, wanted: Callable[[int], bool]
) -> Iterator[pa.Table | None]:
    """The pieces of a file, in order; ``None`` for one that is not wanted, which is not read. A file has at least one.

    How a file is cut depends on the file and the limits alone.

    Args:
        source: the file.
        place: what errors call it.
        most_rows: rows of a piece at most.
        most_bytes: what a piece should have at most in memory, by the sizes that the file declares.
        wanted: whether the piece with this number is.

    Raises:
        FileError: not a Parquet file, or a row group that cannot be read, which is named.
    """
    with _opened(source, place) as file:
        total = file.metadata.num_rows
        rows = _rows_of_piece(file.metadata, most_rows, most_bytes)
        stream: _RowStream | None = None
        for number in range(max(1, -(-total // rows))):
            if not wanted(number):
                stream = None
                yield None
                continue
            first = number * rows
            stream = stream or _RowStream(file, place, first)
            yield stream.take(min(rows, total - first))


def _opened(source: BinaryIO, place: str) -> pq.ParquetFile:
    try:
        # Opened twice: how much may be read ahead of a column depends on their number.
        columns = open_parquet(source).metadata.num_columns
        least, most = COLUMN_BUFFER_BYTES
        source.seek(0)
        return open_parquet(source, buffer_size=min(max(BUFFERS_BYTES // max(columns, 1), least), most))
    except EndpointError:  # of the file itself, not of what stands in it
        raise
    except MALFORMED as error:  # its text may quote cells
        raise FileError(f"{place}: this is not a complete Parquet file ({type(error).__name__})") from None


def _rows_of_piece(metadata: pq.FileMetaData, most_rows: int, most_bytes: int) -> int:
    declared = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    # Encoded columns are smaller than in memory: a number is never taken for less than its eight bytes.
    row = max(declared / max(metadata.num_rows, 1), 8 * metadata.num_columns, 1)
    return int(min(max(most_bytes / row, 1), most_rows))


class _RowStream:
    """The rows of a file from a row on.

    Batches are read group by group, so that they begin at the same rows wherever the reading began.
    """

    def __init__(self, file: pq.ParquetFile, place: str, first: int) -> None:
        self._file, self._place = file, place
        self._batches = self._from(first)
        self._held = pa.Table.from_batches([], file.schema_arrow)

    def take(self, count: int) -> pa.Table:
        """The next rows."""
        tables = [self._held]
        rows = self._held.num_rows
        while rows < count:
            batch = next(self._batches)
            tables.append(pa.Table.from_batches([batch], self._file.schema_arrow))
            rows += batch.num_rows
        table = pa.concat_tables(tables)
        self._held = table.slice(count)
        return table.slice(0, count)

    def _from(self, first: int) -> Iterator[pa.RecordBatch]:
        metadata = self._file.metadata
        ends: list[int] = []
        for number in range(metadata.num_row_groups):
            ends.append(metadata.row_group(number).num_rows + (ends[-1] if ends else 0))
        begin = bisect.bisect_right(ends, first)
        skipped = first - (ends[begin - 1] if begin else 0)
        for number in range(begin, metadata.num_row_groups):
            for batch in self._group(number):
                if skipped < batch.num_rows:
                    yield batch.slice(skipped)
                skipped = max(0, skipped - batch.num_rows)
        raise FileError(f"{self._place}: the file has fewer rows than it declares; write it again")

    def _group(self, number: int) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._file.iter_batches(batch_size=READ_ROWS, row_groups=[number], use_threads=False):
                batch.validate(full=True)
                yield batch
        except EndpointError:  # of the file itself, not of what stands in it
            raise
        except MALFORMED as error:  # its text may quote cells
            raise FileError(
                f"{self._place}: row group {number} cannot be read ({type(error).__name__}); write the file again"
            ) from None
