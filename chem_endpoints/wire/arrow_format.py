"""Arrow IPC stream: the typed, compact form for many rows (for few, its schema outweighs them)."""

import pandas as pd
import pyarrow as pa

from chem_endpoints.wire.errors import WireError

_END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_MALFORMED = (pa.ArrowException, ValueError, TypeError, LookupError, AttributeError, OSError, OverflowError)
"""What pyarrow and pandas raise on bytes, or on pandas metadata, that nobody wrote with them."""

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
        whole = source.tell() == len(body) and body.endswith(_END_OF_STREAM)
        mapper = None if table.schema.pandas_metadata else _NULLABLE.get
        # Threads would be inherited, stopped, by processes that are forked later.
        frame: pd.DataFrame = table.to_pandas(use_threads=False, types_mapper=mapper)
    except _MALFORMED as error:
        raise WireError(f"the body is not a complete Arrow IPC stream ({type(error).__name__})") from None
    if not whole:
        raise WireError("the Arrow stream is cut short, or something follows it; send one whole stream")
    return frame


def write_arrow(frame: pd.DataFrame) -> bytes:
    """Writes a frame as an Arrow IPC stream.

    Raises:
        WireError: two columns share a name, or a column holds values of several types.
    """
    try:
        table = pa.Table.from_pandas(frame, nthreads=1)
    except _MALFORMED as error:  # its text quotes cells
        raise WireError(
            f"the frame has no Arrow form ({type(error).__name__}): a column of several types, or a name twice"
        ) from None
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())
