"""Scaffolds for splitting: Bemis and Murcko, J. Med. Chem. 1996, 39, 2887, doi:10.1021/jm9602928, without chirality."""

from rdkit import Chem
from rdkit.Chem.Scaffolds import MurckoScaffold

from model_scripts.chemistry.identity import compound_key, parent


def scaffold_key(molecule: Chem.Mol) -> str:
    """The flat SMILES of the parent's scaffold: salts, stereoisomers and tautomers of a compound share it.

    A molecule without rings is its own group, named by its compound key.
    """
    scaffold = MurckoScaffold.GetScaffoldForMol(parent(molecule, tautomer=True))
    flat = Chem.MolToSmiles(scaffold, isomericSmiles=False)
    return flat or f"acyclic {compound_key(molecule)}"
