"""Promise: the caller's frame comes back as it was, whatever it holds, with fresh answers beside its columns."""

import copy
import datetime
import decimal
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_index_equal

from chem_endpoints.client.attach import attach_answer
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.columns import PREDICTION_ERROR
from wire_frames import COLUMNS_OF_EACH_KIND

ROWS = 3
INDEXES: dict[str, pd.Index] = {
    "range": pd.RangeIndex(ROWS),
    "doubled": pd.Index(["a", "a", "b"]),
    "called like an answer": pd.Index([3, 1, 2], name="prediction"),
    "several levels": pd.MultiIndex.from_tuples([(1, "x"), (1, None), (2, "x")], names=["prediction", None]),
    "days": pd.date_range("2024-01-01", periods=ROWS, freq="D", tz="Europe/Berlin"),
    "categories": pd.CategoricalIndex(["b", "a", "b"], categories=["c", "b", "a"], ordered=True),
    "mixed": pd.Index([1, "a", None], dtype=object),
    "intervals": pd.interval_range(0, ROWS),
}


def answer(values: list[float] | None = None) -> pd.DataFrame:
    errors = pd.Series(["", "odd: it is", ""], dtype="str")
    return pd.DataFrame({"prediction": values or [0.5, np.nan, -0.0], PREDICTION_ERROR: errors})


def every_kind(index: pd.Index) -> pd.DataFrame:
    """A frame with a column of each kind that pandas has, and of molecules, lists and dicts."""
    columns = {name: column.iloc[:ROWS].array for name, column in COLUMNS_OF_EACH_KIND.items()}
    return pd.DataFrame({**columns, "drawing": [object(), [1], {"a": 1}]}, index=index)


@pytest.mark.parametrize("name", INDEXES)
def test_a_frame_of_every_kind_comes_back_as_it_was(name: str) -> None:
    frame = every_kind(INDEXES[name])
    frame.attrs = {"mine": np.array([1, 2])}
    before = frame.copy(deep=True)
    out = attach_answer(frame, answer()).frame
    for mine in (frame, out.iloc[:, : before.shape[1]]):
        assert_frame_equal(mine, before, check_exact=True, check_freq=True)
        assert [str(dtype) for dtype in mine.dtypes] == [str(dtype) for dtype in before.dtypes]
        assert mine.index.equals(before.index)
        assert mine.index.names == before.index.names
        assert mine.attrs["mine"].tolist() == [1, 2]
    assert out.columns.tolist() == [*before.columns, "prediction", PREDICTION_ERROR]
    assert np.signbit(out["prediction"].iloc[2])


LABELS: list[Any] = ["a", "a", "", 1, 2.5, None, ("t", 1), "prediction_std", datetime.date(2024, 1, 1)]


@given(st.lists(st.sampled_from(LABELS), max_size=6), st.data())
def test_any_labels_stay_in_their_order(labels: list[Any], data: st.DataObject) -> None:
    frame = pd.DataFrame(np.arange(ROWS * len(labels)).reshape(ROWS, len(labels)))
    frame.columns = pd.Index(labels, name=data.draw(st.sampled_from(["name", None])), dtype=object, tupleize_cols=False)
    out = attach_answer(frame, answer()).frame
    assert out.columns.tolist() == [*labels, "prediction", PREDICTION_ERROR]
    assert out.columns.name == frame.columns.name
    assert np.array_equal(out.iloc[:, : len(labels)].to_numpy(), frame.to_numpy())


def test_columns_of_several_levels_keep_them() -> None:
    columns = pd.MultiIndex.from_tuples([("x", "a"), ("x", "b")], names=["outer", "inner"])
    frame = pd.DataFrame([[1, 2]] * ROWS, columns=columns)
    out = attach_answer(frame, answer()).frame
    assert_frame_equal(out[["x"]], frame)
    assert out.columns.names == ["outer", "inner"]
    assert out["prediction"].tolist()[0] == 0.5
    with pytest.warns(UserWarning, match="are replaced"):
        again = attach_answer(out, answer([1.0, 2.0, 3.0])).frame
    assert_index_equal(again.columns, out.columns)
    assert again["prediction"].tolist() == [1.0, 2.0, 3.0]


def test_a_second_inference_gives_fresh_answers_in_the_same_places() -> None:
    frame = pd.DataFrame({"x": [1, 2, 3]})
    first = attach_answer(frame, answer()).frame
    first["mine"] = "later"
    with pytest.warns(UserWarning, match=r"columns \['prediction', 'prediction_error'\] are replaced") as warned:
        second = attach_answer(first, answer([7.0, 8.0, 9.0]))
    assert len(warned) == 1
    assert second.replaced == ("prediction", PREDICTION_ERROR)
    assert second.frame.columns.tolist() == ["x", "prediction", PREDICTION_ERROR, "mine"]
    assert second.frame["prediction"].tolist() == [7.0, 8.0, 9.0]
    assert first["prediction"].tolist()[0] == 0.5


def test_a_replaced_column_takes_the_type_of_the_answer() -> None:
    frame = pd.DataFrame({"prediction": pd.Categorical(["a", "b", "a"]), "x": [1, 2, 3]}, index=[5, 5, 5])
    with pytest.warns(UserWarning, match="are replaced"):
        out = attach_answer(frame, answer()).frame
    assert out.columns.tolist() == ["prediction", "x", PREDICTION_ERROR]
    assert out["prediction"].dtype == "float64"


def test_doubled_columns_of_an_answers_name_are_replaced_by_one() -> None:
    frame = pd.DataFrame([["a", "b", 1]] * ROWS, columns=[PREDICTION_ERROR, PREDICTION_ERROR, "x"])
    with pytest.warns(UserWarning, match="are replaced"):
        out = attach_answer(frame, answer()).frame
    assert out.columns.tolist() == ["x", "prediction", PREDICTION_ERROR]


def test_with_a_suffix_the_callers_own_column_stays() -> None:
    frame = pd.DataFrame({"prediction": ["mine"] * ROWS})
    out = attach_answer(frame, answer(), suffix="_new")
    assert out.frame.columns.tolist() == ["prediction", "prediction_new", PREDICTION_ERROR]
    assert out.frame["prediction"].tolist() == ["mine"] * ROWS
    assert out.frame["prediction_new"].tolist()[0] == 0.5
    assert (out.replaced, out.columns["prediction"]) == ((), "prediction_new")
    with pytest.warns(UserWarning, match=r"\['prediction_new'\] are replaced"):
        again = attach_answer(out.frame, answer([1.0, 2.0, 3.0]), suffix="_new").frame
    assert again["prediction_new"].tolist() == [1.0, 2.0, 3.0]
    assert again["prediction"].tolist() == ["mine"] * ROWS


def test_a_suffix_that_makes_two_answers_alike_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"suffix='_error'.*prediction_error.*another suffix"):
        attach_answer(pd.DataFrame({"prediction": range(ROWS)}), answer(), suffix="_error")


def test_answers_for_other_rows_are_never_attached() -> None:
    with pytest.raises(ValueError, match="2 rows, but answers for 3"):
        attach_answer(pd.DataFrame({"x": [1, 2]}), answer())


def test_no_rows_give_the_full_schema() -> None:
    out = attach_answer(pd.DataFrame({"x": pd.Series([], dtype="int64")}), answer().iloc[:0]).frame
    assert out.dtypes.astype(str).to_dict() == {
        "x": "int64",
        "prediction": "float64",
        PREDICTION_ERROR: str(pd.Series([], dtype="str").dtype),
    }


def test_changing_the_result_does_not_change_the_callers_frame() -> None:
    frame = pd.DataFrame({"x": [1, 2, 3], "y": ["a", "b", "c"]})
    frame.attrs = {"mine": [1]}
    out = attach_answer(frame, answer()).frame
    out.iloc[0, 0] = 99
    out["y"] = "z"
    out.attrs["mine"].append(2)
    assert frame.to_dict("list") == {"x": [1, 2, 3], "y": ["a", "b", "c"]}
    assert frame.attrs == {"mine": [1]}


def test_a_result_merges_concatenates_pickles_copies_and_becomes_parquet(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["007", "1E5", "NA"], "price": [decimal.Decimal("1.50")] * ROWS})
    out = attach_answer(frame, answer()).frame
    out.attrs["report"] = json.loads('{"rows": 3, "failed": {"odd": 1}, "seconds": 0.5}')
    merged = out.merge(out[["id", "prediction"]], on="id", suffixes=("", "_2"))
    assert merged["prediction_2"].tolist()[0] == 0.5
    both = pd.concat([out, out.assign(prediction=1.0)], ignore_index=True)
    assert len(both) == 2 * ROWS
    assert both.attrs == {} or both.attrs == out.attrs
    for same in (pickle.loads(pickle.dumps(out)), copy.deepcopy(out)):
        assert_frame_equal(same, out)
        assert same.attrs == out.attrs
    out.to_parquet(tmp_path / "out.parquet")
    read = pd.read_parquet(tmp_path / "out.parquet")
    assert_frame_equal(read, out)
    assert read.attrs == out.attrs
