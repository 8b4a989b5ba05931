"""A part of a shared cache: a Parquet file that anybody can read, named by the SHA-256 of its contents."""

import hashlib
import os
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from chem_endpoints.client.cache.answers import AnswerSchema, Entries, cells_of, pack, unpack
from chem_endpoints.errors import CacheError
from chem_endpoints.wire.manifest import Dtype
from chem_endpoints.wire.typed_columns import PANDAS_DTYPES

ROW_COLUMN, LABEL_COLUMN = "cache:row", "cache:label"
"""Columns of the keys, beside those of the answers."""
SCHEMA_KEY = b"chem-endpoints-answers"
"""Where `AnswerSchema` stands in the file's metadata."""
NONCE_KEY = b"chem-endpoints-nonce"
"""Makes the name of a part unique that takes the place of others, so that whoever made it may take it back."""

_ARROW_TYPES: dict[Dtype, pa.DataType] = {
    "float64": pa.float64(),
    "int64": pa.int64(),
    "boolean": pa.bool_(),
    "text": pa.string(),
}


def write_part(schema: AnswerSchema, entries: Entries, *, unique: bool = False) -> tuple[str, bytes]:
    """Name and bytes of a part.

    Args:
        schema: of the answers.
        entries: the answers and their keys.
        unique: no two parts with the same answers share their name.
    """
    answers = unpack(entries.answers, schema)
    arrays = [pa.array(entries.rows, pa.binary(32)), pa.array(entries.labels, pa.binary(32))]
    arrays += [_array(answers[name], dtype) for name, dtype in schema.columns]
    metadata = {SCHEMA_KEY: schema.to_json().encode()} | ({NONCE_KEY: os.urandom(16).hex().encode()} if unique else {})
    table = pa.Table.from_arrays(arrays, names=[ROW_COLUMN, LABEL_COLUMN, *schema.names]).replace_schema_metadata(
        metadata
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    body = bytes(sink.getvalue())
    return hashlib.sha256(body).hexdigest(), body


def read_part(name: str, body: bytes) -> tuple[AnswerSchema, Entries]:
    """What a part holds.

    Raises:
        CacheError: its contents are not what its name says, or no part at all.
    """
    if hashlib.sha256(body).hexdigest() != name:
        raise CacheError(f"part {name} of the shared cache is not what its name says: delete the object")
    try:
        table = pq.read_table(pa.BufferReader(body), use_threads=False)
        schema = AnswerSchema.from_json(table.schema.metadata[SCHEMA_KEY])
        answers = pd.DataFrame({name: _column(table[name], dtype) for name, dtype in schema.columns})
        rows, labels = table[ROW_COLUMN].to_pylist(), table[LABEL_COLUMN].to_pylist()
    except (pa.ArrowException, KeyError, ValueError, TypeError) as error:
        raise CacheError(
            f"part {name} of the shared cache cannot be read ({type(error).__name__}): delete the object"
        ) from None
    return schema, Entries(rows=rows, labels=labels, answers=pack(answers, schema))


def _array(column: "pd.Series[Any]", dtype: Dtype) -> pa.Array:
    if dtype == "float64":
        return pa.array(column.to_numpy(dtype="float64"), from_pandas=False)  # NaN stays a number's NaN, bit for bit
    return pa.array(cells_of(column), _ARROW_TYPES[dtype])


def _column(column: pa.ChunkedArray, dtype: Dtype) -> "pd.Series[Any]":
    if dtype == "float64":
        return pd.Series(np.asarray(column.to_numpy(), dtype="float64"))
    return pd.Series(column.to_pylist(), dtype=PANDAS_DTYPES[dtype])
