"""Parquet: the typed form that lies in files; read and written without a thread of pyarrow's."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from chem_endpoints.wire.arrow_format import MALFORMED, refuse_cells, table_of, to_frame
from chem_endpoints.wire.errors import BodyTooLargeError, WireError

COMPRESSION = "zstd"
ROWS_PER_GROUP = 100_000
BYTES_PER_GROUP = 16_000_000

MAX_BYTES = 500_000_000
"""What a whole file may unpack to; a text that stands once in it can fill any number of cells."""

_ROWS_AT_ONCE = 8_192


def read_parquet(body: bytes) -> pd.DataFrame:
    """Reads a whole Parquet file; types and index as `read_arrow` restores them.

    Raises:
        BodyTooLargeError: it unpacks to more than `MAX_BYTES`, or to too many cells.
        WireError: not a complete Parquet file.
    """
    try:
        with open_parquet(pa.BufferReader(body)) as file:
            refuse_cells(file.metadata.num_rows, file.metadata.num_columns)
            return to_frame(pa.Table.from_batches(_unpacked(file), file.schema_arrow))
    except MALFORMED as error:
        raise malformed_parquet(error) from None


def _unpacked(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    size = 0
    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, use_threads=False):
        size += batch.nbytes
        if size > MAX_BYTES:
            raise BodyTooLargeError(f"the Parquet file unpacks to more than {MAX_BYTES} bytes; send fewer rows")
        yield batch


def open_parquet(source: BinaryIO | pa.NativeFile, *, buffer_size: int = 0) -> pq.ParquetFile:
    """A Parquet file that reads ``buffer_size`` bytes of a column at once (0: all of it), not ahead in threads.

    Raises:
        pyarrow.ArrowException: not a Parquet file.
    """
    return pq.ParquetFile(source, memory_map=False, pre_buffer=False, buffer_size=buffer_size)


def malformed_parquet(error: Exception) -> WireError:
    """What a caller is told of bytes that are no Parquet file; not the error's text, which may quote cells."""
    if isinstance(error, WireError):
        return error
    return WireError(f"the body is not a complete Parquet file ({type(error).__name__})")


def write_parquet(frame: pd.DataFrame) -> bytes:
    """Writes a frame as a Parquet file.

    Raises:
        WireError: two columns share a name, or a column holds values of several types.
    """
    table = table_of(frame)
    sink = pa.BufferOutputStream()
    with _new_parquet(sink, table.schema) as file:
        file.write_table(table, row_group_size=ROWS_PER_GROUP)
    return bytes(sink.getvalue())


def arrow_to_parquet(source: BinaryIO, target: BinaryIO) -> None:
    """Converts a closed Arrow IPC stream, from where ``source`` stands, to a Parquet file, some batches at a time.

    Raises:
        WireError: not an Arrow stream, or a type in it that Parquet does not have.
    """
    try:
        with pa.ipc.open_stream(source) as stream, _new_parquet(target, stream.schema) as file:
            for batches in _together(stream):
                file.write_table(pa.Table.from_batches(batches, stream.schema), row_group_size=ROWS_PER_GROUP)
    except MALFORMED as error:
        raise WireError(f"the answer has no Parquet form ({type(error).__name__})") from None


def _together(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """Batches in lists large enough for a row group: many small groups make a file slow and large."""
    held: list[pa.RecordBatch] = []
    size = rows = 0
    for batch in batches:
        held.append(batch)
        size, rows = size + batch.nbytes, rows + batch.num_rows
        if size >= BYTES_PER_GROUP or rows >= ROWS_PER_GROUP:
            yield held
            held, size, rows = [], 0, 0
    if held:
        yield held


def _new_parquet(target: BinaryIO | pa.NativeFile, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(target, schema, compression=COMPRESSION)  # pandas' metadata travel in the schema
