"""JSON in the four layouts that SageMaker callers use: records, split, columns and ``{"instances": …}``."""

import json
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from chem_endpoints.wire import json_cells
from chem_endpoints.wire.errors import BodyTooLargeError, WireError

_LAYOUTS = (
    'send a list of objects [{"smiles": "CCO"}, …], {"columns": […], "data": [[…]]}, '
    '{"smiles": ["CCO", …]} or {"instances": […]}'
)
MAX_JSON_BYTES = 100_000_000
"""Largest JSON body: it is read at once, and takes some ten times its size in memory."""

MAX_GAPS = 5_000_000
"""Absent cells of a list of objects: rows that each bring their own key would fill the memory with them."""


def read_json(body: bytes, *, positional: bool = False) -> pd.DataFrame:
    """Reads a JSON body; cells keep the types that JSON gives them, ``null`` and absent keys are ``None``.

    With ``positional`` the rows of ``{"instances": …}`` may be lists; the columns are ``"0"``, ``"1"``, … then.

    Raises:
        BodyTooLargeError: more than `MAX_JSON_BYTES`.
        WireError: not JSON, or in none of the four layouts.
    """
    if len(body) > MAX_JSON_BYTES:
        raise BodyTooLargeError(
            f"the JSON body has more than the {MAX_JSON_BYTES} bytes that are read at once;"
            " send application/jsonlines instead"
        )
    document = _parsed(body)
    if isinstance(document, dict) and "instances" in document:
        document = document["instances"]
        if positional and isinstance(document, list) and document and isinstance(document[0], list):
            return _from_lists(document)
    if isinstance(document, list):
        return from_records(document)
    if isinstance(document, dict) and set(document) >= {"columns", "data"}:
        return _from_split(document)
    if isinstance(document, dict) and document and all(isinstance(value, list) for value in document.values()):
        return _from_columns(document)
    raise WireError(f"the JSON body is in none of the layouts that are read here; {_LAYOUTS}")


def _parsed(body: bytes) -> Any:
    try:
        return json_cells.parse(body)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise WireError(f"the body is not JSON{where}; {_LAYOUTS}") from None


def from_records(records: list[Any], *, names: list[str] | None = None) -> pd.DataFrame:
    """A frame with a column for each of ``names``, or for each key; a cell whose key is absent is ``None``.

    Raises:
        WireError: a row is no object, or most keys are absent from most rows.
    """
    for row, record in enumerate(records):
        if not isinstance(record, dict):
            raise WireError(f"row {row} of the JSON body is no object; {_LAYOUTS}")
    first = list(records[0]) if records else []
    if names in (None, first) and all(list(record) == first for record in records):
        return _object_frame(first, zip(*map(dict.values, records), strict=True), rows=len(records))
    names = list(dict.fromkeys(name for record in records for name in record)) if names is None else names
    if len(names) * len(records) - sum(map(len, records)) > MAX_GAPS:
        raise WireError(f"{len(records)} rows with {len(names)} different keys: give all rows the same keys")
    return _object_frame(names, ([record.get(name) for record in records] for name in names), rows=len(records))


def _from_lists(rows: list[Any]) -> pd.DataFrame:
    return _from_split({"columns": list(range(len(rows[0]))), "data": rows})


def _from_split(document: dict[str, Any]) -> pd.DataFrame:
    names, data = document["columns"], document["data"]
    if not isinstance(names, list) or not isinstance(data, list):
        raise WireError('"columns" and "data" of the JSON body must be lists')
    for row, cells in enumerate(data):
        if not isinstance(cells, list) or len(cells) != len(names):
            raise WireError(f'row {row} of "data" does not have one cell for each of the {len(names)} columns')
    return _object_frame([str(name) for name in names], zip(*data, strict=True), rows=len(data))


def _from_columns(document: dict[str, list[Any]]) -> pd.DataFrame:
    lengths = {name: len(cells) for name, cells in document.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        raise WireError(f"the columns of the JSON body have different lengths ({told})")
    return _object_frame(list(document), document.values(), rows=next(iter(lengths.values())))


def _object_frame(names: list[str], columns: Iterable[Iterable[Any]], *, rows: int) -> pd.DataFrame:
    # One block of cells as they are: NumPy would take a cell that is a list for a dimension.
    cells = np.fromiter(chain.from_iterable(columns), dtype=object, count=len(names) * rows)
    labels = pd.Index(names, dtype=object)
    return pd.DataFrame(cells.reshape(len(names), rows).T, index=pd.RangeIndex(rows), columns=labels, dtype=object)


def write_json(frame: pd.DataFrame) -> bytes:
    """Writes a frame as a list of objects, floats in full precision, missing values as ``null``.

    JSON has no infinity: it is written as the text ``"Infinity"`` or ``"-Infinity"``.

    Raises:
        WireError: two columns share a name, or a cell has no JSON form.
    """
    return b"[" + b",".join(json_cells.objects(frame)) + b"]"
