"""The caller's frame as Parquet and back, exactly: what Parquet would change is left out, and named.

Columns are stored by position, so that doubled names and names that are no text survive.
"""

import io
import json
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

METADATA = b"chem_endpoints.frame"
"""Key of the file's metadata: labels, index and attrs as JSON."""
INDEX, ATTRS = "the index", "attrs"
"""How the index and the frame's attrs are called when they are left out."""

MISSING: dict[str, Any] = {"None": None, "nan": np.nan, "NA": pd.NA}
"""What a column of dtype object may have for a missing cell."""


def pack_frame(frame: pd.DataFrame) -> tuple[bytes, list[str]]:
    """The frame as a Parquet file, and the names of what it does not hold.

    A column is left out when reading it back would give other values or another type.
    """
    labels = list(frame.columns)
    left_out = [str(label) for label in labels if not _is_plain(label)]
    columns = {f"c{number}": frame.iloc[:, number] for number, label in enumerate(labels) if _is_plain(label)}
    index, levels = _index_of(frame.index)
    series = {name: column.reset_index(drop=True) for name, column in columns.items()} | levels
    kept, objects = _stored_exactly(series)
    if any(name not in kept for name in levels):
        left_out.append(INDEX)
        index, kept = {"kind": "none"}, {name: column for name, column in kept.items() if name not in levels}
    numbers = [int(name[1:]) for name in columns if name in kept]
    left_out += [str(labels[int(name[1:])]) for name in columns if name not in kept]
    attrs = {key: value for key, value in frame.attrs.items() if isinstance(key, str) and _is_json(value)}
    if len(attrs) < len(frame.attrs):
        left_out.append(ATTRS)
    about = {
        "rows": len(frame),
        "labels": [_to_json(labels[number]) for number in numbers],
        "levels": frame.columns.nlevels,
        "label_names": [_to_json(name) if _is_plain(name) else None for name in frame.columns.names],
        "objects": {name: missing for name, missing in objects.items() if name in kept},
        "index": index,
        "attrs": attrs,
    }
    return _written(kept, about), left_out


def unpack_frame(body: bytes) -> pd.DataFrame:
    """The frame that `pack_frame` stored."""
    table = pq.read_table(io.BytesIO(body))
    about = json.loads(table.schema.metadata[METADATA])
    stored = _with_objects(table.to_pandas(), about["objects"])
    own = stored.loc[:, [name.startswith("c") for name in stored.columns]]
    labels = [_from_json(label) for label in about["labels"]]
    names = [_from_json(name) for name in about["label_names"]]
    frame = own if own.shape[1] else pd.DataFrame(index=pd.RangeIndex(about["rows"]))
    if about["levels"] > 1:
        frame.columns = pd.MultiIndex.from_tuples(labels, names=names) if labels else frame.columns
    else:
        frame.columns = pd.Index(labels, name=names[0], tupleize_cols=False) if labels else frame.columns
    frame.index = _index_from(about["index"], stored, about["rows"])
    frame.attrs = about["attrs"]
    return frame


def _stored_exactly(series: "dict[str, pd.Series[Any]]") -> "tuple[dict[str, pd.Series[Any]], dict[str, str]]":
    """The columns that come back as they are; and of those with dtype object, what they have for a missing cell."""
    possible = {name: column for name, column in series.items() if _converts(column)}
    objects = {name: _missing_of(column) for name, column in possible.items() if column.dtype == object}
    back = pq.read_table(io.BytesIO(_written(possible, {}))).to_pandas() if possible else pd.DataFrame()
    back = _with_objects(back, objects)
    return {name: column for name, column in possible.items() if _same(column, back[name])}, objects


def _missing_of(column: "pd.Series[Any]") -> str:
    for cell in column:
        if cell is None or cell is pd.NA:
            return "None" if cell is None else "NA"
        if isinstance(cell, float) and cell != cell:
            return "nan"
    return "None"


def _with_objects(stored: pd.DataFrame, objects: dict[str, str]) -> pd.DataFrame:
    """Gives columns dtype object again, and their own kind of missing cell: Parquet knows one kind only."""
    for name, kind in objects.items():
        missing = stored[name].isna().to_numpy()
        cells = [MISSING[kind] if gone else cell for cell, gone in zip(stored[name], missing, strict=True)]
        stored[name] = pd.Series(cells, dtype=object, index=stored.index)
    return stored


def _written(series: "dict[str, pd.Series[Any]]", about: dict[str, Any]) -> bytes:
    table = pa.Table.from_pandas(pd.DataFrame(series), preserve_index=False)
    metadata = {**(table.schema.metadata or {}), METADATA: json.dumps(about).encode()}
    file = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata), file)
    return file.getvalue()


def _converts(column: "pd.Series[Any]") -> bool:
    try:
        pq.write_table(pa.table({"c": pa.Array.from_pandas(column)}), io.BytesIO())
    except (pa.ArrowException, ValueError, TypeError, OverflowError, AttributeError, NotImplementedError):
        return False
    return True


def _same(before: "pd.Series[Any]", after: "pd.Series[Any]") -> bool:
    if before.dtype != after.dtype:
        return False
    if before.dtype != object:
        return bool(before.array.equals(after.array)) if hasattr(before.array, "equals") else before.equals(after)
    return all(
        type(one) is type(other) and (one is other or _equal(one, other))
        for one, other in zip(before, after, strict=True)
    )


def _equal(one: Any, other: Any) -> bool:
    try:
        return bool(one == other) or bool(one != one)
    except ValueError:  # arrays: their type and shape do not come back
        return False


def _index_of(index: pd.Index) -> "tuple[dict[str, Any], dict[str, pd.Series[Any]]]":
    """How the index is built again, and its levels as columns."""
    names = [_to_json(name) for name in index.names] if all(map(_is_plain, index.names)) else [None] * index.nlevels
    if isinstance(index, pd.RangeIndex):
        return {"kind": "range", "names": names, "of": [index.start, index.stop, index.step]}, {}
    levels = {f"i{number}": pd.Series(index.get_level_values(number).array) for number in range(index.nlevels)}
    kind = "levels" if isinstance(index, pd.MultiIndex) else "values"
    return {"kind": kind, "names": names}, levels


def _index_from(about: dict[str, Any], stored: pd.DataFrame, rows: int) -> pd.Index:
    if about["kind"] == "none":
        return pd.RangeIndex(rows)
    names: list[Any] = [_from_json(name) for name in about["names"]]
    if about["kind"] == "range":
        start, stop, step = about["of"]
        return pd.RangeIndex(start, stop, step, name=names[0])
    levels: list[Any] = [stored[f"i{number}"].array for number in range(len(names))]
    index: pd.Index = pd.Index(levels[0], name=names[0])
    return pd.MultiIndex.from_arrays(levels, names=names) if about["kind"] == "levels" else index


def _is_plain(label: Hashable) -> bool:
    if isinstance(label, tuple):
        return all(_is_plain(part) for part in label)
    return label is None or type(label) in (str, int, float, bool)


def _to_json(label: Hashable) -> Any:
    return {"of": [_to_json(part) for part in label]} if isinstance(label, tuple) else label


def _from_json(label: Any) -> Any:
    return tuple(_from_json(part) for part in label["of"]) if isinstance(label, dict) else label


def _is_json(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value)) == value)
    except (TypeError, ValueError):
        return False
