"""One way to write metals, functional groups and charges."""

from rdkit import Chem
from rdkit.Chem import rdmolops, rdqueries
from rdkit.Chem.MolStandardize import rdMolStandardize

from chem_endpoints.wire.columns import Reason
from model_scripts.chemistry.smiles import MAX_CHARGE, SmilesError

_METALS = rdMolStandardize.MetalDisconnector()
_GROUPS = rdMolStandardize.Normalizer()
_PROTONS = rdMolStandardize.Reionizer()
_CHARGES = rdMolStandardize.Uncharger()
_ACIDIC_OXYGEN = Chem.MolFromSmarts("[$([OX2H1]C=O),$([OX2H1]S(=O)=O),$([OX2H1]P=O)]")
_METAL = "!#1!#2!#5!#6!#7!#8!#9!#10!#14!#15!#16!#17!#18!#32!#33!#34!#35!#36!#51!#52!#53!#54!#84!#85!#86"
_OF_GROUPS_1_AND_2 = "#3,#4,#11,#12,#19,#20,#37,#38,#55,#56,#87,#88"
_ANY_METAL = Chem.MolFromSmarts(f"[{_METAL}]")
_BOUND_METAL = Chem.MolFromSmarts(f"[{_METAL};!$([{_OF_GROUPS_1_AND_2}])]~*")
_CHARGE = Chem.MolFromSmarts("[!+0]")
_HYDROGEN = Chem.MolFromSmarts("[#1]")
_REFUSAL = "the structure cannot be standardised"
_LABEL = rdqueries.HasPropQueryAtom("molAtomMapNumber")


def normalised(molecule: Chem.Mol) -> Chem.Mol:
    """Metals disconnected, functional groups in one form, the strongest acids the ones that are ionised.

    It is what `rdMolStandardize.Cleanup` gives, without the steps that have nothing to do; atom-map numbers go, and so
    do hydrogen atoms that only say on which side of a C=N they are. A metal that would be left with a charge that none
    has keeps its bonds.

    Raises:
        SmilesError: RDKit cannot do it.
    """
    try:
        molecule = _GROUPS.normalize(_disconnected(_without_labels(molecule)))
        return _PROTONS.reionize(molecule) if _is_charged(molecule) else molecule
    except (RuntimeError, ValueError):
        raise SmilesError(Reason.INVALID_SMILES.because(_REFUSAL)) from None


def binds_transition_metal(molecule: Chem.Mol) -> bool:
    """Whether an atom is bound to a metal outside groups 1 and 2: to cut that bond leaves another compound.

    Sodium drawn with a bond to oxygen is an ion all the same.
    """
    return bool(molecule.HasSubstructMatch(_BOUND_METAL))


def _disconnected(molecule: Chem.Mol) -> Chem.Mol:
    if not molecule.HasSubstructMatch(_ANY_METAL):
        return molecule
    parts = _METALS.Disconnect(molecule)
    return molecule if any(abs(atom.GetFormalCharge()) > MAX_CHARGE for atom in parts.GetAtoms()) else parts


def uncharged(molecule: Chem.Mol) -> Chem.Mol:
    """Protons given and taken until as few charges as possible are left.

    A positive charge that no proton makes, as of a quaternary nitrogen, stays; an acid in the same molecule is then
    written as its anion, so that betaine and its hydrochloride are one compound.

    Raises:
        SmilesError: RDKit cannot do it.
    """
    if not _is_charged(molecule):
        return molecule
    try:
        neutral = _with_inner_salts(_CHARGES.uncharge(molecule))
        return _PROTONS.reionize(neutral) if _is_charged(neutral) else neutral
    except (RuntimeError, ValueError):
        raise SmilesError(Reason.INVALID_SMILES.because(_REFUSAL)) from None


def _with_inner_salts(molecule: Chem.Mol) -> Chem.Mol:
    surplus = Chem.GetFormalCharge(molecule)
    acids = molecule.GetSubstructMatches(_ACIDIC_OXYGEN) if surplus > 0 else ()
    for (oxygen,) in acids[: max(surplus, 0)]:
        molecule.GetAtomWithIdx(oxygen).SetFormalCharge(-1)
        molecule.GetAtomWithIdx(oxygen).SetNumExplicitHs(0)
    Chem.SanitizeMol(molecule)
    return molecule


def _is_charged(molecule: Chem.Mol) -> bool:
    return bool(molecule.HasSubstructMatch(_CHARGE))


def _without_labels(molecule: Chem.Mol) -> Chem.Mol:
    if not molecule.HasSubstructMatch(_HYDROGEN) and not molecule.GetAtomsMatchingQuery(_LABEL):
        return molecule
    bare = Chem.Mol(molecule)
    for atom in bare.GetAtoms():
        atom.SetAtomMapNum(0)
    hydrogens = rdmolops.RemoveHsParameters()
    hydrogens.removeDefiningBondStereo = True
    bare = Chem.RemoveHs(bare, hydrogens)
    return Chem.MolFromSmiles(Chem.MolToSmiles(bare)) or bare  # the labels had a say in the order of the atoms
