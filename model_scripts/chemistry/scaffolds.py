"""Scaffolds for splitting: Bemis and Murcko, J. Med. Chem. 1996, 39, 2887, without chirality."""

from rdkit import Chem
from rdkit.Chem.Scaffolds import MurckoScaffold

from model_scripts.chemistry.identity import compound_key


def scaffold_key(molecule: Chem.Mol) -> str:
    """The scaffold's flat SMILES; a molecule without rings is its own group, named by its compound key."""
    scaffold = MurckoScaffold.GetScaffoldForMol(molecule)
    flat = Chem.MolToSmiles(scaffold, isomericSmiles=False)
    return flat or f"acyclic {compound_key(molecule)}"
