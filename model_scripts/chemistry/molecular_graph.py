"""A molecule as arrays, read from RDKit once and shared by all descriptors that are computed from the graph."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from rdkit import Chem

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NOWHERE = -1
"""Fills the rows of `MolecularGraph.neighbours`."""


@dataclass(frozen=True, kw_only=True)
class MolecularGraph:
    """The atoms that RDKit holds explicitly (hydrogens only where the structure names them) and their bonds.

    Attributes:
        molecule: sanitised.
        atoms: its atoms, in order.
        protons: atomic numbers, int64 ``[atoms]``.
        hydrogens: hydrogens per atom that are not atoms of the graph, int64 ``[atoms]``.
        charges: formal charges, int64 ``[atoms]``.
        aromatic: 1 for aromatic atoms, else 0, int64 ``[atoms]``.
        bonds: atom positions, int64 ``[bonds, 2]``.
        aromatic_bonds: number of aromatic bonds.
    """

    molecule: Chem.Mol
    atoms: Sequence[Chem.Atom]
    protons: Integers
    hydrogens: Integers
    charges: Integers
    aromatic: Integers
    bonds: Integers
    aromatic_bonds: int

    @cached_property
    def adjacent(self) -> list[list[int]]:
        """Neighbours of each atom, in the order of its bonds."""
        found: list[list[int]] = [[] for _ in self.atoms]
        for one, other in self.bonds.tolist():
            found[one].append(other)
            found[other].append(one)
        return found

    @cached_property
    def degrees(self) -> Integers:
        """Number of neighbours, int64 ``[atoms]``."""
        return np.array([len(neighbours) for neighbours in self.adjacent], dtype=np.int64)

    @cached_property
    def heavy_neighbours(self) -> Integers:
        """Number of neighbours other than hydrogen, int64 ``[atoms]``."""
        heavy = self.protons != 1
        return self.degrees if heavy.all() else np.array([heavy[row].sum() for row in self.adjacent], dtype=np.int64)

    @cached_property
    def neighbours(self) -> Integers:
        """`adjacent` as int64 ``[atoms, largest degree]``, filled up with `NOWHERE`."""
        width = max(1, max(map(len, self.adjacent)))
        return np.array([row + [NOWHERE] * (width - len(row)) for row in self.adjacent], dtype=np.int64)

    @cached_property
    def without_hydrogen_bonds(self) -> "MolecularGraph":
        """The same atoms, and the bonds between atoms other than hydrogen."""
        if not (self.protons == 1).any():
            return self
        return replace(self, bonds=self.bonds[(self.protons[self.bonds] != 1).all(axis=1)])

    @cached_property
    def distances(self) -> Floats:
        """Bonds between each two atoms, float64 ``[atoms, atoms]``; 1e8 between fragments."""
        return np.asarray(Chem.GetDistanceMatrix(self.molecule))

    @cached_property
    def outer_electrons(self) -> Integers:
        """Electrons in the outer shell of the free atom, int64 ``[atoms]``."""
        return _OUTER_ELECTRONS[self.protons]


def molecular_graph(molecule: Chem.Mol) -> MolecularGraph:
    """The graph of a sanitised molecule."""
    atoms = list(molecule.GetAtoms())
    read = [(atom.GetAtomicNum(), atom.GetTotalNumHs(), atom.GetFormalCharge(), atom.GetIsAromatic()) for atom in atoms]
    protons, hydrogens, charges, aromatic = np.array(read, dtype=np.int64).reshape(-1, 4).T
    bonds = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), bond.GetIsAromatic()) for bond in molecule.GetBonds()]
    ends = np.array(bonds, dtype=np.int64).reshape(-1, 3)
    return MolecularGraph(
        molecule=molecule,
        atoms=atoms,
        protons=protons,
        hydrogens=hydrogens,
        charges=charges,
        aromatic=aromatic,
        bonds=np.ascontiguousarray(ends[:, :2]),
        aromatic_bonds=int(ends[:, 2].sum()),
    )


def _outer_electrons() -> Integers:
    table = Chem.GetPeriodicTable()
    return np.array([table.GetNOuterElecs(protons) for protons in range(table.GetMaxAtomicNumber() + 1)])


_OUTER_ELECTRONS = _outer_electrons()
