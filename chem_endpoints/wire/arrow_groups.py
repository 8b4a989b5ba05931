"""Arrow IPC streams and Parquet files, group by group, without a thread of pyarrow's."""

import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from chem_endpoints.wire.arrow_format import MALFORMED, check_end, malformed_arrow, to_frame
from chem_endpoints.wire.parquet_format import malformed_parquet, open_parquet

_BUFFER_BYTES = 1_000_000
"""What is read at once of a Parquet column, instead of the whole column of a row group."""


_BATCH_BYTES = 1_000
"""What a batch takes in memory beside its cells."""


class _Clamped(io.RawIOBase):
    """A file that never reserves memory for more bytes than it has, whatever a body declares."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._size = source.seek(0, io.SEEK_END)
        source.seek(0)

    def read(self, size: int = -1, /) -> bytes:
        left = max(self._size - self._source.tell(), 0)
        return self._source.read(left if size < 0 else min(size, left))

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        return self._source.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def arrow_groups(source: BinaryIO, *, group_bytes: int, group_rows: int) -> Iterator[pd.DataFrame]:
    """Frames of about ``group_bytes`` or ``group_rows``, whichever is less, but of whole batches; at least one.

    Raises:
        WireError: not an Arrow stream, cut short, or followed by something else.
    """
    try:
        with pa.ipc.open_stream(_Clamped(source)) as stream:
            yield from _frames(stream.schema, stream, group_bytes, group_rows)
    except MALFORMED as error:
        raise malformed_arrow(error) from None
    check_end(source)


def parquet_groups(source: BinaryIO, *, group_bytes: int, group_rows: int) -> Iterator[pd.DataFrame]:
    """Frames of about ``group_bytes`` or ``group_rows``, whichever is less; at least one, perhaps empty.

    Raises:
        WireError: not a complete Parquet file.
    """
    try:
        with open_parquet(_Clamped(source), buffer_size=_BUFFER_BYTES) as file:
            rows = _rows_at_once(file.metadata, group_bytes, group_rows)
            batches = file.iter_batches(batch_size=rows, use_threads=False)
            yield from _frames(file.schema_arrow, batches, group_bytes, group_rows)
    except MALFORMED as error:
        raise malformed_parquet(error) from None


def _rows_at_once(metadata: pq.FileMetaData, group_bytes: int, group_rows: int) -> int:
    declared = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    bytes_per_row = max(declared / max(metadata.num_rows, 1), 1)
    return int(min(max(group_bytes / bytes_per_row, 1), group_rows))


def _frames(
    schema: pa.Schema, batches: Iterable[pa.RecordBatch], group_bytes: int, group_rows: int
) -> Iterator[pd.DataFrame]:
    held: list[pa.RecordBatch] = []
    held_bytes = held_rows = 0
    given = False
    for batch in batches:
        batch.validate(full=True)
        held.append(batch)
        held_bytes, held_rows = held_bytes + batch.nbytes + _BATCH_BYTES, held_rows + batch.num_rows
        if held_bytes >= group_bytes or held_rows >= group_rows:
            yield to_frame(pa.Table.from_batches(held, schema))
            held, held_bytes, held_rows, given = [], 0, 0, True
    if held or not given:
        yield to_frame(pa.Table.from_batches(held, schema))
