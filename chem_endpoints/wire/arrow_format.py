"""Arrow IPC stream: the typed, compact form for many rows (for few, its schema outweighs them)."""

import pandas as pd
import pyarrow as pa

from chem_endpoints.wire.errors import WireError


def read_arrow(body: bytes) -> pd.DataFrame:
    """Reads an Arrow IPC stream; pandas' own metadata, where present, restores nullable types and the index.

    Raises:
        WireError: not an Arrow stream, or cut short.
    """
    try:
        with pa.ipc.open_stream(body) as stream:
            table = stream.read_all()
        table.validate(full=True)
        # Threads would be inherited, stopped, by processes that are forked later.
        frame: pd.DataFrame = table.to_pandas(use_threads=False)
        return frame
    except (pa.ArrowException, ValueError, KeyError, OSError) as error:
        raise WireError(f"the body is not a complete Arrow IPC stream ({type(error).__name__})") from None


def write_arrow(frame: pd.DataFrame) -> bytes:
    """Writes a frame as an Arrow IPC stream.

    Raises:
        WireError: two columns share a name, or a column holds values of several types.
    """
    try:
        table = pa.Table.from_pandas(frame, nthreads=1)
    except (pa.ArrowException, ValueError) as error:
        raise WireError(f"the frame cannot be written as Arrow: {error}") from None
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())
