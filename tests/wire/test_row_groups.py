"""Promise: a body read in groups holds the rows that it holds when read at once, or is refused alike."""

import contextlib
import io
import json
from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from chem_endpoints.wire import codec
from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES, PARQUET, READABLE
from chem_endpoints.wire.csv_cells import MISSING_OTHER
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.row_groups import csv_blocks, read_row_groups
from wire_frames import typed_frames

group_bytes = st.integers(1, 200)
group_rows = st.integers(1, 30)


def groups_of(body: bytes, content_type: str, **options: int) -> list[pd.DataFrame]:
    return list(read_row_groups(io.BytesIO(body), content_type, **options))


def joined(groups: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [group for group in groups if len(group)] or groups[:1]
    return pd.concat(filled, ignore_index=True)


@given(typed_frames(), st.sampled_from(READABLE), group_bytes, group_rows)
def test_the_groups_joined_are_the_whole(
    case: tuple[pd.DataFrame, list[str]], content_type: str, size: int, rows: int
) -> None:
    frame, _ = case
    frame = frame.replace(MISSING_OTHER, "x")
    body = codec.encode(frame, content_type)
    groups = groups_of(body, content_type, group_bytes=size, group_rows=rows)
    assert_frame_equal(joined(groups), codec.decode(body, content_type), check_column_type=False)
    assert all(0 < len(group) <= rows for group in groups) or [len(group) for group in groups] == [0]


@given(st.binary(max_size=60), st.sampled_from(READABLE), group_bytes)
def test_no_body_raises_anything_but_a_wire_error(body: bytes, content_type: str, size: int) -> None:
    with contextlib.suppress(WireError):
        groups_of(body, content_type, group_bytes=size)


CELLS = st.sampled_from(["C", "1.5", "", " ", '"a\nb"', '"x,""y"', 'a"b', "é", '"\r\n"'])


@given(st.integers(1, 3), st.data(), st.sampled_from(["\n", "\r\n"]), group_bytes)
def test_csv_by_hand_is_the_same_in_groups(width: int, data: st.DataObject, end: str, size: int) -> None:
    row = st.lists(CELLS, min_size=1, max_size=width + data.draw(st.sampled_from([0, 0, 1]))).map(",".join)
    lines = [",".join("abc"[:width]), *data.draw(st.lists(row | st.just(""), max_size=10))]
    body = (data.draw(st.sampled_from(["", "\ufeff", "\n"])) + end.join(lines) + end).encode()
    whole = outcome(lambda: codec.decode(body, CSV))
    grouped = outcome(lambda: joined(groups_of(body, CSV, group_bytes=size)))
    if isinstance(whole, str):
        assert grouped == whole  # with the same line, though many groups stand before it
    else:
        assert isinstance(grouped, pd.DataFrame)
        assert_frame_equal(grouped, whole)


def outcome(read: Callable[[], pd.DataFrame]) -> pd.DataFrame | str:
    try:
        return read()
    except WireError as error:
        return str(error)


def test_positional_bodies_lose_no_first_row_in_any_group() -> None:
    body = b"1,2\n3,4\n5,6\n"
    groups = groups_of(body, CSV, group_bytes=1, positional=True)
    assert_frame_equal(joined(groups), codec.decode(body, CSV, positional=True))
    assert joined(groups).to_numpy().tolist() == [["1", "2"], ["3", "4"], ["5", "6"]]


def test_positional_instances_are_one_group() -> None:
    (group,) = groups_of(b'{"instances": [[1, 2], [3, 4]]}', JSON, positional=True)
    assert group.to_numpy().tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("body", "content_type", "told"),
    [
        (b"a,b\n1,2\n3,4\n5,6,7\n", CSV, "line 4"),
        (b"a\n1\n2\n\xff\n", CSV, "byte 6"),
        (b'{"a": 1}\n{"a": 2}\n{"a": \n', JSON_LINES, "row 2"),
        (b'{"a": 1}\n{"a": 2}\n{"a": 3, "x": 4}\n', JSON_LINES, "row 2 brings the key 'x' that the first 1 rows lack"),
    ],
)
def test_a_place_counts_from_the_start_of_the_body(body: bytes, content_type: str, told: str) -> None:
    with pytest.raises(WireError, match=told):
        groups_of(body, content_type, group_bytes=1)


def test_an_absent_key_is_none_in_later_groups_too() -> None:
    groups = groups_of(b'{"a": 1, "b": 2}\n\n{"b": 3}\n', JSON_LINES, group_bytes=1)
    assert [group.to_numpy().tolist() for group in groups] == [[[1, 2]], [[None, 3]]]


def test_a_line_without_end_is_refused_unread() -> None:
    source = io.BytesIO(b'{"a": "' + b"x" * 20_000_000)
    with pytest.raises(WireError, match="row 0 of the JSON Lines body is a line of more than"):
        list(read_row_groups(source, JSON_LINES))
    assert source.tell() < 10_000_000


def parquet(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def test_one_giant_row_group_of_parquet_comes_in_pieces() -> None:
    table = pa.table({"x": list(range(10_000)), "s": [f"C{n}" for n in range(10_000)]})
    groups = groups_of(parquet(table), PARQUET, group_bytes=20_000)
    assert len(groups) > 3
    assert joined(groups)["x"].tolist() == list(range(10_000))


def test_small_batches_of_arrow_travel_together() -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, pa.schema({"x": pa.int64()})) as stream:
        for n in range(1_000):
            stream.write_batch(pa.record_batch({"x": [n]}))
    groups = groups_of(bytes(sink.getvalue()), ARROW)
    assert [len(group) for group in groups] == [1_000]


def test_a_cut_or_continued_arrow_stream_is_refused() -> None:
    whole = codec.encode(pd.DataFrame({"x": range(10)}), ARROW)
    for body in (whole[:-8], whole + whole, whole[: len(whole) // 2], whole[:-3]):
        with pytest.raises(WireError):
            groups_of(body, ARROW)


@given(st.sampled_from([ARROW, PARQUET]), st.data())
def test_a_damaged_typed_body_costs_no_process(content_type: str, data: st.DataObject) -> None:
    body = bytearray(codec.encode(pd.DataFrame({"x": [1, 2, None], "s": ["C", None, "CC"]}), content_type))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    for read in (lambda: groups_of(bytes(body), content_type), lambda: codec.decode(bytes(body), content_type)):
        with contextlib.suppress(WireError):
            read()


def test_the_blocks_are_at_hand_for_who_needs_no_frame() -> None:
    (block,) = csv_blocks(io.BytesIO(b"a\n1\n"))
    assert (block.header, block.rows) == (b"a\n", b"1\n")


def test_json_is_one_group_however_it_is_laid_out() -> None:
    body = json.dumps({"columns": ["a"], "data": [[n] for n in range(10)]}).encode()
    assert joined(groups_of(body, JSON, group_bytes=1))["a"].tolist() == list(range(10))
