"""From a column of SMILES to a matrix of descriptors, one molecule at a time."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from chem_endpoints.wire.rows import each_row
from model_scripts.chemistry import rdkit_2d
from model_scripts.chemistry.smiles import SmilesError, parse_smiles


def featurise(smiles: Sequence[str]) -> tuple[npt.NDArray[np.float32], dict[int, str]]:
    """Descriptors float32 ``[rows, len(rdkit_2d.COLUMNS)]``, and for each unusable row its reason.

    The row of an unusable SMILES is NaN; no row influences another.
    """
    matrix = np.full((len(smiles), len(rdkit_2d.COLUMNS)), np.nan, dtype=np.float32)
    reasons: dict[int, str] = {}
    for row, text in each_row(enumerate(smiles)):
        try:
            matrix[row] = rdkit_2d.describe(parse_smiles(text))
        except SmilesError as error:
            reasons[row] = str(error)
    return matrix, reasons
