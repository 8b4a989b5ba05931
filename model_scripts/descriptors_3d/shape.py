"""Shape of one conformer, from its moments of inertia and the plane through it."""

import math

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors


def shape(molecule: Chem.Mol, conformer: int) -> dict[str, float]:
    """``shape_*`` of one conformer, masses and hydrogens counted; a lone atom has no shape (NaN, radius 0).

    Normalised ratios of the principal moments: a rod is (0, 1), a disc (0.5, 0.5), a sphere (1, 1) (Sauer and Schwarz
    2003, doi 10.1021/ci025599w). ``shape_pbf``: mean distance in Å of the heavy atoms from their best plane (Firth et
    al. 2012, doi 10.1021/ci300293f).
    """
    if molecule.GetNumAtoms() == 1:
        return {name: 0.0 if name == "shape_rgyr" else math.nan for name in _FUNCTIONS}
    return {name: float(function(molecule, confId=conformer)) for name, function in _FUNCTIONS.items()}


_FUNCTIONS = {
    "shape_npr1": rdMolDescriptors.CalcNPR1,
    "shape_npr2": rdMolDescriptors.CalcNPR2,
    "shape_asphericity": rdMolDescriptors.CalcAsphericity,
    "shape_rgyr": rdMolDescriptors.CalcRadiusOfGyration,
    "shape_spherocity": rdMolDescriptors.CalcSpherocityIndex,
    "shape_pbf": rdMolDescriptors.CalcPBF,
}
