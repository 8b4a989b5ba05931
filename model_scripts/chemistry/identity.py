"""Whether two structures are the same compound: counterions, charges and stereochemistry aside."""

from rdkit import Chem
from rdkit.Chem.MolStandardize import rdMolStandardize


def parent(molecule: Chem.Mol) -> Chem.Mol:
    """The neutral parent: clean-up, largest organic fragment, charges removed."""
    cleaned = rdMolStandardize.Cleanup(molecule)
    return rdMolStandardize.Uncharger().uncharge(rdMolStandardize.FragmentParent(cleaned))


def compound_key(molecule: Chem.Mol) -> str:
    """First block of the parent's InChIKey: equal for salts, stereoisomers and isotopologues of one compound.

    Falls back to the parent's flat canonical SMILES where InChI has no key.
    """
    neutral = parent(molecule)
    return str(Chem.MolToInchiKey(neutral)).split("-")[0] or str(Chem.MolToSmiles(neutral, isomericSmiles=False))
