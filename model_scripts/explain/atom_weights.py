"""What each atom adds to a prediction: the prediction, less the mean of those with another atom in its place.

The method asks for nothing but predictions, so it serves every model of structures. An atom is exchanged for carbon,
nitrogen and oxygen with the same bonds, and one at the end of a single bond also for hydrogen: a scan of single atoms
as medicinal chemists make it (L. D. Pennington and D. T. Moustakas, J. Med. Chem. 2017, 60, 3552,
doi:10.1021/acs.jmedchem.6b01807), whose molecules stay whole and near to those that the model knows. Left out are
exchanges that RDKit cannot sanitise, that change a charge, and that end the aromaticity of a ring. An atom that has no
other exchange has weight 0: carbon with four bonds to others, as in a carbonyl group or where an aromatic ring bears a
substituent, and charged atoms. What these do shows in their neighbours.

It differs from leaving out an atom's bits of a fingerprint (S. Riniker and G. A. Landrum, J. Cheminform. 2013, 5, 43,
doi:10.1186/1758-2946-5-43) in that descriptors and graphs have no such bits; a molecule with a gap in it is in pieces.
The weights need not add up to the prediction. How far to believe such colours: R. P. Sheridan, J. Chem. Inf. Model.
2019, 59, 1324, doi:10.1021/acs.jcim.8b00825.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from rdkit import Chem, RDLogger
from rdkit.Chem import rdqueries

from model_scripts.member import Floats

RDLogger.DisableLog("rdApp.*")  # it would write what it cannot sanitise to stderr; structures are confidential

Predict = Callable[[list[Chem.Mol]], Floats]
"""Molecules → one number each, float64 ``[molecules]``."""

EXCHANGES = (6, 7, 8)
"""Atomic numbers of carbon, nitrogen and oxygen."""
DIGITS = 6

_AROMATIC = rdqueries.IsAromaticQueryAtom()


@dataclass(frozen=True, kw_only=True)
class AtomWeights:
    """What each heavy atom adds.

    Attributes:
        weights: float64 ``[heavy atoms]`` in the order of the molecule's atoms, in the unit of the prediction.
        unknown: atoms that have weight 0 because there is nothing to exchange them for, or nothing that the model
            predicts.
    """

    weights: Floats
    unknown: int


def atom_weights(molecule: Chem.Mol, predict: Predict) -> Floats:
    """The weights of `explain_atoms` alone."""
    return explain_atoms(molecule, predict).weights


def explain_atoms(molecule: Chem.Mol, predict: Predict) -> AtomWeights:
    """The weight of each heavy atom.

    ``predict`` is called once, with the molecule first and no molecule twice. The weights follow the atoms when these
    are written in another order, and atoms that are equal by symmetry have equal weights.
    """
    heavy = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() > 1]
    exchanged = [sorted(set(_exchanged(molecule, atom))) for atom in heavy]
    different = sorted({smiles for variants in exchanged for smiles in variants})
    itself = Chem.MolFromSmiles(Chem.MolToSmiles(molecule)) or molecule
    answers = np.asarray(predict([itself, *map(Chem.MolFromSmiles, different)]), dtype=np.float64).tolist()
    of_variant = dict(zip(different, answers[1:], strict=True))
    changes = np.array([answers[0] - _mean([of_variant[smiles] for smiles in variants]) for variants in exchanged])
    unknown = ~np.isfinite(changes)
    return AtomWeights(weights=np.where(unknown, 0.0, changes), unknown=int(unknown.sum()))


def weights_as_text(weights: Floats) -> str:
    """A JSON list, rounded to `DIGITS` decimals."""
    return json.dumps([round(weight, DIGITS) + 0.0 for weight in weights.tolist()])


def _mean(values: list[float]) -> float:
    finite = [value for value in values if np.isfinite(value)]
    return sum(finite) / len(finite) if finite else float("nan")


def _exchanged(molecule: Chem.Mol, position: int) -> Iterator[str]:
    """Canonical SMILES of the molecules that have another atom there."""
    for element in EXCHANGES:
        if element != molecule.GetAtomWithIdx(position).GetAtomicNum():
            yield from _written(molecule, partial(_exchange, position=position, element=element))
    if _is_terminal(molecule.GetAtomWithIdx(position)):
        yield from _written(molecule, partial(_remove, position=position))


def _written(molecule: Chem.Mol, edit: Callable[[Chem.RWMol], None]) -> Iterator[str]:
    edited = Chem.RWMol(molecule)
    try:
        Chem.Kekulize(edited, clearAromaticFlags=True)
        edit(edited)
        Chem.SanitizeMol(edited)
    except (RuntimeError, ValueError):
        return
    smiles = Chem.MolToSmiles(edited)
    again = Chem.MolFromSmiles(smiles)
    if again is not None and _kept(again) == _kept(molecule):
        yield smiles


def _kept(molecule: Chem.Mol) -> tuple[int, int]:
    """What no exchange may change: the number of aromatic atoms, and the charge."""
    return len(molecule.GetAtomsMatchingQuery(_AROMATIC)), Chem.GetFormalCharge(molecule)


def _exchange(edited: Chem.RWMol, position: int, element: int) -> None:
    atom = edited.GetAtomWithIdx(position)
    atom.SetAtomicNum(element)
    atom.SetFormalCharge(0)
    atom.SetIsotope(0)
    atom.SetNumRadicalElectrons(0)
    atom.SetNumExplicitHs(0)
    atom.SetNoImplicit(False)
    atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)


def _is_terminal(atom: Chem.Atom) -> bool:
    """Whether it ends a single bond to an uncharged carbon, nitrogen or oxygen, which can bear a hydrogen instead."""
    bonds = [bond for bond in atom.GetBonds() if bond.GetOtherAtom(atom).GetAtomicNum() > 1]
    if len(bonds) != 1 or bonds[0].GetBondType() != Chem.BondType.SINGLE:
        return False
    neighbour = bonds[0].GetOtherAtom(atom)
    return neighbour.GetAtomicNum() in EXCHANGES and neighbour.GetFormalCharge() == 0


def _remove(edited: Chem.RWMol, position: int) -> None:
    """Removes an atom at the end of a single bond, with its labelled hydrogens; its neighbour gets one instead."""
    atom = edited.GetAtomWithIdx(position)
    (neighbour,) = (one for one in atom.GetNeighbors() if one.GetAtomicNum() > 1)
    gone = [position, *(one.GetIdx() for one in atom.GetNeighbors() if one.GetAtomicNum() == 1)]
    neighbour.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
    if neighbour.GetNoImplicit():
        neighbour.SetNumExplicitHs(neighbour.GetNumExplicitHs() + 1)
    for index in sorted(gone, reverse=True):
        edited.RemoveAtom(index)
