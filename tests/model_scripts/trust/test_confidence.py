"""Promise: confidence is the written formula of its task, within [0, 1], and missing where its parts are."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model_scripts.trust.confidence import classification_confidence, regression_confidence


def test_regression_is_the_share_of_the_variance_that_is_ruled_out() -> None:
    low, high, std = np.array([-1.6449, -3.2898, -10.0, 2.0]), np.array([1.6449, 3.2898, 10.0, 2.0]), np.zeros(4)
    assert regression_confidence(low, high, std, 4.0).tolist() == pytest.approx([0.75, 0.0, 0.0, 1.0], abs=1e-4)


def test_members_that_disagree_lower_it() -> None:
    low, high = np.full(3, -1.6449), np.full(3, 1.6449)
    found = regression_confidence(low, high, np.array([0.0, 0.5, 5.0]), 4.0)
    assert found.tolist() == pytest.approx([0.75, 0.6875, 0.0], abs=1e-4)


@pytest.mark.parametrize("variance", [0.0, math.nan])
def test_without_variance_there_is_none(variance: float) -> None:
    assert np.isnan(regression_confidence(np.zeros(2), np.ones(2), np.zeros(2), variance)).all()


def test_without_an_interval_there_is_none_for_that_row() -> None:
    low, high = np.array([np.nan, 0.0]), np.array([np.nan, 0.0])
    assert regression_confidence(low, high, np.zeros(2), 1.0).tolist() == pytest.approx([math.nan, 1.0], nan_ok=True)


def test_classes_as_likely_have_none_and_a_sure_class_has_all() -> None:
    chances = np.array([[0.25] * 4, [0, 1, 0, 0], [0.5, 0.5, 0, 0]])
    assert classification_confidence(chances).tolist() == pytest.approx([0.0, 1.0, 0.5])


@given(arrays(np.float64, (6, 5), elements=st.floats(0, 1)), st.integers(1, 5))
def test_classification_is_within_bounds_and_the_same_in_any_batch(weights: np.ndarray, cut: int) -> None:
    weights[:, 0] += 1e-9  # not all zero
    chances = weights / weights.sum(axis=1, keepdims=True)
    found = classification_confidence(chances)
    assert ((found >= 0) & (found <= 1)).all()
    parts = [classification_confidence(chances[:cut]), classification_confidence(chances[cut:])]
    assert found.tobytes() == np.concatenate(parts).tobytes()
