"""Promise: whatever a frame looks like, each row travels once and comes back to its place; nothing else changes."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from chem_endpoints.client.attach import attach, read_answer
from chem_endpoints.client.chunks import Chunk, cut, model_columns
from chem_endpoints.errors import AnswerMismatchError, InvalidInputError
from chem_endpoints.wire import codec
from chem_endpoints.wire.answers import empty_answer
from chem_endpoints.wire.columns import PREDICTION_ERROR, ROW_NUMBER
from chem_endpoints.wire.content_types import ARROW, CSV
from chem_endpoints.wire.features import read_features
from chem_endpoints.wire.manifest import Feature, Output
from manifests import small_manifest

MANIFEST = small_manifest(
    features=(Feature(name="smiles", dtype="text"), Feature(name="LogP", dtype="float64", missing="allow")),
    outputs=(Output(name="prediction", dtype="float64"), Output(name="count", dtype="int64")),
)

cells = st.one_of(st.text(max_size=6), st.none(), st.just("__NA__"), st.just("N/A"), st.just("a\rb"), st.integers())


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


def served(chunk: Chunk) -> bytes:
    """What a server answers: the row number again, and two columns that depend on the row alone."""
    sent = codec.decode(chunk.body, chunk.content_type)
    numbers = sent[ROW_NUMBER].astype(int)
    answer = pd.DataFrame({ROW_NUMBER: numbers, "prediction": numbers + 0.1, "count": numbers.astype("Int64") * 2})
    answer[PREDICTION_ERROR] = pd.Series(["odd: it is" if n % 2 else "" for n in numbers], dtype="str")
    return codec.encode(answer, chunk.content_type)


@given(frames(), st.integers(1, 5), st.booleans())
def test_every_row_comes_back_to_its_place_and_nothing_else_changes(
    frame: pd.DataFrame, rows_per_chunk: int, readable: bool
) -> None:
    before = frame.copy(deep=True)
    chunks = list(
        cut(
            model_columns(frame, MANIFEST.features, {}),
            rows_per_chunk=rows_per_chunk,
            body_limit=10**6,
            readable=readable,
        )
    )
    assert [row for chunk in chunks for row in chunk.rows] == list(range(len(frame)))
    out = attach(frame, [read_answer(chunk, served(chunk), MANIFEST) for chunk in chunks], MANIFEST)
    assert_frame_equal(frame, before)
    assert_frame_equal(out[before.columns], before)
    assert out.columns.tolist() == [*before.columns, "prediction", "count", PREDICTION_ERROR]
    assert [str(out[name].dtype) for name in ("prediction", "count", PREDICTION_ERROR)] == ["float64", "Int64", "str"]
    assert out["prediction"].tolist() == [row + 0.1 for row in range(len(frame))]
    assert out[PREDICTION_ERROR].tolist() == ["odd: it is" if row % 2 else "" for row in range(len(frame))]


@given(frames())
def test_the_server_reads_what_the_caller_wrote(frame: pd.DataFrame) -> None:
    for chunk in cut(model_columns(frame, MANIFEST.features, {}), rows_per_chunk=100, body_limit=10**6, readable=False):
        sent = codec.decode(chunk.body, chunk.content_type)
        assert sent.columns.tolist() == [ROW_NUMBER, "smiles", "LogP"]
        for cell, came in zip(frame["SMILES"], sent["smiles"], strict=True):
            if cell is None:
                assert came is None or pd.isna(came) or came == "__NA__"
            else:
                assert came == str(cell)


def test_a_text_that_csv_cannot_carry_travels_as_arrow() -> None:
    frame = pd.DataFrame({"smiles": ["__NA__"], "LogP": [1.0]})
    (chunk,) = cut(model_columns(frame, MANIFEST.features, {}), rows_per_chunk=9, body_limit=10**6, readable=True)
    assert chunk.content_type == ARROW


def test_half_a_surrogate_pair_costs_its_own_row_only() -> None:
    frame = pd.DataFrame({"smiles": pd.Series(["\ud800", "CCO"], dtype=object), "LogP": [1.0, 2.0]})
    (chunk,) = cut(model_columns(frame, MANIFEST.features, {}), rows_per_chunk=9, body_limit=10**6, readable=True)
    assert codec.decode(chunk.body, CSV)["smiles"].tolist() == ["?", "CCO"]


def test_many_rows_travel_as_arrow_unless_somebody_reads_the_captured_requests() -> None:
    frame = pd.DataFrame({"smiles": ["C"] * 501, "LogP": [1.0] * 501})
    for readable, content_type in ((False, ARROW), (True, CSV)):
        (chunk,) = cut(
            model_columns(frame, MANIFEST.features, {}), rows_per_chunk=1000, body_limit=10**6, readable=readable
        )
        assert chunk.content_type == content_type


def test_a_chunk_over_the_limit_is_halved_and_a_row_over_it_is_named() -> None:
    frame = pd.DataFrame({"smiles": ["C" * 100] * 8, "LogP": [1.0] * 8})
    columns = model_columns(frame, MANIFEST.features, {})
    chunks = list(cut(columns, rows_per_chunk=8, body_limit=300, readable=True))
    assert [row for chunk in chunks for row in chunk.rows] == list(range(8))
    assert all(len(chunk.body) <= 300 for chunk in chunks)
    with pytest.raises(InvalidInputError, match=r"row 0 alone is .* bytes, over the endpoint's 50"):
        list(cut(columns, rows_per_chunk=8, body_limit=50, readable=True))


def test_columns_are_renamed_and_missing_ones_are_named() -> None:
    frame = pd.DataFrame({"Structure": ["C"], "logp": [1]})
    assert model_columns(frame, MANIFEST.features, {"Structure": "smiles"})["smiles"].tolist() == ["C"]
    with pytest.raises(InvalidInputError, match="feature 'smiles' has no column"):
        model_columns(frame, MANIFEST.features, {})
    with pytest.raises(InvalidInputError, match=r"no column \['x'\]"):
        model_columns(frame, MANIFEST.features, {"x": "smiles"})


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
    with pytest.raises(AnswerMismatchError, match="rows 0 to 1"):
        read_answer(Chunk(rows=range(2), body=b"", content_type=CSV), body, MANIFEST)


def test_a_column_of_the_answers_name_is_replaced_with_a_warning() -> None:
    answer = empty_answer(MANIFEST.outputs, 2)
    answer["prediction"] = [1.5, math.nan]
    frame = pd.DataFrame({"prediction": ["old", "old"], "x": [1, 2]}, index=[5, 5])
    with pytest.warns(UserWarning, match=r"columns \['prediction'\] are replaced"):
        out = attach(frame, [answer], MANIFEST)
    assert out.columns.tolist() == ["prediction", "x", "count", PREDICTION_ERROR]
    assert np.array_equal(out["prediction"].to_numpy(), [1.5, math.nan], equal_nan=True)


def test_no_rows_give_the_full_schema() -> None:
    frame: Any = pd.DataFrame({"smiles": pd.Series([], dtype="str"), "LogP": pd.Series([], dtype="float64")})
    assert list(cut(model_columns(frame, MANIFEST.features, {}), rows_per_chunk=9, body_limit=9, readable=True)) == []
    out = attach(frame, [], MANIFEST)
    assert out.dtypes.astype(str).to_dict() == {
        "smiles": "str",
        "LogP": "float64",
        "prediction": "float64",
        "count": "Int64",
        PREDICTION_ERROR: "str",
    }


@pytest.mark.parametrize("rows", [3, 600])
def test_an_empty_structure_is_missing_whatever_the_chunk_size(rows: int) -> None:
    frame = pd.DataFrame({"smiles": [math.nan] * rows, "LogP": [True] * rows})
    (chunk,) = cut(model_columns(frame, MANIFEST.features, {}), rows_per_chunk=1000, body_limit=10**6, readable=False)
    sent = read_features(codec.decode(chunk.body, chunk.content_type), MANIFEST.features)
    assert sent.reasons == dict.fromkeys(range(rows), "missing_value: column 'smiles' is empty")


def test_an_explicit_mapping_wins_over_a_column_of_that_name() -> None:
    frame = pd.DataFrame({"smiles": ["old"], "Structure": ["new"], "LogP": [1.0]})
    assert model_columns(frame, MANIFEST.features, {"Structure": "smiles"})["smiles"].tolist() == ["new"]


def test_doubled_columns_of_an_answers_name_are_replaced_by_one() -> None:
    frame = pd.DataFrame([["a", "b", 1]], columns=[PREDICTION_ERROR, PREDICTION_ERROR, "x"])
    with pytest.warns(UserWarning, match="are replaced"):
        out = attach(frame, [empty_answer(MANIFEST.outputs, 1)], MANIFEST)
    assert out.columns.tolist() == ["x", "prediction", "count", PREDICTION_ERROR]


def test_an_infinite_answer_reaches_the_caller() -> None:
    body = b"__row__,prediction,count,prediction_error\n0,-inf,1,\n"
    answer = read_answer(Chunk(rows=range(1), body=b"", content_type=CSV), body, MANIFEST)
    assert answer["prediction"].tolist() == [-math.inf]
