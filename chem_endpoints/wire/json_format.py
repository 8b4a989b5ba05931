"""JSON in the four layouts that SageMaker callers use: records, split, columns and ``{"instances": …}``."""

import json
import math
import re
from typing import Any, NoReturn

import pandas as pd

from chem_endpoints.wire.errors import WireError

_LAYOUTS = (
    'send a list of objects [{"smiles": "CCO"}, …], {"columns": […], "data": [[…]]}, '
    '{"smiles": ["CCO", …]} or {"instances": […]}'
)
MAX_CELLS = 5_000_000
"""Rows times columns of a list of objects: rows that each bring their own key would fill the memory with gaps."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_INFINITIES = {math.inf: "Infinity", -math.inf: "-Infinity"}


def read_json(body: bytes) -> pd.DataFrame:
    """Reads a JSON body; cells keep the types that JSON gives them, ``null`` and absent keys are ``None``.

    Raises:
        WireError: not JSON, or in none of the four layouts.
    """
    try:
        document = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise WireError(f"the body is not JSON{where}; {_LAYOUTS}") from None
    if _SURROGATE.search(body):
        document = _well_formed(document)
    if isinstance(document, dict) and set(document) >= {"instances"}:
        document = document["instances"]
    if isinstance(document, list):
        return _from_records(document)
    if isinstance(document, dict) and set(document) >= {"columns", "data"}:
        return _from_split(document)
    if isinstance(document, dict) and document and all(isinstance(value, list) for value in document.values()):
        return _from_columns(document)
    raise WireError(f"the JSON body is in none of the layouts that are read here; {_LAYOUTS}")


def _well_formed(value: Any) -> Any:
    """The same document with U+FFFD for each half of a surrogate pair, which no format could carry back."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_well_formed(item) for item in value]
    if isinstance(value, dict):
        return {_well_formed(key): _well_formed(item) for key, item in value.items()}
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _from_records(records: list[Any]) -> pd.DataFrame:
    for row, record in enumerate(records):
        if not isinstance(record, dict):
            raise WireError(f"row {row} of the JSON body is no object; {_LAYOUTS}")
    names = list(dict.fromkeys(name for record in records for name in record))
    if len(names) * len(records) > MAX_CELLS:
        raise WireError(f"{len(records)} rows with {len(names)} different keys: give all rows the same keys")
    return _object_frame({name: [record.get(name) for record in records] for name in names}, rows=len(records))


def _from_split(document: dict[str, Any]) -> pd.DataFrame:
    names, data = document["columns"], document["data"]
    if not isinstance(names, list) or not isinstance(data, list):
        raise WireError('"columns" and "data" of the JSON body must be lists')
    for row, cells in enumerate(data):
        if not isinstance(cells, list) or len(cells) != len(names):
            raise WireError(f'row {row} of "data" does not have one cell for each of the {len(names)} columns')
    columns = list(map(list, zip(*data, strict=True))) if data else [[] for _ in names]
    frame = _object_frame(dict(enumerate(columns)), rows=len(data))
    frame.columns = pd.Index([str(name) for name in names], dtype=object)
    return frame


def _from_columns(document: dict[str, list[Any]]) -> pd.DataFrame:
    lengths = {name: len(cells) for name, cells in document.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        raise WireError(f"the columns of the JSON body have different lengths ({told})")
    return _object_frame(document, rows=next(iter(lengths.values())))


def _object_frame(columns: dict[Any, list[Any]], *, rows: int) -> pd.DataFrame:
    cells = {name: pd.Series(values, dtype=object) for name, values in columns.items()}
    frame = pd.DataFrame(cells, index=pd.RangeIndex(rows))
    frame.columns = pd.Index(list(columns), dtype=object)
    return frame


def write_json(frame: pd.DataFrame) -> bytes:
    """Writes a frame as a list of objects, floats in full precision, missing values as ``null``.

    JSON has no infinity: it is written as the text ``"Infinity"`` or ``"-Infinity"``.

    Raises:
        WireError: two columns share a name, or a cell has no JSON form.
    """
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise WireError("two columns share a name, which a JSON object cannot carry. Accept text/csv instead")
    columns = [_cells(frame.iloc[:, position]) for position in range(len(names))]
    records = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)] if names else [{}] * len(frame)
    try:
        return json.dumps(records, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise WireError(f"a cell cannot be written as JSON ({type(error).__name__})") from None


def _cells(column: "pd.Series[Any]") -> list[Any]:
    return [
        _INFINITIES.get(value, value) if isinstance(value, float) else value
        for value in column.astype(object).where(column.notna().to_numpy(), None).tolist()
    ]
