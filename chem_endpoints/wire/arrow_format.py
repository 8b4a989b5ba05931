"""Arrow IPC stream: the typed, compact form for many rows (for few, its schema outweighs them)."""

from collections.abc import Mapping
from functools import partial
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa

from chem_endpoints.wire.errors import BodyTooLargeError, WireError
from chem_endpoints.wire.options import MODEL_DIGEST_KEY

END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
MALFORMED = (pa.ArrowException, ValueError, TypeError, LookupError, AttributeError, OSError, OverflowError, MemoryError)
"""What pyarrow and pandas raise on bytes, or on pandas metadata, that nobody wrote with them."""

MAX_CELLS = 50_000_000
"""Cells that become a DataFrame at once; a few bytes can declare any number of empty ones."""

_INTEGERS = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
_NULLABLE = {
    **{getattr(pa, name.lower())(): pd.api.types.pandas_dtype(name) for name in _INTEGERS},
    pa.bool_(): pd.BooleanDtype(),
}


def read_arrow(body: bytes) -> pd.DataFrame:
    """Reads an Arrow IPC stream.

    pandas' own metadata, where present, restores types and index; otherwise integers and booleans become the
    nullable types, so that a null changes no value beside it.

    Raises:
        WireError: not an Arrow stream, cut short, or followed by something else.
    """
    source = pa.BufferReader(body)
    try:
        with pa.ipc.open_stream(source) as stream:
            table = stream.read_all()
        table.validate(full=True)
        frame = to_frame(table)
        check_end(source)
    except MALFORMED as error:
        raise malformed_arrow(error) from None
    return frame


def arrow_digest(body: bytes) -> str:
    """The model digest that an Arrow answer carries in its schema's metadata; empty: none, or no Arrow stream.

    An answer that lies in S3 has no response header beside it: this is how its reader knows which model gave it.
    """
    try:
        with pa.ipc.open_stream(pa.BufferReader(body)) as stream:
            metadata = stream.schema.metadata or {}
    except MALFORMED:  # whoever reads the rows says so
        return ""
    return bytes(metadata.get(MODEL_DIGEST_KEY.encode(), b"")).decode("ascii", "replace")


def to_frame(table: pa.Table, *, nested_kept: bool = False) -> pd.DataFrame:
    """The table as a DataFrame: pandas' own metadata decide about types and index, else the nullable types.

    Args:
        table: the table.
        nested_kept: lists, structs and maps stay Arrow's; as Python objects their whole numbers beside a null would
            become floats.

    Raises:
        BodyTooLargeError: more than `MAX_CELLS`.
        One of `MALFORMED`: the metadata are not pandas' own.
    """
    refuse_cells(table.num_rows, table.num_columns)
    mapper = None if table.schema.pandas_metadata else _NULLABLE.get
    if nested_kept and any(pa.types.is_nested(field.type) for field in table.schema):
        mapper = partial(_keeping_nested, {} if mapper is None else _NULLABLE)
    # Threads would be inherited, stopped, by processes that are forked later.
    frame: pd.DataFrame = table.to_pandas(use_threads=False, types_mapper=mapper)
    return frame


def _keeping_nested(others: Mapping[pa.DataType, Any], kind: pa.DataType) -> Any:
    return pd.ArrowDtype(kind) if pa.types.is_nested(kind) else others.get(kind)


def refuse_cells(rows: int, columns: int) -> None:
    """Refuses a table that would be too large as a DataFrame.

    Raises:
        BodyTooLargeError: more than `MAX_CELLS`.
    """
    if rows * max(columns, 1) > MAX_CELLS:
        raise BodyTooLargeError(f"{rows} rows of {columns} columns are more than {MAX_CELLS} cells; send fewer rows")


def check_end(source: BinaryIO | pa.NativeFile) -> None:
    """Checks that a stream that was read to its end ended as streams do, and that nothing follows.

    Raises:
        WireError: it did not.
    """
    end = source.tell()
    source.seek(max(end - len(END_OF_STREAM), 0))
    if source.read(len(END_OF_STREAM) + 1) != END_OF_STREAM:
        raise WireError("the Arrow stream is cut short, or something follows it; send one whole stream")


def malformed_arrow(error: Exception) -> WireError:
    """What a caller is told of bytes that are no Arrow stream; not the error's text, which may quote cells."""
    if isinstance(error, WireError):
        return error
    return WireError(f"the body is not a complete Arrow IPC stream ({type(error).__name__})")


def write_arrow(frame: pd.DataFrame) -> bytes:
    """Writes a frame as an Arrow IPC stream.

    Raises:
        WireError: two columns share a name, or a column holds values of several types.
    """
    table = table_of(frame)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def table_of(frame: pd.DataFrame, *, schema: pa.Schema | None = None) -> pa.Table:
    """The frame as an Arrow table, its index and pandas' types in the schema's metadata.

    Raises:
        WireError: two columns share a name, a column holds values of several types, or does not fit ``schema``.
    """
    try:
        # Threads would be inherited, stopped, by processes that are forked later.
        return pa.Table.from_pandas(frame, schema=schema, nthreads=1)
    except MALFORMED as error:  # its text quotes cells
        raise WireError(
            f"the frame has no Arrow form ({type(error).__name__}): a column of several types, or a name twice"
        ) from None
