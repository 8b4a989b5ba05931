"""How far apart kinds of atoms lie in one conformer, Å.

The kinds are those of Workbench's endpoint ``smiles-to-3d-v2``, whose column names we keep; a distance between things
of which one is absent is 0, as there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from model_scripts.conformers.boltzmann import Floats

_HETERO = frozenset({7, 8, 15, 16})
_HALOGENS = frozenset({9, 17, 35, 53})
_NITRO = Chem.MolFromSmarts("[$([NX3](=O)=O),$([NX3+](=O)[O-])](~[OX1])~[OX1]")


@dataclass(frozen=True, kw_only=True)
class Sites:
    """Atoms of each kind, by position.

    Attributes:
        polar: nitrogen, oxygen, phosphorus, sulfur and halogens.
        apolar: carbons not bonded to nitrogen, oxygen, phosphorus or sulfur.
        charged: nitrogens with a positive charge or a hydrogen, and aromatic ones.
        acceptors: oxygens, and nitrogens without hydrogen and positive charge; none of a nitro group.
        masses: of all atoms, ``[atoms]``.
    """

    polar: tuple[int, ...]
    apolar: tuple[int, ...]
    charged: tuple[int, ...]
    acceptors: tuple[int, ...]
    masses: Floats


def sites_of(molecule: Chem.Mol) -> Sites:
    """The kinds of the atoms of a molecule with explicit hydrogens."""
    nitro = {index for match in molecule.GetSubstructMatches(_NITRO) for index in match}
    atoms = list(molecule.GetAtoms())
    return Sites(
        polar=_where(atoms, lambda atom: atom.GetAtomicNum() in _HETERO | _HALOGENS),
        apolar=_where(atoms, _is_apolar),
        charged=_where(atoms, _may_be_charged),
        acceptors=_where(atoms, lambda atom: atom.GetIdx() not in nitro and _accepts(atom)),
        masses=np.array([atom.GetMass() for atom in atoms]),
    )


def pharmacophore(positions: Floats, sites: Sites) -> dict[str, float]:
    """``pharm_*`` of one conformer, Å.

    Args:
        positions: Å, ``[atoms, 3]``.
        sites: the kinds of the atoms.
    """
    centre = np.average(positions, axis=0, weights=sites.masses)
    return {
        "pharm_amphiphilic_moment": _between(positions, sites.polar, _centroid(positions, sites.apolar)),
        "pharm_charge_centroid_dist": _between(positions, sites.charged, centre),
        "pharm_hba_centroid_dist": _between(positions, sites.acceptors, centre),
    }


def _where(atoms: list[Chem.Atom], belongs: Callable[[Chem.Atom], bool]) -> tuple[int, ...]:
    return tuple(atom.GetIdx() for atom in atoms if belongs(atom))


def _is_apolar(atom: Chem.Atom) -> bool:
    return atom.GetAtomicNum() == 6 and all(other.GetAtomicNum() not in _HETERO for other in atom.GetNeighbors())


def _may_be_charged(atom: Chem.Atom) -> bool:
    if atom.GetAtomicNum() != 7:
        return False
    return bool(atom.GetFormalCharge() > 0 or _hydrogens(atom) > 0 or atom.GetIsAromatic())


def _accepts(atom: Chem.Atom) -> bool:
    nitrogen = atom.GetAtomicNum() == 7 and _hydrogens(atom) == 0 and atom.GetFormalCharge() <= 0
    return atom.GetAtomicNum() == 8 or nitrogen


def _hydrogens(atom: Chem.Atom) -> int:
    return int(atom.GetTotalNumHs(includeNeighbors=True))


def _centroid(positions: Floats, atoms: tuple[int, ...]) -> Floats | None:
    return positions[list(atoms)].mean(axis=0) if atoms else None


def _between(positions: Floats, atoms: tuple[int, ...], point: Floats | None) -> float:
    """Distance of the atoms' centroid from a point; 0 where one of them is absent."""
    centroid = _centroid(positions, atoms)
    return 0.0 if centroid is None or point is None else float(np.linalg.norm(centroid - point))
