"""Promise: an answer in parts, by however many writers, is the answer written at once, and says which model gave it."""

import io
import itertools

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from chem_endpoints.wire import codec
from chem_endpoints.wire.arrow_format import arrow_digest
from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES, PARQUET, WRITABLE
from chem_endpoints.wire.csv_cells import MISSING_OTHER
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.options import MODEL_DIGEST_KEY
from chem_endpoints.wire.parts import answer_end, arrow_to_parquet, part_writer
from wire_frames import typed_frames

BIG = 12345678901234567890123


@st.composite
def answers(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = draw(st.integers(0, 12))
    own, _ = draw(typed_frames(rows=rows, prefix="own "))
    own = own.iloc[:, : draw(st.integers(0, own.shape[1]))]
    own.index = draw(st.sampled_from([own.index, pd.Index(["a"] * rows, dtype="str", name="label")]))
    added, dtypes = draw(typed_frames(rows=rows, prefix="added "))
    for place, dtype in enumerate(dtypes):
        if dtype == "text":  # CSV refuses it, which is another test's promise
            added.isetitem(place, added.iloc[:, place].replace(MISSING_OTHER, "x"))
    return own, added


def whole(own: pd.DataFrame, added: pd.DataFrame, content_type: str) -> bytes:
    together = pd.concat([own, added.set_axis(own.index, axis="index")], axis="columns")
    return codec.encode(together, content_type, own_columns=own.shape[1])


def closed(body: bytes, content_type: str) -> bytes:
    body += answer_end(content_type)
    if content_type != PARQUET:
        return body
    target = io.BytesIO()
    arrow_to_parquet(io.BytesIO(body), target)
    return target.getvalue()


def assert_same(body: bytes, expected: bytes, content_type: str) -> None:
    if content_type in (ARROW, PARQUET):
        assert_frame_equal(codec.decode(body, content_type), codec.decode(expected, content_type))
    else:
        assert body == expected


def row_by_row(own: pd.DataFrame, added: pd.DataFrame, content_type: str) -> bytes:
    """As fresh writers write it, one for each row."""
    return b"".join(
        part_writer(content_type, own).part(slice(row, row + 1), added.iloc[[row]], first=row == 0)
        for row in range(len(own))
    )


DIGEST = "0123456789abcdef" * 4


@given(answers(), st.sampled_from([ARROW, PARQUET]), st.data())
def test_the_model_digest_travels_and_changes_nothing_else(
    answer: tuple[pd.DataFrame, pd.DataFrame], content_type: str, data: st.DataObject
) -> None:
    own, added = answer
    body, schema = b"", None
    for rows in cuts(data.draw, len(own)):
        group = own.iloc[rows].reset_index(drop=True) if isinstance(own.index, pd.RangeIndex) else own.iloc[rows]
        writer = part_writer(content_type, group, schema=schema, digest=DIGEST)
        body += writer.part(slice(0, len(group)), added.iloc[rows], first=rows.start == 0)
        schema = schema or writer.schema
    body = closed(body, content_type)
    assert_same(body, whole(own, added, content_type), content_type)
    if content_type == ARROW:
        assert arrow_digest(body) == DIGEST
    else:
        assert pq.read_schema(io.BytesIO(body)).metadata[MODEL_DIGEST_KEY.encode()] == DIGEST.encode()


def test_what_carries_no_digest_has_none() -> None:
    stream = codec.encode(pd.DataFrame({"x": [1.0]}), ARROW)
    assert [arrow_digest(body) for body in (stream, stream[:40], b"prediction\n1\n", b"")] == [""] * 4


def cuts(draw: st.DrawFn, rows: int) -> list[slice]:
    if not rows:
        return [slice(0, 0)]
    inner = draw(st.sets(st.integers(1, rows - 1), max_size=4)) if rows > 1 else set()
    bounds = [0, *sorted(inner), rows]
    return [slice(start, stop) for start, stop in itertools.pairwise(bounds)]


@given(answers(), st.sampled_from(WRITABLE), st.booleans(), st.data())
def test_slices_by_one_writer_or_a_fresh_one_each(
    answer: tuple[pd.DataFrame, pd.DataFrame], content_type: str, fresh: bool, data: st.DataObject
) -> None:
    own, added = answer
    writer = part_writer(content_type, own)
    body = b""
    for rows in cuts(data.draw, len(own)):
        writer = part_writer(content_type, own) if fresh else writer
        body += writer.part(rows, added.iloc[rows], first=rows.start == 0)
    assert_same(closed(body, content_type), whole(own, added, content_type), content_type)


@given(answers(), st.sampled_from(WRITABLE), st.data())
def test_groups_with_a_writer_each(
    answer: tuple[pd.DataFrame, pd.DataFrame], content_type: str, data: st.DataObject
) -> None:
    own, added = answer
    body, schema = b"", None
    for rows in cuts(data.draw, len(own)):
        group = own.iloc[rows].reset_index(drop=True) if isinstance(own.index, pd.RangeIndex) else own.iloc[rows]
        writer = part_writer(content_type, group, schema=schema)
        body += writer.part(slice(0, len(group)), added.iloc[rows], first=rows.start == 0)
        schema = schema or writer.schema
    assert_same(closed(body, content_type), whole(own, added, content_type), content_type)


@pytest.mark.parametrize("content_type", [JSON, JSON_LINES])
def test_numbers_beyond_64_bits_and_nested_cells_go_back(content_type: str) -> None:
    nested = [{"a": [BIG, 1.5, None]}, None, [True, "x"]]
    own = pd.DataFrame({"n": [BIG, -(2**63), 2**64 - 1], "o": nested}, dtype=object)
    added = pd.DataFrame({"p": [1e-7, np.nan, np.inf]})
    body = closed(row_by_row(own, added, content_type), content_type)
    assert_same(body, whole(own, added, content_type), content_type)
    assert codec.decode(body, content_type)[["n", "o"]].to_numpy().tolist() == own.to_numpy().tolist()


def test_categories_survive_parts_by_fresh_writers() -> None:
    own = pd.DataFrame({"c": pd.Categorical(["x", "y", None])})
    added = pd.DataFrame({"p": [1.0, 2.0, 3.0]})
    assert_same(closed(row_by_row(own, added, ARROW), ARROW), whole(own, added, ARROW), ARROW)


def test_a_group_of_another_type_is_refused_by_its_column() -> None:
    added = pd.DataFrame({"p": [1.0]})
    first = part_writer(ARROW, pd.DataFrame({"x": [1]}, dtype=object))
    first.part(slice(0, 1), added, first=True)
    for own, told in (
        (pd.DataFrame({"x": ["secret"]}), "column 'x' holds something else than the int64"),
        (pd.DataFrame({"x": [1], "y": [1]}), "column 'y' is new"),
        (pd.DataFrame(index=[0]), "column 'x' is absent"),
    ):
        with pytest.raises(WireError, match=told) as refusal:
            part_writer(ARROW, own, schema=first.schema).part(slice(0, 1), added, first=False)
        assert "secret" not in str(refusal.value)


def test_a_placeholder_among_the_added_texts_is_refused() -> None:
    writer = part_writer(CSV, pd.DataFrame({"x": ["1"]}))
    with pytest.raises(WireError, match=MISSING_OTHER):
        writer.part(slice(0, 1), pd.DataFrame({"t": pd.Series([MISSING_OTHER], dtype="str")}), first=True)


@pytest.mark.parametrize("content_type", [JSON, JSON_LINES, ARROW])
def test_half_a_surrogate_pair_is_refused(content_type: str) -> None:
    added = pd.DataFrame({"p": [1.0]})
    with pytest.raises(WireError):
        part_writer(content_type, pd.DataFrame({"x": ["\ud800"]}, dtype=object)).part(slice(0, 1), added, first=True)


def test_many_small_batches_become_one_row_group() -> None:
    own = pd.DataFrame({"x": range(100)})
    added = pd.DataFrame({"p": np.arange(100.0)})
    parquet = pq.ParquetFile(io.BytesIO(closed(row_by_row(own, added, PARQUET), PARQUET)))
    assert parquet.metadata.num_row_groups == 1


def test_what_is_no_stream_has_no_parquet_form() -> None:
    with pytest.raises(WireError, match="Parquet"):
        arrow_to_parquet(io.BytesIO(b"nothing"), io.BytesIO())
