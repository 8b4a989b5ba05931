"""Which answers may be kept: those that the same model would give to the same row again."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.wire.columns import PREDICTION_ERROR

PASSING_STATUSES: dict[str, frozenset[str]] = {"desc3d_status": frozenset({"partial"})}
"""Output → its values that depend on how busy the machine was: such a row is asked again."""


def storable(answers: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which rows of an answer may be kept: predicted, and not by chance as they are."""
    kept: npt.NDArray[np.bool_] = (answers[PREDICTION_ERROR] == "").to_numpy(dtype=bool)
    for name, passing in PASSING_STATUSES.items():
        if name in answers.columns:
            kept = kept & ~answers[name].isin(passing).to_numpy(dtype=bool)
    return kept
