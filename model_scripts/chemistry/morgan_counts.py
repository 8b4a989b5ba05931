"""The descriptor set ``morgan_counts``: Morgan fingerprints of radius 2, counted, folded to 2 048 columns.

D. Rogers, M. Hahn, "Extended-Connectivity Fingerprints", J. Chem. Inf. Model. 2010, 50, 742, doi:10.1021/ci100050t.
"""

import numpy as np
import numpy.typing as npt
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

NAME = "morgan_counts"
VERSION = "1"

SIZE = 2048
COLUMNS: tuple[str, ...] = tuple(f"morgan_{bit}" for bit in range(SIZE))

_GENERATOR = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=SIZE)


def describe(molecule: Chem.Mol) -> npt.NDArray[np.float64]:
    """How often each environment occurs in a molecule, float64 ``[SIZE]``; never missing."""
    return np.asarray(_GENERATOR.GetCountFingerprintAsNumPy(molecule), dtype=np.float64)
