"""Molecules as batched graphs: atoms, directed bonds, and which of them belong together.

The features are chemprop's (Heid et al. 2024, https://doi.org/10.1021/acs.jcim.3c01250), computed in C++ by
cuik_molmaker. That featuriser answers for texts that are no SMILES too, and leaves out a bad last one; hence only the
canonical SMILES of molecules that RDKit has read go in, and what comes out is counted.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cuik_molmaker
import numpy as np
import numpy.typing as npt
import torch
from rdkit import Chem

from model_scripts.mpnn.network import AtomFeatures

_ONE_HOT: dict[AtomFeatures, tuple[str, ...]] = {
    "V1": (
        "atomic-number", "total-degree", "formal-charge", "chirality", "num-hydrogens", "hybridization",
    ),
    "V2": (
        "atomic-number-common", "total-degree", "formal-charge", "chirality", "num-hydrogens", "hybridization-expanded",
    ),
    "ORGANIC": (
        "atomic-number-organic", "total-degree", "formal-charge", "chirality", "num-hydrogens", "hybridization-organic",
    ),
    "RIGR": ("atomic-number-common", "total-degree", "num-hydrogens"),
}  # fmt: skip
WIDTHS: dict[AtomFeatures, int] = {"V1": 133 + 14, "V2": 72 + 14, "ORGANIC": 44 + 14, "RIGR": 52 + 2}
"""Features of a directed bond: those of the atom that it leaves, then its own."""

_BOND = ("is-null", "bond-type-onehot", "conjugated", "in-ring", "stereo")
_BOND_TYPES = (Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE, Chem.BondType.AROMATIC)
_UNUSUAL_BOND = re.compile(r"->|<-|\$")


@dataclass(frozen=True, kw_only=True)
class Graphs:
    """Molecules side by side; each bond is there twice, once per direction, in consecutive rows.

    Attributes:
        atoms: features float32 ``[atoms, atom features]``.
        bonds: features float32 ``[bonds, bond features]``.
        source: int64 ``[bonds]``, the atom that a bond leaves.
        target: int64 ``[bonds]``, the atom that it reaches.
        reverse: int64 ``[bonds]``, the same bond in the other direction.
        molecule: int64 ``[atoms]``, the molecule of an atom, ascending.
        count: number of molecules.
    """

    atoms: torch.Tensor
    bonds: torch.Tensor
    source: torch.Tensor
    target: torch.Tensor
    reverse: torch.Tensor
    molecule: torch.Tensor
    count: int

    def __len__(self) -> int:
        return self.count

    def to(self, device: str | torch.device) -> "Graphs":
        """The same graphs on another device."""
        return Graphs(
            atoms=self.atoms.to(device),
            bonds=self.bonds.to(device),
            source=self.source.to(device),
            target=self.target.to(device),
            reverse=self.reverse.to(device),
            molecule=self.molecule.to(device),
            count=self.count,
        )


def canonical_smiles(molecules: Sequence[Any]) -> list[str]:
    """The SMILES that the graphs are made from, one per molecule.

    Chirality is a feature of an atom relative to the order of its neighbours; from the canonical SMILES it is the same
    however the compound was written.
    """
    return [Chem.MolToSmiles(molecule) for molecule in molecules]


def graphs_of(smiles: Sequence[str], features: AtomFeatures) -> Graphs:
    """Graphs of SMILES that RDKit can read, each of one atom or more.

    Raises:
        ValueError: the featuriser has left out a molecule.
    """
    one_hot, numeric, bond = _properties(features)
    # Without explicit hydrogens, carbon offsets or self loops, but with each bond in both directions.
    arrays = cuik_molmaker.batch_mol_featurizer(list(smiles), one_hot, numeric, bond, False, False, True, False)
    atoms, bonds, edges, reverse, molecule = (torch.from_numpy(array) for array in arrays)
    if len(torch.unique_consecutive(molecule)) != len(smiles):
        raise ValueError("the featuriser has left out a molecule: a text is no SMILES, or holds no atom")
    if features != "RIGR" and any(_UNUSUAL_BOND.search(text) for text in smiles):
        _clear_unusual_bonds(bonds, smiles)
    return Graphs(
        atoms=atoms,
        bonds=bonds,
        source=edges[0],
        target=edges[1],
        reverse=reverse,
        molecule=molecule,
        count=len(smiles),
    )


def _clear_unusual_bonds(bonds: torch.Tensor, smiles: Sequence[str]) -> None:
    """Takes away the mark of an aromatic bond that the featuriser gives to dative and quadruple ones."""
    first = 0
    for text in smiles:
        molecule = Chem.MolFromSmiles(text)
        for bond in molecule.GetBonds():
            if bond.GetBondType() not in _BOND_TYPES:
                row = first + 2 * bond.GetIdx()
                bonds[row : row + 2, 1 : 1 + len(_BOND_TYPES)] = 0
        first += 2 * molecule.GetNumBonds()


@functools.cache
def _properties(features: AtomFeatures) -> tuple[npt.NDArray[np.int64], ...]:
    numeric = ("mass",) if features == "RIGR" else ("aromatic", "mass")
    bond = ("is-null", "in-ring") if features == "RIGR" else _BOND
    return (
        cuik_molmaker.atom_onehot_feature_names_to_array(list(_ONE_HOT[features])),
        cuik_molmaker.atom_float_feature_names_to_array(list(numeric)),
        cuik_molmaker.bond_feature_names_to_array(list(bond)),
    )
