"""One door to the formats: bytes and a content type in, a DataFrame out, and back."""

import pandas as pd

from chem_endpoints.wire.arrow_format import read_arrow, write_arrow
from chem_endpoints.wire.content_types import ARROW, CSV, JSON
from chem_endpoints.wire.csv_format import read_csv, write_csv
from chem_endpoints.wire.json_format import read_json, write_json

_READERS = {CSV: read_csv, JSON: read_json, ARROW: read_arrow}
_WRITERS = {JSON: write_json, ARROW: write_arrow}


def decode(body: bytes, content_type: str) -> pd.DataFrame:
    """Reads a body as it came: CSV cells are text, JSON cells what JSON says, Arrow columns typed.

    Raises:
        WireError: the body is malformed.
        KeyError: ``content_type`` is none of `content_types.READABLE`; negotiate first.
    """
    return _READERS[content_type](body)


def encode(frame: pd.DataFrame, content_type: str, *, own_columns: int = 0) -> bytes:
    """Writes a frame, whose first ``own_columns`` columns are the caller's own; see `write_csv`.

    Raises:
        WireError: the format cannot carry the frame exactly.
        KeyError: ``content_type`` is none of `content_types.WRITABLE`; negotiate first.
    """
    if content_type == CSV:
        return write_csv(frame, own_columns=own_columns)
    return _WRITERS[content_type](frame)
