"""Which columns may lack a value."""

import numpy as np

from model_scripts.inputs import Inputs


def may_be_missing(inputs: Inputs) -> tuple[int, ...]:
    """Positions of the columns in which a training row lacks a value, or which say that a row may lack one."""
    gaps = np.isnan(inputs.matrix).any(axis=0)
    told = np.array([column.missing for column in inputs.columns], dtype=bool)
    return tuple(np.flatnonzero(gaps | told).tolist())
