"""Reads a SMILES, or says why it cannot be one compound.

RDKit accepts more than a chemist means: text after the first line or blank is dropped, letters that only look like
Latin ones are skipped (Cyrillic ones turn ethanol into water), isotopes and charges wrap around, and the empty
string is a molecule. Each of these would give a plausible number for another compound, so each is refused here.
"""

import re
from typing import NoReturn

from rdkit import Chem, RDLogger

from chem_endpoints.wire.columns import Reason

# RDKit writes the whole SMILES to stderr when it cannot parse it; structures are confidential.
RDLogger.DisableLog("rdApp.*")

MAX_CHARACTERS = 2_000
MAX_HEAVY_ATOMS = 200

_LONG_NUMBER = re.compile(r"\[\d{4,}|[+-]\d{3,}")


class SmilesError(ValueError):
    """Why a text is no usable SMILES; ``args[0]`` is a ``prediction_error`` cell that quotes no structure."""


def parse_smiles(text: str) -> Chem.Mol:
    """The sanitised molecule of a SMILES; leading and trailing white space does not count.

    Raises:
        SmilesError: empty, not one SMILES, not chemistry, or larger than `MAX_HEAVY_ATOMS` heavy atoms.
    """
    smiles = text.strip()
    _refuse_text(smiles)
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        _refuse("cannot be read as a molecule; check brackets, ring closures and valences")
    if molecule.GetNumAtoms() == 0:
        _refuse("holds no atom")
    if molecule.GetNumHeavyAtoms() > MAX_HEAVY_ATOMS:
        raise SmilesError(
            Reason.TOO_LARGE.because(
                f"{molecule.GetNumHeavyAtoms()} heavy atoms, at most {MAX_HEAVY_ATOMS} are predicted"
            )
        )
    if any(atom.GetAtomicNum() == 0 for atom in molecule.GetAtoms()):
        _refuse("holds a dummy atom (*), which stands for no element")
    return molecule


def _refuse_text(smiles: str) -> None:
    if not smiles:
        _refuse("is empty")
    if len(smiles) > MAX_CHARACTERS:
        raise SmilesError(Reason.TOO_LARGE.because(f"{len(smiles)} characters, at most {MAX_CHARACTERS} are read"))
    if not smiles.isascii() or not smiles.isprintable():
        _refuse("holds characters other than printable ASCII; retype it")
    if " " in smiles:
        _refuse("holds a blank; send the SMILES alone, without name or extensions")
    if ">" in smiles:
        _refuse("is a reaction; send one compound")
    if _LONG_NUMBER.search(smiles):
        _refuse("holds an isotope or a charge out of range")


def _refuse(why: str) -> NoReturn:
    raise SmilesError(Reason.INVALID_SMILES.because(f"the SMILES {why}"))
