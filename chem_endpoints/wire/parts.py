"""An answer in parts, written as rows finish, perhaps by several processes one after another.

All that a part depends on is the body's rows, the added columns' types and, where a body is read in groups, the
opening of the first: so whoever has the body can write the next part.
"""

from collections.abc import Callable
from typing import Protocol

import pandas as pd

from chem_endpoints.wire import json_cells
from chem_endpoints.wire.arrow_format import END_OF_STREAM
from chem_endpoints.wire.arrow_parts import ArrowParts
from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES, PARQUET
from chem_endpoints.wire.csv_cells import added_cells, header_cells, lines, own_cells
from chem_endpoints.wire.parquet_format import arrow_to_parquet

__all__ = ["PartWriter", "answer_end", "arrow_to_parquet", "part_writer"]

_ENDS = {CSV: b"", JSON: b"]", JSON_LINES: b"", ARROW: END_OF_STREAM, PARQUET: END_OF_STREAM}


class PartWriter(Protocol):
    """Writes the rows of one frame with the added columns beside them.

    The parts of an answer, one after another and `answer_end` behind, are what `codec.encode` makes of the whole (of
    Arrow: a stream of the same content). The first part may lack rows only if it is the only one.
    """

    def part(self, rows: slice, added: pd.DataFrame, *, first: bool) -> bytes:
        """Some rows as bytes; ``added`` has a row for each of them, whatever its index.

        ``first``: with what opens the answer before them: a header line, ``[`` or a schema.

        Raises:
            WireError: the format cannot carry a cell.
        """
        ...

    @property
    def schema(self) -> bytes | None:
        """Of Arrow, after the first part: what `part_writer` takes for the next group of the same body."""
        return None


def part_writer(content_type: str, own: pd.DataFrame, *, schema: bytes | None = None, digest: str = "") -> PartWriter:
    """A writer for the rows of ``own``, the caller's columns that go back.

    A body that is read in groups has a writer for each. Arrow promises types at its start: later groups take them
    from ``schema``, that of the first group's writer. With Parquet the parts are Arrow's; see `arrow_to_parquet`.

    ``digest``, the model digest, travels in the metadata of an Arrow or Parquet answer (see `arrow_digest`); the
    other formats have no place for it.

    Raises:
        WireError: the format cannot carry the caller's columns.
        KeyError: ``content_type`` is none of `content_types.WRITABLE`.
    """
    if content_type in (ARROW, PARQUET):
        return ArrowParts(own, schema, digest)
    writers: dict[str, Callable[[pd.DataFrame], PartWriter]]
    writers = {CSV: _CsvParts, JSON: _JsonParts, JSON_LINES: _JsonLinesParts}
    return writers[content_type](own)


def answer_end(content_type: str) -> bytes:
    """What closes an answer behind its last part."""
    return _ENDS[content_type]


class _CsvParts(PartWriter):
    def __init__(self, own: pd.DataFrame) -> None:
        self._names = list(own.columns)
        self._own = own_cells(own)

    def part(self, rows: slice, added: pd.DataFrame, *, first: bool) -> bytes:
        cells = [self._own[rows]] if self._names else []
        opening = header_cells([*self._names, *added.columns]) + b"\n" if first else b""
        return opening + lines(*cells, added_cells(added))


class _JsonLinesParts(PartWriter):
    def __init__(self, own: pd.DataFrame) -> None:
        self._names = list(own.columns)
        self._own = json_cells.column_values(own)

    def part(self, rows: slice, added: pd.DataFrame, *, first: bool) -> bytes:
        del first  # nothing opens such an answer
        return b"".join([one + b"\n" for one in self._objects(rows, added)])

    def _objects(self, rows: slice, added: pd.DataFrame) -> list[bytes]:
        names = json_cells.keys_of([*self._names, *added.columns])
        columns = [cells[rows] for cells in self._own] + json_cells.column_values(added)
        return json_cells.write_objects(names, columns, rows=len(added))


class _JsonParts(_JsonLinesParts):
    def part(self, rows: slice, added: pd.DataFrame, *, first: bool) -> bytes:
        objects = b",".join(self._objects(rows, added))
        if first:
            return b"[" + objects
        return b"," + objects if objects else b""
