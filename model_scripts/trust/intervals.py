"""CV+ prediction intervals: Barber, Candès, Ramdas and Tibshirani, Ann. Statist. 2021, 49, 486, doi 10.1214/20-AOS1965.

Of K fold models let m(i) be the one that did not see row i, and R(i) = |y(i) - m(i)(x(i))| its error there. For a new
x the interval of coverage 1 - a goes from the floor(a (n+1))-th smallest of m(i)(x) - R(i) to the
ceil((1-a) (n+1))-th smallest of m(i)(x) + R(i). For rows that are exchangeable with the training rows it covers with
probability >= 1 - 2a - sqrt(2/n), whatever the model (their Theorem 4), and about 1 - a in practice.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chem_endpoints.wire.columns import INTERVALS
from model_scripts.member import Floats

MOST_RESIDUALS = 1_000
"""Kept per target: they decide the time of a prediction, and the bounds of 1 000 are fine enough."""

Interval = tuple[Floats, Floats]
"""Lower and upper bound, float64 ``[rows]``."""

_BLOCK = 64
"""Rows worked on together: 64 · 1 000 float64 fit the second-level cache."""


@dataclass(frozen=True, kw_only=True)
class Residuals:
    """Absolute out-of-fold errors of one target, thinned to `MOST_RESIDUALS`.

    Thinning never narrows an interval: within each fold the sorted errors are cut into groups of ``step``, from the
    largest down, and each group is stood for by its largest error. Of 50 000 rows that makes
    intervals 0.5 to 0.9 % wider with five folds, 1 to 2 % with ten.

    Attributes:
        errors: float64 ``[kept]``, fold by fold, ascending within each, in the target's unit.
        folds: int64 ``[kept]``: the fold of each error, which is the position of the model that did not see its row.
        rows: how many rows were measured; the ranks are computed from it.
        step: rows that one kept error stands for; the smallest of a fold may stand for fewer.
    """

    errors: Floats
    folds: npt.NDArray[np.int64]
    rows: int
    step: int

    @classmethod
    def of(
        cls, measured: Floats, predicted: Floats, folds: npt.NDArray[np.int64], *, most: int = MOST_RESIDUALS
    ) -> "Residuals":
        """From out-of-fold predictions.

        Args:
            measured: float64 ``[rows]``; rows that are NaN here were not measured and do not count.
            predicted: float64 ``[rows]``, each by the model that did not see the row.
            folds: int64 ``[rows]``, the fold that each row was left out with.
            most: errors to keep, unless there are more folds.
        """
        known = ~np.isnan(measured)
        errors = np.abs(measured[known] - predicted[known])
        by_fold = [(fold, np.sort(errors[folds[known] == fold])) for fold in np.unique(folds[known])]
        step = _step([len(sorted_errors) for _, sorted_errors in by_fold], most)
        kept = [(fold, sorted_errors[::-1][::step][::-1]) for fold, sorted_errors in by_fold]
        return cls(
            errors=np.concatenate([np.empty(0), *(some for _, some in kept)]),
            folds=np.concatenate([np.empty(0, np.int64), *(np.full(len(some), fold) for fold, some in kept)]),
            rows=len(errors),
            step=step,
        )

    def rank(self, coverage: float) -> int:
        """Position, from 1, of the bound among the kept errors' candidates; above their number: no bound.

        Of the ``rows`` candidates the ⌈(n+1) · coverage⌉-th smallest is asked for. Counting ``step`` for each kept
        error overstates the number below a bound by at most ``step · kept - rows``; asking for as many more keeps the
        bound at or outside that of all errors.
        """
        wanted = needed_rank(self.rows, coverage) - self.rows
        return math.ceil(Fraction(wanted, self.step)) + len(self.errors)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The parts, for `model_scripts.trust.arrays.pack`."""
        counts = np.array([self.rows, self.step], dtype=np.int64)
        return {"errors": self.errors, "folds": self.folds, "counts": counts}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> "Residuals":
        """The residuals of `to_arrays`."""
        rows, step = arrays["counts"].tolist()
        return cls(errors=arrays["errors"], folds=arrays["folds"], rows=rows, step=step)


def needed_rank(rows: int, coverage: float) -> int:
    """⌈(rows + 1) · coverage⌉, in exact arithmetic: 0.9 is nine tenths, not the nearest float."""
    return math.ceil((rows + 1) * Fraction(coverage).limit_denominator(1_000))


def reason_missing(rows: int, coverage: float) -> str | None:
    """Why rows so few give no interval of this coverage, for the card; ``None``: they give one."""
    if needed_rank(rows, coverage) <= rows:
        return None
    least = next(count for count in range(1, 1_001) if needed_rank(count, coverage) <= count)
    return f"the {coverage:.0%} interval is missing: it needs {least} measured rows, and there are {rows}"


def cv_plus(fold_predictions: Floats, residuals: Residuals) -> dict[float, Interval]:
    """The interval of each coverage in `INTERVALS`, as CV+ gives it; NaN where there are too few rows.

    A row's bounds depend on its own predictions alone, and are NaN where one of them is. They need not hold the
    ensemble's prediction between them: see `bracket`.

    Args:
        fold_predictions: float64 ``[folds, rows]``, in the order of `Residuals.folds`.
        residuals: of the same fold models.
    """
    ranks = {coverage: residuals.rank(coverage) for coverage in INTERVALS}
    known = {coverage: rank for coverage, rank in ranks.items() if rank <= len(residuals.errors)}
    bounds = {coverage: np.full((2, fold_predictions.shape[1]), np.nan) for coverage in INTERVALS}
    for rows in _blocks(fold_predictions.shape[1]):
        mine = fold_predictions[:, rows].T
        high = _candidates(mine, residuals)
        low = _candidates(-mine, residuals)
        missing = np.isnan(mine).any(axis=1)
        for coverage, rank in known.items():
            bounds[coverage][0, rows] = np.where(missing, np.nan, -low[:, rank - 1])
            bounds[coverage][1, rows] = np.where(missing, np.nan, high[:, rank - 1])
    return {coverage: (low, high) for coverage, (low, high) in bounds.items()}


def _candidates(predictions: Floats, residuals: Residuals) -> Floats:
    """Sorted prediction + error, ``[rows, kept]``; of the negated predictions it gives the lower bounds, mirrored."""
    return np.sort(predictions[:, residuals.folds] + residuals.errors, axis=1)


def bracket(prediction: Floats, intervals: Mapping[float, Interval]) -> dict[float, Interval]:
    """The intervals, widened where one does not hold the prediction or a narrower interval; NaN stays NaN.

    Args:
        prediction: float64 ``[rows]``; the mean of other models than those that the bounds come from, so that it may
            lie outside a narrow interval.
        intervals: coverage → bounds.
    """
    low = high = prediction
    nested: dict[float, Interval] = {}
    for coverage in sorted(intervals):
        low, high = np.minimum(low, intervals[coverage][0]), np.maximum(high, intervals[coverage][1])
        nested[coverage] = low, high
    return nested


def _step(fold_sizes: list[int], most: int) -> int:
    """The least number of rows per kept error that leaves at most ``most`` errors, and at least one of each fold."""
    step = 1
    while sum(math.ceil(size / step) for size in fold_sizes) > max(most, len(fold_sizes)):
        step += 1
    return step


def _blocks(rows: int) -> Iterator[slice]:
    return (slice(start, start + _BLOCK) for start in range(0, rows, _BLOCK))
