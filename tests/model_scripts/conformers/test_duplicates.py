"""Promise: a minimum found twice counts once; minima that differ, mirror images among them, stay apart."""

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdMolTransforms

from model_scripts.conformers.duplicates import distinct
from model_scripts.conformers.embedding import TIERS, embed
from model_scripts.conformers.minimisation import minimise
from model_scripts.conformers.stereo import reflect

LIMITS = {"energy_tolerance": 0.05, "rmsd_tolerance": 0.2}


def minima(smiles: str, count: int) -> tuple[Chem.Mol, np.ndarray]:
    molecule = embed(Chem.AddHs(Chem.MolFromSmiles(smiles)), TIERS[0], start=0, count=count)
    return molecule, minimise(molecule, "MMFF94s", steps=2_000)


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("C", 1),
        ("c1ccccc1", 1),
        ("CCCC", 3),  # anti, gauche and its mirror image
        ("CCO", 3),  # of the hydroxyl group
        ("C1CCCCC1", 3),  # chair, twist boat and its mirror image
        ("CC(C)(C)C", 1),
    ],
)
def test_the_minima_of_small_molecules(smiles: str, expected: int) -> None:
    molecule, energies = minima(smiles, 40)
    assert len(distinct(molecule, energies, **LIMITS)) == expected


def test_the_gauche_forms_of_butane_turn_opposite_ways() -> None:
    molecule, energies = minima("CCCC", 40)
    torsions = [
        rdMolTransforms.GetDihedralDeg(molecule.GetConformer(kept), 0, 1, 2, 3)
        for kept in distinct(molecule, energies, **LIMITS)
    ]
    assert abs(torsions[0]) == pytest.approx(180, abs=1)
    assert sorted(torsions[1:]) == pytest.approx([-65, 65], abs=3)


def test_what_is_found_twice_as_often_is_not_counted_twice() -> None:
    molecule, energies = minima("CCCC", 20)
    once = distinct(molecule, energies, **LIMITS)
    for conformer in list(molecule.GetConformers()):
        molecule.AddConformer(Chem.Conformer(conformer), assignId=True)
    assert distinct(molecule, np.concatenate([energies, energies]), **LIMITS) == once


def test_a_mirror_image_is_no_duplicate_where_it_can_not_be_turned_onto_the_first() -> None:
    molecule, energies = minima("CCCC", 20)
    gauche = distinct(molecule, energies, **LIMITS)[1]
    pair = Chem.Mol(molecule, confId=gauche)
    pair.AddConformer(reflect(pair).GetConformers()[0], assignId=True)
    assert distinct(pair, np.full(2, energies[gauche]), **LIMITS) == [0, 1]


def test_lowest_first_and_what_fell_apart_is_dropped() -> None:
    molecule, energies = minima("CCCC", 10)
    kept = distinct(molecule, np.where(np.arange(10) == np.argmin(energies), np.nan, energies), **LIMITS)
    assert np.argmin(energies) not in kept
    assert np.all(np.diff(energies[kept]) >= 0)


def test_a_molecule_of_many_symmetries_takes_no_longer() -> None:
    molecule, energies = minima("CC(C)(C)c1cc(C(C)(C)C)cc(C(C)(C)C)c1", 4)  # 6**3 * 6 ways to lay it onto itself
    assert 1 <= len(distinct(molecule, energies, **LIMITS)) <= 4
