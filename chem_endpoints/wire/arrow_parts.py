"""An Arrow stream in parts: one schema at the start, then record batches, each written when its rows are done."""

import re
from typing import Any

import pandas as pd
import pyarrow as pa

from chem_endpoints.wire.arrow_format import END_OF_STREAM, MALFORMED, table_of
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.options import MODEL_DIGEST_KEY

_LEVEL = re.compile(r"__index_level_[0-9]+__")
"""What pyarrow calls an index without a name."""


class ArrowParts:
    """The `PartWriter` of Arrow; the caller's columns become an Arrow table once, with the types of all their rows.

    ``digest`` stands in the schema's metadata, see `chem_endpoints.wire.arrow_format.arrow_digest`.
    """

    def __init__(self, own: pd.DataFrame, schema: bytes | None, digest: str = "") -> None:
        self._own, self._digest = own, digest
        self._promised = None if schema is None else pa.ipc.read_schema(pa.py_buffer(schema))
        self._table: pa.Table | None = None
        self._opening = 0

    @property
    def schema(self) -> bytes | None:
        """The schema message that opens the stream, once a part was written."""
        return None if self._table is None else bytes(self._table.schema.serialize())

    def part(self, rows: slice, added: pd.DataFrame, *, first: bool) -> bytes:
        """See `PartWriter.part`."""
        if self._table is None:
            self._table = _with_digest(_with_room(self._own, added, self._promised), self._digest)
            self._opening = len(_stream(self._table.schema.empty_table()))
        start, stop, _ = rows.indices(len(self._own))
        table = self._table.slice(start, stop - start)
        for place, name in enumerate(added.columns, start=self._own.shape[1]):
            field = table.schema.field(place)
            table = table.set_column(place, field, _array(added[name], field))
        return _stream(table)[0 if first else self._opening :]


def _with_room(own: pd.DataFrame, added: pd.DataFrame, promised: pa.Schema | None) -> pa.Table:
    """The caller's columns and, so that the schema holds them, the added ones without values."""
    room = added.iloc[:0].reset_index(drop=True).reindex(pd.RangeIndex(len(own))).set_axis(own.index, axis="index")
    frame = pd.concat([own, room], axis="columns")
    if promised is None:
        return table_of(frame)
    _check_promised(frame, promised)
    return table_of(frame, schema=promised)


def _with_digest(table: pa.Table, digest: str) -> pa.Table:
    if not digest:
        return table
    return table.replace_schema_metadata({**(table.schema.metadata or {}), MODEL_DIGEST_KEY: digest})


def _check_promised(frame: pd.DataFrame, promised: pa.Schema) -> None:
    names = [str(name) for name in frame.columns]
    for name in names:
        if name not in promised.names:
            raise WireError(f"column {name!r} is new; give all rows the columns of the first ones")
    for field in promised:
        if field.name in names:
            _array(frame.iloc[:, names.index(field.name)], field)
        elif field.name not in frame.index.names and not _LEVEL.fullmatch(field.name):
            raise WireError(f"column {field.name!r} is absent; give all rows the columns of the first ones")


def _array(column: "pd.Series[Any]", field: pa.Field) -> pa.Array:
    try:
        return pa.Array.from_pandas(column, type=field.type)
    except MALFORMED as error:
        raise WireError(
            f"column {field.name!r} holds something else than the {field.type} of the first rows"
            f" ({type(error).__name__}); Accept application/jsonlines instead"
        ) from None


def _stream(table: pa.Table) -> bytes:
    """A stream without what closes it."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())[: -len(END_OF_STREAM)]
