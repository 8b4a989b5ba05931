"""Promise: a feature is found by its name or not at all, and a cell that is no value costs its row alone."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.wire.errors import FeatureMismatchError
from chem_endpoints.wire.features import read_features
from chem_endpoints.wire.manifest import Feature
from chem_endpoints.wire.matching import match_columns
from chem_endpoints.wire.typed_columns import typed

LOGP = Feature(name="LogP", dtype="float64")
SMILES = Feature(name="smiles", dtype="text")


def test_the_exact_name_wins_over_another_case() -> None:
    assert match_columns(["logp", "LogP"], [LOGP]) == {"LogP": 1}
    assert match_columns(["LOGP"], [LOGP]) == {"LogP": 0}


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (["logp", "LOGP"], "feature 'LogP' could be any of the columns 'logp', 'LOGP': rename all but one"),
        (["LogP", "LogP"], "could be any of the columns"),
        (["logp_"], "feature 'LogP' has no column (nearest: logp_)"),
        (
            [],
            "feature 'LogP' has no column (0 columns came, none of a similar name; does the file have a header line?)",
        ),
        (["CCO", "1.2"], "(2 columns came"),  # not named: without a header line they are molecules
    ],
)
def test_ambiguity_and_absence_name_the_columns(columns: list[str], told: str) -> None:
    with pytest.raises(FeatureMismatchError) as refusal:
        match_columns(columns, [LOGP])
    assert told in str(refusal.value)


def test_all_missing_features_are_named_at_once() -> None:
    with pytest.raises(FeatureMismatchError, match=r"'LogP' has no column.*; feature 'smiles' has no column"):
        match_columns(["x"], [LOGP, SMILES])


def test_a_bad_cell_costs_its_row_alone_and_the_first_reason_stays() -> None:
    frame = pd.DataFrame({"LogP": ["1.5", "abc", "", "N/A", "1_0", "inf"], "smiles": ["C", "C", "", "C", "C", "C"]})
    rows = read_features(frame, [LOGP, SMILES])
    assert rows.frame["LogP"].tolist()[0] == 1.5
    assert rows.reasons == {
        1: "invalid_value: column 'LogP' must hold a number",
        2: "missing_value: column 'LogP' is empty",
        3: "missing_value: column 'LogP' is empty",
        4: "invalid_value: column 'LogP' must hold a number",
        5: "invalid_value: column 'LogP' must hold a number",
    }
    assert "abc" not in str(rows.reasons)  # a cell may be a secret


def test_a_feature_that_may_be_missing_is_nan() -> None:
    rows = read_features(pd.DataFrame({"LogP": [None, 2]}), [Feature(name="LogP", dtype="float64", missing="allow")])
    assert math.isnan(rows.frame["LogP"][0])
    assert rows.reasons == {}


def test_position_counts_and_not_the_index() -> None:
    rows = read_features(pd.DataFrame({"LogP": [1.0, "x"]}, index=["a", "a"]), [LOGP])
    assert list(rows.reasons) == [1]


@pytest.mark.parametrize(
    ("dtype", "cells", "values"),
    [
        ("int64", ["7", "-3", "2.0", 4, 5.0, "1e3"], [7, -3, 2, 4, 5, 1000]),
        ("int64", ["9223372036854775807"], [9223372036854775807]),
        ("boolean", ["true", "FALSE", True, 0, "1"], [True, False, True, False, True]),
        ("text", ["N/A", " x ", 5, "nan"], ["N/A", " x ", "5", "nan"]),
        ("float64", ["1e5", " 2 ", 3, True], [1e5, 2.0, 3.0, 1.0]),
    ],
)
def test_cells_are_read_as_the_declared_type(dtype: str, cells: list[object], values: list[object]) -> None:
    column = typed(pd.Series(cells, dtype=object), dtype)  # type: ignore[arg-type]
    assert column.values.tolist() == values
    assert not column.missing.any()
    assert not column.malformed.any()


@pytest.mark.parametrize(
    ("dtype", "cell"),
    [
        ("int64", "1.5"),
        ("int64", "x"),
        ("int64", 2**63),
        ("int64", "1e400"),
        ("int64", "--5"),
        ("int64", "9" * 5000),
        ("text", "\ud800"),
        ("boolean", "yes"),
        ("float64", "Infinity"),
    ],
)
def test_what_is_no_value_of_the_type_is_malformed(dtype: str, cell: object) -> None:
    assert typed(pd.Series([cell], dtype=object), dtype).malformed.tolist() == [True]  # type: ignore[arg-type]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_written_as_text_are_the_same_numbers(numbers: list[float]) -> None:
    assert typed(pd.Series([repr(n) for n in numbers], dtype=object), "float64").values.tolist() == numbers
