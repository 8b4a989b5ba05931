"""Conformers that are the same minimum, found several times.

Two conformers are one when their energies *and* their geometries agree. A geometry is the heavy atoms and the hydrogens
on atoms other than carbon, so that rotamers of a hydroxyl group stay apart; the RMSD is the lowest over all ways to lay
the molecule onto itself (graph symmetries, bounded), by rotation alone. Mirror images therefore stay apart: the two
gauche forms of butane are two conformers.
"""

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolAlign

from model_scripts.conformers.boltzmann import Floats

MAX_SYMMETRIES = 500
"""Ways to lay a molecule onto itself that are tried; one with more may keep a duplicate, never lose a conformer."""


def distinct(molecule: Chem.Mol, energies: Floats, *, energy_tolerance: float, rmsd_tolerance: float) -> list[int]:
    """Positions of the conformers to keep, lowest energy first.

    Args:
        molecule: with explicit hydrogens and minimised conformers.
        energies: kcal/mol, ``[conformers]``; one that is NaN is dropped.
        energy_tolerance: duplicates differ by less, in kcal/mol.
        rmsd_tolerance: and by less than this, in Å.
    """
    outline = _outline(molecule)
    identifiers = [conformer.GetId() for conformer in outline.GetConformers()]
    kept: list[int] = []
    for position in np.argsort(energies, kind="stable").tolist():
        if np.isnan(energies[position]):
            continue
        near = (other for other in reversed(kept) if energies[position] - energies[other] < energy_tolerance)
        if not any(_rmsd(outline, identifiers[position], identifiers[other]) < rmsd_tolerance for other in near):
            kept.append(position)
    return kept


def _outline(molecule: Chem.Mol) -> Chem.Mol:
    """The molecule without the hydrogens on carbon."""
    outline = Chem.RWMol(molecule)
    outline.BeginBatchEdit()
    for atom in molecule.GetAtoms():
        if atom.GetAtomicNum() == 1 and any(neighbour.GetAtomicNum() == 6 for neighbour in atom.GetNeighbors()):
            outline.RemoveAtom(atom.GetIdx())
    outline.CommitBatchEdit()
    return outline.GetMol()


def _rmsd(outline: Chem.Mol, one: int, other: int) -> float:
    return float(rdMolAlign.GetBestRMS(outline, outline, one, other, maxMatches=MAX_SYMMETRIES))
