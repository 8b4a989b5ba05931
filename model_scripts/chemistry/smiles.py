"""Reads a SMILES, or says why it cannot be one compound.

RDKit accepts more than a chemist means: text after the first line or blank is dropped, letters that only look like
Latin ones are skipped (Cyrillic ones turn ethanol into water), isotopes and charges wrap around, SELFIES and labelled
atoms without their hydrogens become bare carbon, and the empty string is a molecule. Each of these would give a
plausible number for another compound, so each is refused here. Sizes are counted in the text, before RDKit sees it:
ring perception alone can take minutes, gigabytes or the process.
"""

import re
from typing import NoReturn

from rdkit import Chem, RDLogger

from chem_endpoints.wire.columns import Reason

# RDKit writes the whole SMILES to stderr when it cannot parse it; structures are confidential.
RDLogger.DisableLog("rdApp.*")

MAX_CHARACTERS = 2_000
MAX_HEAVY_ATOMS = 200
MAX_RINGS = 64
"""Ring closures; buckminsterfullerene has 31."""
MAX_FRAGMENTS = 50
"""Parts between dots; a salt with all its crystal water has fewer."""
MAX_CHARGE = 8
"""Of one atom, either way; no compound in a bottle has more."""

_LONG_NUMBER = re.compile(r"\[\d{4,}|[+-]\d{3,}")
_REACTION = re.compile(r"(?<!-)>")
"""An arrow, other than the ``->`` of a dative bond, which RDKit itself writes for metal complexes."""
_SMARTS = re.compile(r"~|\[#")
_SELFIES = re.compile(r"(?:\[(?:B|C|N|O|P|S|F|Cl|Br|I)\]){2,}")
_BRACKETS = re.compile(r"\[[^\[\]]*\]")
_HEAVY_ATOM = re.compile(r"\[(?!\d*H\d*[+-]*\d*(?::\d*)?\])[^\[\]]*\]|Br|Cl|[BCNOFPSIbcnops]")
_CLOSURE = re.compile(r"([-=#$:]?)(?:%\((\d+)\)|%(\d\d)|(\d))")

_ELEMENTS = Chem.GetPeriodicTable()


class SmilesError(ValueError):
    """Why a text is no usable SMILES; ``args[0]`` is a ``prediction_error`` cell that quotes no structure."""


def parse_smiles(text: str) -> Chem.Mol:
    """The sanitised molecule of a SMILES; leading and trailing white space does not count.

    Raises:
        SmilesError: empty, not one SMILES, not chemistry, or larger than `MAX_HEAVY_ATOMS` heavy atoms,
            `MAX_RINGS` ring closures or `MAX_FRAGMENTS` fragments.
    """
    smiles = text.strip()
    _refuse_text(smiles)
    _refuse_size(smiles)
    _refuse_closures(smiles)
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        _refuse("cannot be read as a molecule; check brackets, ring closures and valences")
    if molecule.GetNumAtoms() == 0:
        _refuse("holds no atom")
    _limit("heavy atoms", molecule.GetNumHeavyAtoms(), MAX_HEAVY_ATOMS)
    _refuse_molecule(smiles, molecule)
    return molecule


def _refuse_text(smiles: str) -> None:
    if not smiles:
        _refuse("is empty")
    _limit("characters", len(smiles), MAX_CHARACTERS)
    if not smiles.isascii() or not smiles.isprintable():
        _refuse("holds characters other than printable ASCII; retype it")
    if " " in smiles:
        _refuse("holds a blank; send the SMILES alone, without name or extensions")
    if _REACTION.search(smiles):
        _refuse("is a reaction; send one compound")
    if _LONG_NUMBER.search(smiles):
        _refuse("holds an isotope or a charge out of range")
    if _SMARTS.search(smiles):
        _refuse("is a SMARTS pattern; send a SMILES")


def _refuse_size(smiles: str) -> None:
    _limit("heavy atoms", len(_HEAVY_ATOM.findall(smiles)), MAX_HEAVY_ATOMS)
    _limit("fragments", smiles.count(".") + 1, MAX_FRAGMENTS)


def _refuse_closures(smiles: str) -> None:
    opened: dict[int, str] = {}
    rings = 0
    for bond, *number in _CLOSURE.findall(_BRACKETS.sub("*", smiles)):
        closure = int("".join(number))
        if closure not in opened:
            opened[closure] = bond
            continue
        rings += 1
        other = opened.pop(closure)
        if bond and other and bond != other:  # RDKit would take the first
            _refuse("closes a ring by two different bonds; write the bond at one end")
    _limit("ring closures", rings, MAX_RINGS)


def _refuse_molecule(smiles: str, molecule: Chem.Mol) -> None:
    if "[" in smiles or "*" in smiles:  # atoms without brackets have their usual hydrogens, charge and isotope
        for atom in molecule.GetAtoms():
            _refuse_atom(atom)
        if _SELFIES.fullmatch(smiles) and any(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms()):
            _refuse("could be SELFIES, where it is another compound; write atoms without brackets")
    if ":" in smiles or "->" in smiles or "<-" in smiles:
        for bond in molecule.GetBonds():
            _refuse_bond(bond)


def _refuse_atom(atom: Chem.Atom) -> None:
    protons, isotope, charge = atom.GetAtomicNum(), atom.GetIsotope(), atom.GetFormalCharge()
    if protons == 0:
        _refuse("holds a dummy atom (*), which stands for no element")
    if isotope and not _ELEMENTS.GetMassForIsotope(protons, isotope):
        _refuse("holds an isotope out of range: that element has none of this mass number")
    if abs(charge) > MAX_CHARGE or charge > protons:
        _refuse("holds a charge out of range")
    if protons == 6 and atom.GetNumRadicalElectrons() >= 3:
        _refuse("holds a carbon without its hydrogens; inside brackets they must be written, as in [13CH3]")


def _refuse_bond(bond: Chem.Bond) -> None:
    kind = bond.GetBondType()
    if kind == Chem.BondType.AROMATIC and not bond.GetIsAromatic():
        _refuse("holds an aromatic bond (:) outside an aromatic ring")
    if kind == Chem.BondType.DATIVE and bond.GetEndAtom().GetAtomicNum() == 6:
        _refuse("holds an arrow to a carbon atom; a reaction is written with >>, and is not read here")


def _limit(what: str, count: int, most: int) -> None:
    if count > most:
        raise SmilesError(Reason.TOO_LARGE.because(f"{count} {what}, at most {most} are read"))


def _refuse(why: str) -> NoReturn:
    raise SmilesError(Reason.INVALID_SMILES.because(f"the SMILES {why}"))
