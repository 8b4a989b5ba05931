"""Promise: intervals are those of CV+, nested around the prediction, and missing where there are too few rows."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.wire.columns import INTERVALS
from model_scripts.trust.intervals import Residuals, bracket, cv_plus, reason_missing

ALPHAS = {0.95: Fraction(1, 20), 0.90: Fraction(1, 10), 0.80: Fraction(1, 5), 0.50: Fraction(1, 2)}


def cross_validated(rows: int, folds: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Measured, predicted and fold of each row; predictions of four new rows by each fold model."""
    rng = np.random.default_rng(seed)
    measured = rng.normal(size=rows)
    return measured, measured + rng.normal(size=rows), rng.integers(0, folds, rows), rng.normal(size=(folds, 4))


def by_definition(
    measured: np.ndarray, predicted: np.ndarray, folds: np.ndarray, new: np.ndarray, alpha: Fraction
) -> list[tuple[float, float]]:
    """Eq. (CV+) of Barber et al., one row after the other; NaN where the ranks do not exist."""
    n = len(measured)
    low_rank, high_rank = math.floor(alpha * (n + 1)), math.ceil((1 - alpha) * (n + 1))
    if high_rank > n:
        return [(math.nan, math.nan)] * new.shape[1]
    errors = np.abs(measured - predicted)
    return [(sorted(row[folds] - errors)[low_rank - 1], sorted(row[folds] + errors)[high_rank - 1]) for row in new.T]


@given(rows=st.integers(0, 70), folds=st.integers(2, 6), seed=st.integers(0, 2**32 - 1))
def test_bounds_are_those_of_the_definition(rows: int, folds: int, seed: int) -> None:
    measured, predicted, fold, new = cross_validated(rows, folds, seed)
    found = cv_plus(new, Residuals.of(measured, predicted, fold))
    for coverage, (low, high) in found.items():
        expected = by_definition(measured, predicted, fold, new, ALPHAS[coverage])
        assert np.stack([low, high], axis=1).tolist() == pytest.approx(np.array(expected), rel=1e-15, nan_ok=True)


@given(rows=st.integers(20, 400), folds=st.integers(2, 10), most=st.integers(5, 60), seed=st.integers(0, 2**32 - 1))
def test_thinning_never_narrows_an_interval(rows: int, folds: int, most: int, seed: int) -> None:
    measured, predicted, fold, new = cross_validated(rows, folds, seed)
    thinned = Residuals.of(measured, predicted, fold, most=most)
    assert len(thinned.errors) <= max(most, folds)
    assert thinned.rows == rows
    full = cv_plus(new, Residuals.of(measured, predicted, fold))
    for coverage, (low, high) in cv_plus(new, thinned).items():
        present = ~np.isnan(low)
        assert (low[present] <= full[coverage][0][present]).all()
        assert (high[present] >= full[coverage][1][present]).all()


def test_a_thousand_of_many_residuals_widen_an_interval_by_less_than_a_hundredth() -> None:
    measured, predicted, fold, _ = cross_validated(10_000, 5, seed=1)
    new = np.random.default_rng(1).normal(size=(5, 100))
    thinned, full = (Residuals.of(measured, predicted, fold, most=most) for most in (1_000, 10_000))
    assert (len(full.errors), full.step) == (10_000, 1)
    assert 900 < len(thinned.errors) <= 1_000
    for narrow, wide in zip(cv_plus(new, full).values(), cv_plus(new, thinned).values(), strict=True):
        assert (np.subtract(*wide) / np.subtract(*narrow)).mean() < 1.01


@pytest.mark.parametrize(("coverage", "least"), [(0.95, 19), (0.90, 9), (0.80, 4), (0.50, 1)])
def test_an_interval_is_missing_below_its_least_number_of_rows_and_says_so(coverage: float, least: int) -> None:
    for rows in (least - 1, least):
        measured, predicted, fold, new = cross_validated(rows, 2, seed=3)
        low, high = cv_plus(new, Residuals.of(measured, predicted, fold))[coverage]
        missing = rows < least
        assert np.isnan([low, high]).all() == missing
        assert (reason_missing(rows, coverage) is not None) == missing
    assert str(least) in str(reason_missing(least - 1, coverage))


def test_rows_that_were_not_measured_do_not_count() -> None:
    measured, predicted, fold, new = cross_validated(40, 4, seed=5)
    known = np.arange(40) % 3 > 0
    gaps = np.where(known, measured, np.nan)
    some, all_of_them = (
        Residuals.of(gaps, predicted, fold),
        Residuals.of(measured[known], predicted[known], fold[known]),
    )
    assert some.rows == known.sum()
    assert cv_plus(new, some)[0.9][0].tolist() == cv_plus(new, all_of_them)[0.9][0].tolist()


@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 200), shift=st.floats(-10, 10))
def test_bracketed_intervals_are_nested_around_the_prediction(seed: int, rows: int, shift: float) -> None:
    measured, predicted, fold, new = cross_validated(rows, 3, seed)
    prediction = new.mean(axis=0) + shift
    inner_low = inner_high = prediction
    for coverage, (low, high) in bracket(prediction, cv_plus(new, Residuals.of(measured, predicted, fold))).items():
        if rows < {0.95: 19, 0.9: 9, 0.8: 4, 0.5: 1}[coverage]:
            assert np.isnan([low, high]).all()
            continue
        assert (low <= inner_low).all()
        assert (inner_high <= high).all()
        inner_low, inner_high = low, high


@given(seed=st.integers(0, 2**32 - 1), cuts=st.lists(st.integers(0, 150), max_size=5))
def test_a_rows_bounds_are_the_same_in_any_batch(seed: int, cuts: list[int]) -> None:
    measured, predicted, fold, _ = cross_validated(120, 5, seed)
    new = np.random.default_rng(seed).normal(size=(5, 150))
    residuals = Residuals.of(measured, predicted, fold)
    parts = [cv_plus(part, residuals) for part in np.split(new, sorted(cuts), axis=1)]
    for coverage, bounds in cv_plus(new, residuals).items():
        joined = np.concatenate([part[coverage] for part in parts], axis=1)
        assert np.stack(bounds).tobytes() == joined.tobytes()


def test_a_row_without_a_fold_prediction_has_no_bounds_and_costs_no_other_row() -> None:
    measured, predicted, fold, new = cross_validated(60, 3, seed=9)
    residuals, holed = Residuals.of(measured, predicted, fold), new.copy()
    holed[1, 2] = np.nan
    for with_gap, without in zip(cv_plus(holed, residuals).values(), cv_plus(new, residuals).values(), strict=True):
        assert np.isnan(np.stack(with_gap)).tolist() == [[False, False, True, False]] * 2
        assert np.delete(with_gap, 2, axis=1).tolist() == np.delete(without, 2, axis=1).tolist()


def test_new_rows_are_covered_about_as_often_as_promised() -> None:
    """200 training sets of 60 rows, four-fold least squares on 8 features, 50 new rows each: 10 000 intervals."""
    rng = np.random.default_rng(2024)
    covered: dict[float, list[float]] = {coverage: [] for coverage in INTERVALS}
    for _ in range(200):
        inputs, slope = rng.normal(size=(110, 8)), rng.normal(size=8)
        truth = inputs @ slope + rng.standard_t(4, size=110)
        fold = np.arange(60) % 4
        models = [np.linalg.lstsq(inputs[:60][fold != k], truth[:60][fold != k], rcond=None)[0] for k in range(4)]
        left_out = np.array([inputs[row] @ models[fold[row]] for row in range(60)])
        new = np.array([inputs[60:] @ model for model in models])
        for coverage, (low, high) in cv_plus(new, Residuals.of(truth[:60], left_out, fold)).items():
            covered[coverage].append(float(((low <= truth[60:]) & (truth[60:] <= high)).mean()))
    for coverage, shares in covered.items():
        assert np.mean(shares) >= 1 - 2 * (1 - coverage)  # what theory promises
        assert np.mean(shares) == pytest.approx(coverage, abs=0.03)  # what is seen
