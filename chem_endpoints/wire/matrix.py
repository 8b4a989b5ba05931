"""From float64 features to the 32-bit floats that tree and network models compute with."""

import numpy as np
import numpy.typing as npt

from chem_endpoints.wire.columns import Reason

_BEYOND = Reason.INVALID_VALUE.because("a number does not fit the model's 32-bit floats")


def to_float32(matrix: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float32], dict[int, str]]:
    """The matrix as float32 ``[rows, features]``, and for each row with a number out of range its reason.

    NaN stays NaN; a number out of range becomes NaN.
    """
    with np.errstate(over="ignore"):
        narrow = matrix.astype(np.float32)
    infinite = np.isinf(narrow)
    if not infinite.any():
        return narrow, {}
    narrow[infinite] = np.nan
    return narrow, dict.fromkeys(np.flatnonzero(infinite.any(axis=1)).tolist(), _BEYOND)
