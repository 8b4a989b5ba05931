"""Promise: two answers agree exactly when every cell does, and a difference is told by row and column alone."""

import math

import pandas as pd
import pytest

from chem_endpoints.check.agreement import EXACT_SCRIPTS, ROUNDING, difference, require_agreement, tolerance_of
from chem_endpoints.check.outcome import BrokenPromiseError


def answers(**changes: object) -> pd.DataFrame:
    columns = {
        "prediction": [1.0, math.nan, 3000.0],
        "atoms": pd.array([1, None, 3], dtype="Int64"),
        "in_domain": pd.array([True, None, False], dtype="boolean"),
        "used": pd.Series(["a", None, "c"], dtype="str"),
    }
    return pd.DataFrame({**columns, **changes})


def test_the_same_answers_agree_missing_cells_too() -> None:
    assert difference(answers(), answers(), 0.0) is None


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("prediction", [1.0, 2.0, 3000.0]),
        ("prediction", [1.0, math.nan, math.inf]),
        ("atoms", pd.array([1, 2, 3], dtype="Int64")),
        ("in_domain", pd.array([True, False, False], dtype="boolean")),
        ("used", pd.Series(["a", "b", "c"], dtype="str")),
        ("used", pd.Series(["a", None, "C"], dtype="str")),
    ],
    ids=["missing number", "infinity", "whole number", "flag", "missing text", "text"],
)
def test_any_other_cell_is_a_difference(column: str, cells: object) -> None:
    found = difference(answers(), answers(**{column: cells}), ROUNDING)
    assert found is not None
    assert (found.column, found.rows) == (column, 1)


def test_numbers_may_differ_by_the_tolerance_and_no_more() -> None:
    near, far = answers(prediction=[1.0, math.nan, 3000.002]), answers(prediction=[1.0, math.nan, 3000.004])
    assert difference(answers(), near, ROUNDING) is None
    assert difference(answers(), near, 0.0) is not None
    found = difference(answers(), far, ROUNDING)
    assert found is not None
    assert str(found) == "row 2: 'prediction' differs by up to 0.004 (1 row in all)"


def test_other_columns_are_a_difference() -> None:
    assert difference(answers(), answers().drop(columns="used"), 1.0) is not None


def test_what_is_told_holds_no_cell() -> None:
    with pytest.raises(BrokenPromiseError) as broken:
        require_agreement(
            answers(), answers(used=pd.Series(["CANARY", None, "c"], dtype="str")), 0.0, when="then", remedy="so"
        )
    assert broken.value.happened == "then, row 0: 'used' differs (1 row in all)"


def test_trees_and_descriptors_are_held_to_the_bit() -> None:
    assert [tolerance_of(script) for script in EXACT_SCRIPTS] == [0.0] * len(EXACT_SCRIPTS)
    assert tolerance_of("chemprop_model") == tolerance_of(None) == ROUNDING
