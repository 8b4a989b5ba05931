"""Whether two structures are the same compound: counterions, charges, stereochemistry, isotopes and mobile hydrogen
aside."""

from rdkit import Chem

from chem_endpoints.wire.manifest import Standardisation
from model_scripts.chemistry.standardise import VERSION, standardise_molecule


def parent(molecule: Chem.Mol, *, tautomer: bool) -> Chem.Mol:
    """The neutral parent without isotopes, see `model_scripts.chemistry.standardise`; as canonical tautomer or as
    drawn."""
    policy = Standardisation(policy="parent", tautomer=tautomer, version=VERSION)
    return standardise_molecule(_without_isotopes(molecule), policy).molecule


def compound_key(molecule: Chem.Mol) -> str:
    """First block of the parent's InChIKey: equal for salts, stereoisomers, isotopologues and tautomers of a compound.

    InChI merges the tautomers that differ in where a hydrogen sits on oxygen or nitrogen, and is faster than RDKit's
    enumeration; ketone and enol stay two compounds, unless a policy has made them one before. Falls back to the
    parent's flat canonical SMILES where InChI has no key, as for some metal complexes.
    """
    neutral = parent(molecule, tautomer=False)
    return str(Chem.MolToInchiKey(neutral)).split("-")[0] or str(Chem.MolToSmiles(neutral, isomericSmiles=False))


def _without_isotopes(molecule: Chem.Mol) -> Chem.Mol:
    if not any(atom.GetIsotope() for atom in molecule.GetAtoms()):
        return molecule
    natural = Chem.Mol(molecule)
    for atom in natural.GetAtoms():
        atom.SetIsotope(0)
    return Chem.RemoveHs(natural)
