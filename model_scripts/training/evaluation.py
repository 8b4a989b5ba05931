"""Out-of-fold errors and the prediction interval that follows from them."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import GroupKFold

from chem_endpoints.wire.manifest import Metrics

FOLDS = 5
COVERAGE = 0.9

Floats = npt.NDArray[np.float64]
FitPredict = Callable[[npt.NDArray[np.intp], npt.NDArray[np.intp]], Floats]
"""Trains on the first rows, predicts the second."""


def folds(groups: Sequence[str], seed: int) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Train and test rows of each fold; rows of one group stay together, groups are shuffled by the seed."""
    splitter = GroupKFold(n_splits=FOLDS, shuffle=True, random_state=seed)
    yield from splitter.split(np.zeros(len(groups)), groups=groups)


def out_of_fold(fit_predict: FitPredict, groups: Sequence[str], seed: int, progress: Callable[[], object]) -> Floats:
    """Each row's prediction by the model that did not see its group."""
    predicted = np.full(len(groups), math.nan)
    for train, test in folds(groups, seed):
        predicted[test] = fit_predict(train, test)
        progress()
    return predicted


def metrics(split: str, target: Floats, predicted: Floats, groups: Sequence[str], seed: int) -> Metrics:
    """Errors of the out-of-fold predictions, beside those of always answering the training mean."""
    mean = np.full(len(target), math.nan)
    for train, test in folds(groups, seed):
        mean[test] = target[train].mean()
    return Metrics(
        split=split,
        folds=FOLDS,
        rows=len(target),
        rmse=round(float(root_mean_squared_error(target, predicted)), 4),
        mae=round(float(mean_absolute_error(target, predicted)), 4),
        r2=round(float(r2_score(target, predicted)), 4),
        mean_baseline_rmse=round(float(root_mean_squared_error(target, mean)), 4),
    )


def interval_half_width(target: Floats, predicted: Floats) -> float:
    """Half width of the 90 % interval: the conformal quantile of the absolute out-of-fold errors.

    The ``ceil((n + 1) · 0.9)``-th smallest error covers a new, exchangeable row with probability ≥ 0.9 for a fixed
    model (Vovk et al., Algorithmic Learning in a Random World, 2005); with cross-validation nearly so (Barber et al.,
    Ann. Statist. 2021, 49, 486).
    """
    errors = np.sort(np.abs(target - predicted))
    rank = min(math.ceil((len(errors) + 1) * COVERAGE), len(errors))
    return round(float(errors[rank - 1]), 4)
