"""Promise: whatever a frame holds, each row travels once and its own answer comes back to its place, or none does."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from chem_endpoints.client.attach import attach_answer
from chem_endpoints.client.own_rows import CSV_ROWS, OwnRows
from chem_endpoints.client.sent_columns import model_columns
from chem_endpoints.errors import AnswerMismatchError
from chem_endpoints.wire import codec
from chem_endpoints.wire.columns import PREDICTION_ERROR, ROW_NUMBER
from chem_endpoints.wire.content_types import ARROW, CSV
from chem_endpoints.wire.features import read_features
from chem_endpoints.wire.manifest import Feature, Output
from manifests import small_manifest

MANIFEST = small_manifest(
    features=(Feature(name="smiles", dtype="text"), Feature(name="LogP", dtype="float64", missing="allow")),
    outputs=(Output(name="prediction", dtype="float64"), Output(name="count", dtype="int64")),
)
TEXT = str(pd.Series([], dtype="str").dtype)

cells = st.one_of(st.text(max_size=6), st.none(), st.just("__NA__"), st.just("N/A"), st.just("a\rb"), st.integers())


def own_rows(frame: pd.DataFrame, *, readable: bool = False) -> OwnRows:
    sent = model_columns(frame, MANIFEST.features, {})
    return OwnRows(sent=sent.frame, reasons=sent.reasons, manifest=MANIFEST, readable=readable)


def positions(start: int, stop: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.arange(start, stop, dtype=np.int64)


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 12))
    index = draw(st.lists(st.sampled_from(["a", "b", "a", 1]), min_size=rows, max_size=rows))
    frame = pd.DataFrame(
        {
            "SMILES": pd.Series(draw(st.lists(cells, min_size=rows, max_size=rows)), dtype=object),
            "LogP": pd.Series(
                draw(st.lists(st.floats(allow_infinity=False), min_size=rows, max_size=rows)), dtype="Float64"
            ),
            "drawing": pd.Series([object() for _ in range(rows)], dtype=object),
            "flag": pd.Series(draw(st.lists(st.booleans() | st.none(), min_size=rows, max_size=rows)), dtype="boolean"),
        }
    )
    frame["kind"] = pd.Categorical(["x"] * rows)
    frame.index = pd.Index(index, dtype=object)
    return frame


def served(body: bytes, content_type: str) -> bytes:
    """What a server answers: the row number again, and two columns that depend on the row alone."""
    numbers = codec.decode(body, content_type)[ROW_NUMBER].astype(int)
    answer = pd.DataFrame({ROW_NUMBER: numbers, "prediction": numbers + 0.1, "count": numbers.astype("Int64") * 2})
    answer[PREDICTION_ERROR] = pd.Series(["odd: it is" if n % 2 else "" for n in numbers], dtype="str")
    return codec.encode(answer, content_type)


@given(frames(), st.integers(1, 5), st.booleans())
def test_every_row_comes_back_to_its_place_and_nothing_else_changes(
    frame: pd.DataFrame, rows_per_request: int, readable: bool
) -> None:
    before = frame.copy(deep=True)
    travelling = own_rows(frame, readable=readable)
    parts = []
    for start in range(0, len(frame), rows_per_request):
        rows = positions(start, min(start + rows_per_request, len(frame)))
        body, content_type = travelling.encode(rows)
        parts.append(travelling.read(rows, served(body, content_type), content_type))
    if not parts:
        return
    out = attach_answer(frame, pd.concat(parts, ignore_index=True)).frame
    assert_frame_equal(frame, before)
    assert_frame_equal(out[before.columns], before)
    assert out.columns.tolist() == [*before.columns, "prediction", "count", PREDICTION_ERROR]
    assert [str(out[name].dtype) for name in ("prediction", "count", PREDICTION_ERROR)] == ["float64", "Int64", TEXT]
    assert out["prediction"].tolist() == [row + 0.1 for row in range(len(frame))]
    assert out[PREDICTION_ERROR].tolist() == ["odd: it is" if row % 2 else "" for row in range(len(frame))]


@given(frames())
def test_the_server_reads_what_the_caller_wrote(frame: pd.DataFrame) -> None:
    if frame.empty:
        return
    body, content_type = own_rows(frame).encode(positions(0, len(frame)))
    sent = codec.decode(body, content_type)
    assert sent.columns.tolist() == [ROW_NUMBER, "smiles", "LogP"]
    for cell, came in zip(frame["SMILES"], sent["smiles"], strict=True):
        if cell is None:
            assert came is None or pd.isna(came) or came == "__NA__"
        else:
            assert came == str(cell)


def test_any_rows_can_be_asked_alone() -> None:
    travelling = own_rows(pd.DataFrame({"smiles": ["C", "CC", "CCC", "CCCC"], "LogP": [1.0, 2.0, 3.0, 4.0]}))
    rows = np.array([1, 3], dtype=np.int64)
    body, content_type = travelling.encode(rows)
    assert body == b"__row__,smiles,LogP\n1,CC,2.0\n3,CCCC,4.0\n"
    assert travelling.read(rows, served(body, content_type), content_type)["prediction"].tolist() == [1.1, 3.1]


def test_a_text_that_csv_cannot_carry_travels_as_arrow() -> None:
    travelling = own_rows(pd.DataFrame({"smiles": ["__NA__"], "LogP": [1.0]}), readable=True)
    assert travelling.encode(positions(0, 1))[1] == ARROW


def test_many_rows_travel_as_arrow_unless_somebody_reads_the_captured_requests() -> None:
    rows = CSV_ROWS + 1
    frame = pd.DataFrame({"smiles": ["C"] * rows, "LogP": [1.0] * rows})
    for readable, content_type in ((False, ARROW), (True, CSV)):
        assert own_rows(frame, readable=readable).encode(positions(0, rows))[1] == content_type


@pytest.mark.parametrize(
    "body",
    [
        b"__row__,prediction,count,prediction_error\n0,1,1,\n",
        b"__row__,prediction,count,prediction_error\n1,1,1,\n0,1,1,\n",
        b"__row__,prediction,count,prediction_error\n0,x,1,\n1,1,1,\n",
        b"prediction,count,prediction_error\n1,1,\n1,1,\n",
        b"__row__,prediction\n0,1\n1,1\n",
        b"",
    ],
)
def test_an_answer_that_is_not_one_row_for_each_row_is_refused(body: bytes) -> None:
    travelling = own_rows(pd.DataFrame({"smiles": ["C", "CC"], "LogP": [1.0, 2.0]}))
    with pytest.raises(AnswerMismatchError, match="2 rows from 0 to 1"):
        travelling.read(positions(0, 2), body, CSV)


@pytest.mark.parametrize("rows", [3, CSV_ROWS + 100])
def test_an_empty_structure_is_missing_whatever_the_size_of_the_request(rows: int) -> None:
    frame = pd.DataFrame({"smiles": [math.nan] * rows, "LogP": [True] * rows})
    sent = codec.decode(*own_rows(frame).encode(positions(0, rows)))
    read = read_features(sent, MANIFEST.features)
    assert read.reasons == dict.fromkeys(range(rows), "missing_value: column 'smiles' is empty")
    assert read.frame["LogP"].tolist() == [1.0] * rows


def test_an_infinite_answer_reaches_the_caller() -> None:
    body = b"__row__,prediction,count,prediction_error\n0,-inf,1,\n"
    travelling = own_rows(pd.DataFrame({"smiles": ["C"], "LogP": [1.0]}))
    assert travelling.read(positions(0, 1), body, CSV)["prediction"].tolist() == [-math.inf]
