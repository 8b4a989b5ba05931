"""Promise: mean and standard deviation of members are exact to rounding, and their bits do not depend on the batch."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model_scripts.trust.ensemble import mean_and_std

TEN = np.random.default_rng(0).normal(1e6, 1e-3, size=(10, 50, 3))


def test_ten_members_are_added_in_their_order() -> None:
    mean, std = mean_and_std(TEN)
    for row, output in np.ndindex(mean.shape):
        values = TEN[:, row, output].tolist()
        assert mean[row, output] == sum(values, start=0.0) / 10  # Python adds one after the other, too
        assert std[row, output] == math.sqrt(sum((value - mean[row, output]) ** 2 for value in values) / 10)


def test_members_that_agree_closely_about_a_large_number_keep_their_spread() -> None:
    _, std = mean_and_std(TEN)
    exact = [np.std([float(value) - 1e6 for value in TEN[:, row, 0]]) for row in range(50)]
    assert std[:, 0].tolist() == pytest.approx(exact, rel=1e-6)


@given(arrays(np.float64, (10, 7, 2), elements=st.floats(-1e100, 1e100)), st.integers(1, 6))
def test_a_rows_bits_are_the_same_in_any_batch(members: np.ndarray, cut: int) -> None:
    whole = mean_and_std(members)
    first, second = mean_and_std(members[:, :cut]), mean_and_std(members[:, cut:])
    for all_rows, head, tail in zip(whole, first, second, strict=True):
        assert all_rows.tobytes() == np.concatenate([head, tail]).tobytes()


def test_a_missing_prediction_costs_its_cell_alone() -> None:
    members = TEN.copy()
    members[3, 7, 1] = np.nan
    for with_gap, without in zip(mean_and_std(members), mean_and_std(TEN), strict=True):
        assert np.argwhere(np.isnan(with_gap)).tolist() == [[7, 1]]
        assert np.array_equal(with_gap[with_gap == with_gap], np.delete(without, 7 * 3 + 1))


def test_one_member_has_no_spread_and_none_is_an_error() -> None:
    assert mean_and_std(TEN[:1])[1].max() == 0
    with pytest.raises(ValueError, match="needs a member"):
        mean_and_std(TEN[:0])
