"""What each feature adds to a prediction of XGBoost.

Exact Shapley values of its trees, as XGBoost itself computes them: S. M. Lundberg et al., Nat. Mach. Intell. 2020, 2,
56, doi:10.1038/s42256-019-0138-9.
"""

import numpy as np
import numpy.typing as npt

from model_scripts.lean_xgboost import xgboost
from model_scripts.member import Floats


def contributions(booster: xgboost.Booster, matrix: npt.NDArray[np.float32], outputs: int) -> Floats:
    """Contributions float64 ``[rows, outputs, columns + 1]`` in units of the margin; the last is the base value.

    For each row and output they add up to the margin, within 1e-5 of it or of 1: XGBoost adds in 32-bit floats. A
    row's numbers do not depend on the rows beside it.

    Args:
        booster: of trees.
        matrix: float32 ``[rows, columns]``, NaN where a value is missing; categories as their positions.
        outputs: margins per row: one, or one per class of three or more.
    """
    rows, columns = matrix.shape
    if not rows:
        return np.empty((0, outputs, columns + 1))
    data = xgboost.DMatrix(
        matrix,
        missing=np.nan,
        nthread=1,
        feature_names=booster.feature_names,
        feature_types=booster.feature_types,
        enable_categorical=True,
    )
    found = booster.predict(data, pred_contribs=True, strict_shape=True)
    return np.asarray(found, dtype=np.float64).reshape(rows, outputs, columns + 1)
