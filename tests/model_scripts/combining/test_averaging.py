"""Promise: a mean lies between what it is the mean of, and each row's is its own."""

import math

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from manifests import small_manifest
from model_scripts.combining.averaging import average_columns
from model_scripts.combining.parts import PartAnswer

numbers = st.floats(-1e6, 1e6) | st.just(math.nan)


@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=6), st.permutations(range(6)))
def test_a_mean_lies_between_what_it_is_of_and_each_row_is_its_own(
    said: list[tuple[float, float, float]], order: list[int]
) -> None:
    def averaged(table: list[tuple[float, float, float]]) -> pd.DataFrame:
        answers = [
            PartAnswer(
                name=name,
                weight=weight,
                columns=pd.DataFrame({"prediction": [row[part] for row in table]}),
                errors=tuple("x: y" if math.isnan(row[part]) else "" for row in table),
            )
            for part, (name, weight) in enumerate({"p": 1.0, "q": 0.3, "r": 7.0}.items())
        ]
        return average_columns(dict.fromkeys("pqr", small_manifest()), answers)

    answer = averaged(said)
    for row, values in enumerate(said):
        known = [value for value in values if not math.isnan(value)]
        assert answer.loc[row, "parts_combined"] == len(known)
        if known:
            slack = 1e-9 * max(abs(value) for value in known)
            assert min(known) - slack <= answer.loc[row, "prediction"] <= max(known) + slack
    order = [row for row in order if row < len(said)]
    again = averaged([said[row] for row in order])
    pd.testing.assert_frame_equal(again, answer.iloc[order].reset_index(drop=True), check_exact=True)
