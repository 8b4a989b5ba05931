"""Promise: a small body that unpacks to a huge table, or is nested without end, is refused in time."""

import io
import tracemalloc
from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chem_endpoints.wire import arrow_format, codec, parquet_format
from chem_endpoints.wire.content_types import ARROW, CSV, JSON_LINES, PARQUET
from chem_endpoints.wire.errors import BodyTooLargeError, WireError
from chem_endpoints.wire.row_groups import read_row_groups

Read = Callable[[bytes, str], object]


def in_groups(body: bytes, content_type: str) -> list[pd.DataFrame]:
    return list(read_row_groups(io.BytesIO(body), content_type))


both_ways = pytest.mark.parametrize("read", [codec.decode, in_groups])


def arrow_of(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def parquet_of(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", store_schema=False)
    return sink.getvalue()


def nested(depth: int) -> pa.Table:
    kind = pa.int32()
    for _ in range(depth):
        kind = pa.struct([pa.field("a", kind)])
    return pa.schema([pa.field("x", kind)]).empty_table()


@both_ways
def test_rows_of_arrow_that_take_no_bytes(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_format, "MAX_CELLS", 1_999_999)
    body = arrow_of(pa.table({"x": pa.nulls(1_000_000), "y": pa.nulls(1_000_000)}))
    assert len(body) < 20_000
    with pytest.raises(BodyTooLargeError, match="1000000 rows of 2 columns are more than 1999999 cells"):
        read(body, ARROW)


def test_more_rows_of_parquet_than_are_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_format, "MAX_CELLS", 999_999)
    body = parquet_of(pa.table({"x": pa.nulls(1_000_000, pa.int32())}))
    assert len(body) < 20_000
    with pytest.raises(BodyTooLargeError, match="1000000 rows"):
        codec.decode(body, PARQUET)
    assert sum(map(len, in_groups(body, PARQUET))) == 1_000_000


def test_a_text_that_stands_once_and_fills_many_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_format, "MAX_BYTES", 50_000_000)
    body = parquet_of(pa.table({"x": ["C" * 1_000] * 100_000}))
    assert len(body) < 20_000
    with pytest.raises(BodyTooLargeError, match="unpacks to more than 50000000 bytes"):
        codec.decode(body, PARQUET)


@both_ways
def test_nesting_without_end(read: Read) -> None:
    for body, content_type in ((parquet_of(nested(500)), PARQUET), (arrow_of(nested(500)), ARROW)):
        with pytest.raises(WireError):
            read(body, content_type)


@both_ways
def test_a_message_that_declares_more_than_came(read: Read) -> None:
    body = b"\xff\xff\xff\xff" + (2**31 - 8).to_bytes(4, "little") + b"x" * 100
    with pytest.raises(WireError):
        read(body, ARROW)


@pytest.mark.parametrize(
    ("content_type", "head", "row"),
    [(CSV, b"smiles,x\n", b"CCO,1.5\n"), (JSON_LINES, b"", b'{"smiles":"CCO","x":1.5}\n')],
)
def test_a_file_is_never_held_as_a_whole(content_type: str, head: bytes, row: bytes) -> None:
    rows = 200_000
    source = io.BytesIO(head + row * rows)
    tracemalloc.start()
    count = sum(len(group) for group in read_row_groups(source, content_type, group_bytes=20_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == rows
    assert peak < 1_000_000
