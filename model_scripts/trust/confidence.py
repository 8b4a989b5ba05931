"""One number in [0, 1] that says how much a prediction narrows down what was unknown; a written formula per task."""

import numpy as np

from model_scripts.member import Floats

Z_90 = 1.6448536269514722
"""Half width of the central 90 % interval of the standard normal distribution."""


def regression_confidence(low: Floats, high: Floats, std: Floats, variance: float) -> Floats:
    """``1 - (h² + std²) / variance``, not below 0, where ``h = (high - low) / (2 · 1.6449)``; float64 ``[rows]``.

    The share of the training values' variance that is ruled out, like an R² of the single row: 0 for a prediction no
    better than the training mean, 1 for one without error. NaN where the interval is missing, or where the training
    values do not vary.

    The bounds of CV+ hold the members' disagreement about a row already, but give it little weight: where it is large,
    errors are larger than h says. (Of ESOL compounds held out from XGBoost, the quarter with the largest std has a mean
    squared error of 0.98, a mean h² of 0.44 and a mean h² + std² of 0.51; over all of them 0.43, 0.38 and 0.41.) Hence
    the second term.

    Args:
        low: lower bound of the 90 % interval, float64 ``[rows]``.
        high: its upper bound.
        std: standard deviation of the members' predictions.
        variance: population variance of the target among the training rows, in its unit squared.
    """
    if not variance > 0:
        return np.full(len(low), np.nan)
    half = (high - low) / (2 * Z_90)
    return np.clip(1 - (half**2 + std**2) / variance, 0, 1)


def classification_confidence(probabilities: Floats) -> Floats:
    """``1 - H(p) / log K`` for the probabilities p of K classes, float64 ``[rows]``; H is Shannon's entropy.

    0 where all classes are as likely, 1 where one is certain.

    Args:
        probabilities: float64 ``[rows, classes]``, each row summing to 1; at least two classes.
    """
    classes = probabilities.shape[1]
    entropy = np.zeros(len(probabilities))
    for column in range(classes):
        chance = np.ascontiguousarray(probabilities[:, column])
        entropy -= chance * np.log(np.where(chance > 0, chance, 1))
    return np.asarray(np.clip(1 - entropy / np.log(classes), 0, 1))
