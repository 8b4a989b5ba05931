"""Figures of numeric predictions against measured values; numpy alone."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

REGRESSION_FIGURES = ("rmse", "mae", "medae", "r2", "spearmanr")
"""Root mean squared, mean and median absolute error (in the target's unit), coefficient of determination, rank
correlation."""


def regression_figures(measured: Floats, predicted: Floats) -> dict[str, float]:
    """The `REGRESSION_FIGURES`; NaN where one is not defined.

    Args:
        measured: float64 ``[rows]`` without NaN.
        predicted: float64 ``[rows]`` without NaN.

    Returns:
        Figure → value. Without rows all are NaN; ``r2`` and ``spearmanr`` need two different measured values (and
        ``spearmanr`` two different predictions).
    """
    if not len(measured):
        return dict.fromkeys(REGRESSION_FIGURES, float("nan"))
    errors = predicted - measured
    spread = float(np.sum((measured - measured.mean()) ** 2))
    return {
        "rmse": float(np.sqrt(np.mean(errors**2))),
        "mae": float(np.mean(np.abs(errors))),
        "medae": float(np.median(np.abs(errors))),
        "r2": 1 - float(np.sum(errors**2)) / spread if np.ptp(measured) > 0 else float("nan"),
        "spearmanr": rank_correlation(measured, predicted),
    }


def rank_correlation(one: Floats, other: Floats) -> float:
    """Spearman's correlation, ties with their mean rank; NaN where a side is constant."""
    if len(one) < 2 or not np.ptp(one) > 0 or not np.ptp(other) > 0:
        return float("nan")
    return float(np.corrcoef(ranks(one), ranks(other))[0, 1])


def ranks(values: Floats) -> Floats:
    """Ranks from 1, ties with their mean rank; float64 ``[rows]``."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    means: Floats = (last - (counts - 1) / 2).astype(np.float64)
    return means[places]
