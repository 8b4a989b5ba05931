"""Promise: geometries end in minima of a force field that has parameters for them, or the structure is refused."""

import numpy as np
import pytest
from rdkit import Chem

from model_scripts.conformers.embedding import TIERS, embed
from model_scripts.conformers.failure import NoEnsembleError
from model_scripts.conformers.minimisation import force_field_of, minimise


def embedded(smiles: str, count: int) -> Chem.Mol:
    return embed(Chem.AddHs(Chem.MolFromSmiles(smiles)), TIERS[0], start=0, count=count)


def test_butane_has_a_gauche_and_an_anti_minimum() -> None:
    energies = minimise(embedded("CCCC", 12), "MMFF94s", steps=2_000)
    above = energies - energies.min()
    assert all(min(abs(energy), abs(energy - 0.782)) < 0.005 for energy in above)
    assert above.max() > 0.7


def test_without_conformers_nothing_is_done() -> None:
    assert minimise(Chem.AddHs(Chem.MolFromSmiles("CC")), "MMFF94s", steps=10).shape == (0,)


def test_energies_are_those_of_the_geometries_that_are_left() -> None:
    molecule = embedded("CCO", 3)
    energies = minimise(molecule, "MMFF94s", steps=2_000)
    np.testing.assert_allclose(minimise(molecule, "MMFF94s", steps=2_000), energies, atol=1e-5)


@pytest.mark.parametrize(("smiles", "force_field"), [("CCO", "MMFF94s"), ("OB(O)c1ccccc1", "UFF"), ("[H][H]", "UFF")])
def test_uff_stands_in_where_mmff_has_no_parameters(smiles: str, force_field: str) -> None:
    assert force_field_of(Chem.AddHs(Chem.MolFromSmiles(smiles))) == force_field


def test_uff_gives_energies_too() -> None:
    energies = minimise(embedded("OB(O)c1ccccc1", 2), "UFF", steps=2_000)
    assert np.isfinite(energies).all()


def test_a_structure_without_parameters_is_refused() -> None:
    with pytest.raises(NoEnsembleError, match=r"\(error:ForceField\)"):
        force_field_of(Chem.MolFromSmiles("[U]"))
