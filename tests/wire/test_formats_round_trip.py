"""Promise: what a format carries comes back exactly; what it cannot carry is refused by name, never changed."""

import contextlib
import json
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from chem_endpoints.wire import codec
from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES, PARQUET, READABLE
from chem_endpoints.wire.csv_cells import MISSING_OTHER
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.manifest import Dtype
from chem_endpoints.wire.typed_columns import typed
from wire_frames import AWKWARD_TEXTS, typed_frames


def through(frame: pd.DataFrame, content_type: str) -> pd.DataFrame:
    return codec.decode(codec.encode(frame, content_type), content_type)


def assert_cells_survive(frame: pd.DataFrame, dtypes: list[Dtype], content_type: str) -> None:
    came = through(frame, content_type)
    assert came.columns.tolist() == list(frame.columns) or (content_type in (JSON, JSON_LINES) and frame.empty)
    assert len(came) == len(frame)
    for position, dtype in enumerate(dtypes if len(frame) else []):
        column = came.iloc[:, position]
        if dtype == "text":
            assert column.tolist() == frame.iloc[:, position].tolist()
        else:
            restored = typed(column, dtype).values
            expected = frame.iloc[:, position]
            assert restored.dtype == expected.dtype
            assert_frame_equal(restored.to_frame("x"), expected.to_frame("x"), check_exact=True)


@given(typed_frames())
@example((pd.DataFrame({"x": pd.Series(["", "", ""], dtype="str")}), ["text"]))
@example((pd.DataFrame({"x": pd.Series(["a\rb"], dtype="str"), "y": [0.1 + 0.2]}), ["text", "float64"]))
@example((pd.DataFrame({"\ufeffx": pd.Series(["1"], dtype="str")}), ["text"]))
def test_csv_returns_every_cell_or_refuses_its_placeholder(case: tuple[pd.DataFrame, list[Dtype]]) -> None:
    frame, dtypes = case
    texts = [frame.iloc[:, position] for position, dtype in enumerate(dtypes) if dtype == "text"]
    if any(MISSING_OTHER in column.tolist() for column in texts):
        with pytest.raises(WireError, match=MISSING_OTHER):
            codec.encode(frame, CSV)
    else:
        assert_cells_survive(frame, dtypes, CSV)


@given(typed_frames(), st.sampled_from([JSON, JSON_LINES]))
def test_json_returns_every_cell(case: tuple[pd.DataFrame, list[Dtype]], content_type: str) -> None:
    assert_cells_survive(*case, content_type)


@given(typed_frames(), st.sampled_from([ARROW, PARQUET]), st.data())
def test_arrow_and_parquet_return_the_same_frame_with_its_index_and_types(
    case: tuple[pd.DataFrame, list[Dtype]], content_type: str, data: st.DataObject
) -> None:
    frame, _ = case
    labels = data.draw(st.lists(st.sampled_from(["a", "a", "b"]), min_size=len(frame), max_size=len(frame)))
    frame.index = pd.Index(labels, dtype="str")
    assert_frame_equal(through(frame, content_type), frame)


@pytest.mark.parametrize("text", AWKWARD_TEXTS)
def test_an_id_stays_the_text_that_it_is_in_csv(text: str) -> None:
    frame = pd.DataFrame({"id": pd.Series([text, "x"], dtype="str"), "n": [1.5, math.nan]})
    assert through(frame, CSV)["id"].tolist() == [text, "x"]


def test_csv_refuses_a_text_that_would_come_back_as_missing() -> None:
    frame = pd.DataFrame({"batch": pd.Series(["ok", "__NA__"], dtype="str")})
    with pytest.raises(WireError, match=r"column 'batch', row 1: the text __NA__"):
        codec.encode(frame, CSV)


def test_csv_refuses_half_a_surrogate_pair() -> None:
    with pytest.raises(WireError, match="surrogate"):
        codec.encode(pd.DataFrame({"x": pd.Series(["\ud800"], dtype=object)}), CSV)


def test_duplicate_column_names_survive_csv_and_are_refused_elsewhere() -> None:
    frame = pd.DataFrame([["1", "2"]], columns=["a", "a"])
    assert through(frame, CSV).columns.tolist() == ["a", "a"]
    for content_type in (JSON, JSON_LINES, ARROW, PARQUET):
        with pytest.raises(WireError):
            codec.encode(frame, content_type)


def test_infinities_travel_as_text_in_json() -> None:
    frame = pd.DataFrame({"x": [math.inf, -math.inf, 1.0]})
    assert codec.encode(frame, JSON) == b'[{"x":"Infinity"},{"x":"-Infinity"},{"x":1.0}]'


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"smiles\nCCO\n\nCC\n", ["CCO", "", "CC"]),  # one column: a blank line is an empty cell
        (b"smiles\r\nCCO\r\nCC\r\n", ["CCO", "CC"]),
        (b"\xef\xbb\xbfsmiles\nCCO", ["CCO"]),
        (b"smiles,id\nCCO,1\n\nCC,2\n\n", ["CCO", "CC"]),
        (b"smiles,id\nCCO\n", ["CCO"]),
        (b"smiles\nCCO\n\n\n", ["CCO"]),
    ],
)
def test_csv_as_people_write_it(body: bytes, rows: list[str]) -> None:
    frame = codec.decode(body, CSV)
    assert frame["smiles"].tolist() == rows


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (b"", CSV, "empty"),
        (b"   \n", CSV, "empty"),
        (b"a,b\n1,2,3\n", CSV, "line 2"),
        (b"a\n\xff\n", CSV, "not UTF-8"),
        (b"{", JSON, "not JSON"),
        (b'{"a": 1}', JSON, "none of the layouts"),
        (b"[1]", JSON, "row 0"),
        (b'[{"a": NaN}]', JSON, "not JSON"),
        (b'{"columns": ["a"], "data": [[1, 2]]}', JSON, "row 0"),
        (b'{"columns": 1, "data": []}', JSON, "must be lists"),
        (b'{"a": [1], "b": [1, 2]}', JSON, "different lengths"),
        (b"[" * 100_000, JSON, "not JSON"),
        (b"not arrow", ARROW, "Arrow"),
        (b"", ARROW, "Arrow"),
        (b"{", JSON_LINES, "row 0 of the JSON Lines body is not JSON"),
        (b'{"a": 1}\n\n[1]\n', JSON_LINES, "row 1 of the JSON Lines body is no object"),
        (b'{"a": NaN}', JSON_LINES, "not JSON"),
        (b'{"a":' * 100_000, JSON_LINES, "not JSON"),
        (b"", PARQUET, "Parquet"),
        (b"PAR1PAR1", PARQUET, "Parquet"),
        (b"PAR1" + b"\xff" * 40 + b"PAR1", PARQUET, "Parquet"),
    ],
)
def test_a_malformed_body_is_told_what_to_do(body: bytes, content_type: str, message: str) -> None:
    with pytest.raises(WireError, match=message):
        codec.decode(body, content_type)


@given(st.binary(max_size=60), st.sampled_from(READABLE))
def test_no_body_raises_anything_but_a_wire_error(body: bytes, content_type: str) -> None:
    with contextlib.suppress(WireError):
        codec.decode(body, content_type)


def test_json_layouts_mean_the_same() -> None:
    expected = [["CCO", 1], ["CC", None]]
    bodies = [
        b'[{"smiles": "CCO", "id": 1}, {"smiles": "CC"}]',
        b'{"instances": [{"smiles": "CCO", "id": 1}, {"smiles": "CC"}]}',
        b'{"columns": ["smiles", "id"], "data": [["CCO", 1], ["CC", null]]}',
        b'{"smiles": ["CCO", "CC"], "id": [1, null]}',
    ]
    for body in bodies:
        frame = codec.decode(body, JSON)
        assert frame.columns.tolist() == ["smiles", "id"]
        assert frame.to_numpy().tolist() == expected


def test_a_numpy_integer_column_becomes_json_numbers() -> None:
    assert codec.encode(pd.DataFrame({"n": np.array([1, 2])}), JSON) == b'[{"n":1},{"n":2}]'


def stream_of(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        for batch in table.to_batches(max_chunksize=1):
            stream.write_batch(batch)
    return bytes(sink.getvalue())


def test_a_null_changes_no_number_beside_it_in_arrow_of_other_tools() -> None:
    table = pa.table({"id": pa.array([9007199254740993, None]), "flag": pa.array([True, None])})
    frame = codec.decode(stream_of(table), ARROW)
    assert codec.encode(frame, CSV, own_columns=2) == b"id,flag\n9007199254740993,true\n,\n"


def test_an_arrow_stream_that_is_cut_short_or_goes_on_is_refused() -> None:
    whole = stream_of(pa.table({"x": [1, 2, 3]}))
    for body in (whole[:-8], whole + whole, whole[: len(whole) // 2]):
        with pytest.raises(WireError):
            codec.decode(body, ARROW)
    assert len(codec.decode(whole, ARROW)) == 3


@pytest.mark.parametrize("metadata", [b"[]", b"{", b'{"index_columns": [1], "columns": [], "column_indexes": []}'])
def test_strange_pandas_metadata_is_the_callers_mistake(metadata: bytes) -> None:
    body = stream_of(pa.table({"x": [1]}).replace_schema_metadata({b"pandas": metadata}))
    with contextlib.suppress(WireError):
        codec.decode(body, ARROW)


def test_the_callers_own_columns_go_back_as_they_came() -> None:
    body = b"a,b\n__NA__,N/A\n,007\n"
    assert codec.encode(codec.decode(body, CSV), CSV, own_columns=2) == body


def test_rows_that_each_bring_their_own_key_are_refused() -> None:
    body = json.dumps([{f"k{n}": 1} for n in range(3000)]).encode()
    with pytest.raises(WireError, match="3000 different keys"):
        codec.decode(body, JSON)
