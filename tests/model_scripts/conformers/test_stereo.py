"""Promise: an ensemble is of one stereoisomer, the same one however the structure is drawn; enantiomers are treated
alike."""

import numpy as np
import pytest
from rdkit import Chem

from model_scripts.conformers.embedding import TIERS, embed
from model_scripts.conformers.settings import EnsembleSettings
from model_scripts.conformers.stereo import has_undefined_stereo, isomer_of, keeps_stereo, mirror_image, reflect

SETTINGS = EnsembleSettings()


@pytest.mark.parametrize(
    ("smiles", "mirrored"),
    [
        ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"),
        ("C[C@H](O)[C@@H](C)O", "C[C@H](O)[C@@H](C)O"),  # meso
        ("C[C@H](O)[C@H](C)O", "C[C@@H](O)[C@@H](C)O"),
        ("C/C=C/C", "C/C=C/C"),
        ("CCO", "CCO"),
        ("CC(O)F", "CC(O)F"),
    ],
)
def test_mirror_images(smiles: str, mirrored: str) -> None:
    assert mirror_image(Chem.CanonSmiles(smiles)) == Chem.CanonSmiles(mirrored)
    assert mirror_image(mirror_image(smiles)) == Chem.CanonSmiles(smiles)


@pytest.mark.parametrize("smiles", ["CC(O)F", "CC=CC", "CC(O)C(C)=CC", "C[C@H](O)C(F)Cl", "OC1CCC(O)CC1", "FC=NC"])
def test_what_is_undefined_is_defined_once_and_what_is_defined_stays(smiles: str) -> None:
    canonical = Chem.CanonSmiles(smiles)
    isomer = Chem.MolFromSmiles(isomer_of(canonical, SETTINGS).smiles)
    assert has_undefined_stereo(Chem.MolFromSmiles(smiles))
    assert not has_undefined_stereo(isomer)
    assert isomer.HasSubstructMatch(Chem.MolFromSmiles(smiles), useChirality=True)
    assert isomer_of(canonical, SETTINGS) == isomer_of(canonical, SETTINGS)


def test_a_defined_structure_is_left_as_it_is() -> None:
    assert isomer_of("C/C=C/C", SETTINGS).smiles == "C/C=C/C"
    assert not has_undefined_stereo(Chem.MolFromSmiles("CCO"))


def test_impossible_isomers_are_not_chosen() -> None:
    """The two bridgeheads of norbornane depend on each other."""
    isomer = isomer_of(Chem.CanonSmiles("OC1CC2CCC1C2"), SETTINGS).smiles
    assert embed(Chem.AddHs(Chem.MolFromSmiles(isomer)), TIERS[0], start=0, count=1).GetNumConformers() == 1


def test_of_two_mirror_images_one_is_embedded() -> None:
    one, other = (isomer_of(Chem.CanonSmiles(text), SETTINGS) for text in ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"))
    assert one.embedded == other.embedded
    assert one.smiles != other.smiles
    assert one.reflected != other.reflected


def test_mirror_images_of_which_only_a_part_is_defined_get_mirror_images() -> None:
    one, other = (isomer_of(Chem.CanonSmiles(text), SETTINGS) for text in ("C[C@H](O)C(F)Cl", "C[C@@H](O)C(F)Cl"))
    assert one.embedded == other.embedded
    assert mirror_image(one.smiles) == other.smiles


def test_more_geometries_find_the_more_stable_isomer() -> None:
    """trans-2-butene lies below cis, equatorial below axial."""
    assert isomer_of("CC=CC", EnsembleSettings(isomers=8)).smiles == "C/C=C/C"
    chosen = isomer_of(Chem.CanonSmiles("CC1CCC(C(C)(C)C)CC1"), EnsembleSettings(isomers=12)).smiles
    assert chosen == Chem.CanonSmiles("C[C@H]1CC[C@H](C(C)(C)C)CC1") == mirror_image(chosen)


def labels(molecule: Chem.Mol, conformer: int) -> list[tuple[int, str]]:
    seen = Chem.Mol(molecule, confId=conformer)
    Chem.AssignStereochemistryFrom3D(seen)
    return Chem.FindMolChiralCenters(seen, useLegacyImplementation=False)


def test_a_reflection_has_the_opposite_labels_and_the_same_distances() -> None:
    molecule = embed(Chem.AddHs(Chem.MolFromSmiles("C[C@H](N)C(=O)O")), TIERS[0], start=0, count=2)
    mirrored = reflect(molecule)
    assert Chem.MolToSmiles(Chem.RemoveHs(mirrored)) == "C[C@@H](N)C(=O)O"
    assert {labels(molecule, 0)[0][1], labels(mirrored, 0)[0][1]} == {"R", "S"}
    for one, other in zip(molecule.GetConformers(), mirrored.GetConformers(), strict=True):
        assert np.array_equal(one.GetPositions() * [-1, 1, 1], other.GetPositions())


@pytest.mark.parametrize(
    ("smiles", "foreign"),
    [
        ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"),
        ("C[S@](=O)CC", "C[S@@](=O)CC"),
        ("C/C=C\\C", "C/C=C/C"),
        ("C/C=C/C", "C/C=C\\C"),
    ],
)
def test_conformers_have_the_stereochemistry_that_they_were_embedded_with(smiles: str, foreign: str) -> None:
    molecule = embed(Chem.AddHs(Chem.MolFromSmiles(smiles)), TIERS[0], start=0, count=3)
    assert all(keeps_stereo(molecule, conformer.GetId()) for conformer in molecule.GetConformers())
    other = Chem.AddHs(Chem.MolFromSmiles(foreign))
    other.AddConformer(molecule.GetConformer(0), assignId=True)
    assert not keeps_stereo(other, 0)
