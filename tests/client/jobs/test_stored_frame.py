"""Promise: a stored frame comes back exactly, or without the columns that it names."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.client.jobs.stored_frame import ATTRS, INDEX, pack_frame, unpack_frame

EXACT: dict[str, Any] = {
    "texts": pd.Series(["CCO", "", "é\r\n"], dtype="str"),
    "texts or none": pd.Series(["a", None, "b"], dtype=object),
    "texts or nan": pd.Series(["a", np.nan, "b"], dtype=object),
    "bytes": pd.Series([b"a", None, b"b"], dtype=object),
    "floats": [1.5, np.nan, -np.inf],
    "whole": np.array([-(2**63), 0, 2**63 - 1], dtype=np.int64),
    "unsigned": np.array([0, 1, 2**64 - 1], dtype=np.uint64),
    "whole or missing": pd.array([1, None, 3], dtype="Int64"),
    "flags": [True, False, True],
    "flags or missing": pd.array([True, None, False], dtype="boolean"),
    "times": pd.to_datetime(["2026-01-01", None, "2026-01-02T03:04:05.678901"], format="ISO8601"),
    "zoned": pd.to_datetime(["2026-01-01", None, "2026-01-02"]).tz_localize("Europe/Berlin"),
    "durations": pd.to_timedelta(["1s", "2ms", None]),
    "levels": pd.Categorical(["b", None, "a"], categories=["c", "b", "a"], ordered=True),
    "small": np.array([1, 2, 3], dtype=np.int8),
    "single": np.array([0.1, np.nan, 3.0], dtype=np.float32),
}
INEXACT: dict[str, Any] = {
    "objects": [object(), object(), object()],
    "mixed": ["a", 1, 2.5],
    "none beside nan": pd.Series([None, np.nan, "a"], dtype=object),
    "lists": [[1], [2, 3], []],
    "periods or other": [complex(1, 2), complex(0, 1), complex(1, 1)],
}


def returned(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    body, left_out = pack_frame(frame)
    return unpack_frame(body), left_out


def assert_same(back: pd.DataFrame, frame: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(back, frame, check_exact=True, check_index_type=True, check_freq=False)


@pytest.mark.parametrize("name", EXACT)
def test_a_column_that_parquet_carries_comes_back(name: str) -> None:
    frame = pd.DataFrame({name: EXACT[name]})
    back, left_out = returned(frame)
    assert left_out == []
    assert_same(back, frame)


@pytest.mark.parametrize("name", INEXACT)
def test_a_column_that_would_change_is_left_out_and_named(name: str) -> None:
    frame = pd.DataFrame({"kept": [1, 2, 3], name: INEXACT[name]})
    back, left_out = returned(frame)
    assert left_out == [name]
    assert_same(back, frame[["kept"]])


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(5, 11, 2, name="n"),
        pd.Index(["b", "a", "a"], name="x"),
        pd.Index([3, 1, 2], name=0),
        pd.date_range("2026-01-01", periods=3),
        pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["one", None]),
        pd.CategoricalIndex(["u", "v", "u"]),
    ],
    ids=lambda index: type(index).__name__ + index.dtype.name,
)
def test_an_index_comes_back(index: pd.Index) -> None:
    frame = pd.DataFrame({"x": [1, 2, 3]}, index=index)
    back, left_out = returned(frame)
    assert left_out == []
    assert_same(back, frame)
    assert type(back.index) is type(index)


def test_an_index_that_would_change_is_left_out_and_named() -> None:
    frame = pd.DataFrame({"x": [1, 2]}, index=pd.Index([object(), object()]))
    back, left_out = returned(frame)
    assert left_out == [INDEX]
    assert_same(back, frame.reset_index(drop=True))


def test_doubled_names_other_names_and_levels_come_back() -> None:
    doubled = pd.DataFrame([[1, "a", 2.0, True]], columns=["x", "x", 7, "i0"])
    levels = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["l", None]))
    for frame in (doubled, levels):
        back, left_out = returned(frame)
        assert left_out == []
        assert_same(back, frame)


def test_attrs_come_back_where_json_carries_them() -> None:
    frame = pd.DataFrame({"x": [1]})
    frame.attrs = {"source": "assay 3", "deep": {"of": [1, 2.5, None]}, "array": np.zeros(2)}
    back, left_out = returned(frame)
    assert back.attrs == {"source": "assay 3", "deep": {"of": [1, 2.5, None]}}
    assert left_out == [ATTRS]


@pytest.mark.parametrize("frame", [pd.DataFrame({"x": []}), pd.DataFrame(index=[1, 2, 3]), pd.DataFrame()])
def test_rows_without_columns_and_columns_without_rows_come_back(frame: pd.DataFrame) -> None:
    back, left_out = returned(frame)
    assert left_out == []
    assert len(back) == len(frame)
    assert list(back.columns) == list(frame.columns)
    assert back.index.tolist() == frame.index.tolist()


CELLS = st.one_of(st.none(), st.text(max_size=3), st.integers(), st.floats(), st.booleans(), st.binary(max_size=2))


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6))
def test_whatever_a_column_holds_it_comes_back_or_is_named(cells: list[tuple[Any, Any]]) -> None:
    frame = pd.DataFrame({"a": pd.Series([one for one, _ in cells], dtype=object), "b": [two for _, two in cells]})
    back, left_out = returned(frame)
    assert set(back.columns) | set(left_out) == {"a", "b"}
    for name in back.columns:
        assert back[name].dtype == frame[name].dtype
        for before, after in zip(frame[name], back[name], strict=True):
            assert type(before) is type(after)
            assert before == after or (before != before and after != after) or before is pd.NA or before is pd.NaT
