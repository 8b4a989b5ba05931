"""JSON Lines: one object per line, so that rows can be read and written as they come."""

import json
from typing import Any

import pandas as pd

from chem_endpoints.wire import json_cells
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.json_format import from_records

BOM = b"\xef\xbb\xbf"
_LAYOUT = 'send one object per line, {"smiles": "CCO"}'


def read_jsonlines(body: bytes) -> pd.DataFrame:
    """Reads JSON Lines as `read_json` reads a list of objects; blank lines are no rows.

    Raises:
        WireError: a line is no JSON object.
    """
    lines = [line for line in body.removeprefix(BOM).split(b"\n") if not is_blank(line)]
    return from_records(read_lines(lines))


def is_blank(line: bytes) -> bool:
    """Whether a line is no row."""
    return not line or line.isspace()


def read_lines(lines: list[bytes], *, first_row: int = 0) -> list[dict[str, Any]]:
    """The object of each line; ``first_row`` is the row of the first one, as errors count.

    Raises:
        WireError: a line is no JSON object.
    """
    parse = json_cells.parser_of(b"\n".join(lines))
    return [_record(line, parse, row) for row, line in enumerate(lines, start=first_row)]


def _record(line: bytes, parse: json_cells.Parse, row: int) -> dict[str, Any]:
    try:
        record = parse(line)
    except (ValueError, RecursionError) as error:
        where = f" (character {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise WireError(f"row {row} of the JSON Lines body is not JSON{where}; {_LAYOUT}") from None
    if not isinstance(record, dict):
        raise WireError(f"row {row} of the JSON Lines body is no object; {_LAYOUT}")
    return record


def write_jsonlines(frame: pd.DataFrame) -> bytes:
    """Writes one object per line, each ended by ``\\n``; cells as `write_json` writes them.

    Raises:
        WireError: two columns share a name, or a cell has no JSON form.
    """
    return b"".join([one + b"\n" for one in json_cells.objects(frame)])
