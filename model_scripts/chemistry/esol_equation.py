"""The ESOL equation, a fixed baseline for aqueous solubility.

J. S. Delaney, "ESOL: Estimating Aqueous Solubility Directly from Molecular Structure", J. Chem. Inf. Comput. Sci.
2004, 44, 1000, doi:10.1021/ci034243x. Its logP was Daylight's ClogP; here it is RDKit's (Wildman and Crippen 1999).
"""

from rdkit import Chem
from rdkit.Chem import Crippen, Descriptors, rdMolDescriptors


def esol_log_s(molecule: Chem.Mol) -> float:
    """Estimated log10 of the solubility in mol/L from logP, weight, rotatable bonds and aromatic proportion."""
    aromatic = sum(atom.GetIsAromatic() for atom in molecule.GetAtoms()) / molecule.GetNumHeavyAtoms()
    return float(
        0.16
        - 0.63 * Crippen.MolLogP(molecule)
        - 0.0062 * Descriptors.MolWt(molecule)
        + 0.066 * rdMolDescriptors.CalcNumRotatableBonds(molecule)
        - 0.74 * aromatic
    )
