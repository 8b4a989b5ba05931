"""One door to the formats: bytes and a content type in, a DataFrame out, and back."""

import pandas as pd

from chem_endpoints.wire.arrow_format import read_arrow, write_arrow
from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES, PARQUET
from chem_endpoints.wire.csv_format import read_csv, write_csv
from chem_endpoints.wire.json_format import read_json, write_json
from chem_endpoints.wire.jsonlines_format import read_jsonlines, write_jsonlines


def _read_parquet(body: bytes) -> pd.DataFrame:
    # pyarrow's Parquet brings the libraries of every cloud's storage, which takes longer than all the rest of a client.
    from chem_endpoints.wire.parquet_format import read_parquet

    return read_parquet(body)


def _write_parquet(frame: pd.DataFrame) -> bytes:
    from chem_endpoints.wire.parquet_format import write_parquet

    return write_parquet(frame)


_NAMED_READERS = {JSON_LINES: read_jsonlines, PARQUET: _read_parquet, ARROW: read_arrow}
_READERS = {CSV: read_csv, JSON: read_json}
_WRITERS = {JSON: write_json, JSON_LINES: write_jsonlines, PARQUET: _write_parquet, ARROW: write_arrow}


def decode(body: bytes, content_type: str, *, positional: bool = False) -> pd.DataFrame:
    """Reads a body as it came: CSV cells are text, JSON cells what JSON says, Arrow and Parquet columns typed.

    With ``positional`` a CSV body has no header line and the rows of JSON's ``{"instances": …}`` may be lists; the
    columns are ``"0"``, ``"1"``, … then. The other formats always name their columns.

    Raises:
        WireError: the body is malformed.
        KeyError: ``content_type`` is none of `content_types.READABLE`; negotiate first.
    """
    if content_type in _READERS:
        return _READERS[content_type](body, positional=positional)
    return _NAMED_READERS[content_type](body)


def encode(frame: pd.DataFrame, content_type: str, *, own_columns: int = 0) -> bytes:
    """Writes a frame, whose first ``own_columns`` columns are the caller's own; see `write_csv`.

    Raises:
        WireError: the format cannot carry the frame exactly.
        KeyError: ``content_type`` is none of `content_types.WRITABLE`; negotiate first.
    """
    if content_type == CSV:
        return write_csv(frame, own_columns=own_columns)
    return _WRITERS[content_type](frame)
