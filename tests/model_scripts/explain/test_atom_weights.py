"""Promise: an atom that raises a prediction has a positive weight, whatever the model and the order of the atoms."""

import json
import random

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import Crippen, Descriptors, rdMolDescriptors

from model_scripts.chemistry import rdkit_2d
from model_scripts.explain.atom_weights import atom_weights, explain_atoms, weights_as_text
from model_scripts.member import Floats

MOLECULES = {
    "aspirin": "CC(=O)Oc1ccccc1C(=O)O",
    "caffeine": "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "celecoxib": "Cc1ccc(-c2cc(C(F)(F)F)nn2-c2ccc(S(N)(=O)=O)cc2)cc1",
    "nifedipine": "COC(=O)C1=C(C)NC(C)=C(C(=O)OC)C1c1ccccc1[N+](=O)[O-]",
    "betaine": "C[N+](C)(C)CC(=O)[O-]",
    "sodium acetate": "CC(=O)[O-].[Na+]",
    "quinine": "C=C[C@H]1CN2CC[C@H]1C[C@H]2[C@H](O)c1ccnc2ccc(OC)cc12",
    "tamoxifen": "CC/C(=C(\\c1ccccc1)c1ccc(OCCN(C)C)cc1)c1ccccc1",
    "deuterated": "[2H]C([2H])([2H])Oc1ccccc1",
    "methane": "C",
    "naphthalene": "c1ccc2ccccc2c1",
}
NAMES = pytest.mark.parametrize("name", MOLECULES)


def lipophilicity(molecules: list[Chem.Mol]) -> Floats:
    """Wildman and Crippen's logP: a sum over atoms."""
    return np.array([Crippen.MolLogP(molecule) for molecule in molecules])


def descriptors(molecules: list[Chem.Mol]) -> Floats:
    """A mean of descriptors that are defined for every molecule."""
    named = ("MolWt", "TPSA", "MolMR", "Chi1v", "HallKierAlpha", "qed")
    columns = [rdkit_2d.COLUMNS.index(name) for name in named]
    return np.array([rdkit_2d.describe(molecule)[columns].mean(dtype=np.float64) for molecule in molecules])


def oxygens(molecules: list[Chem.Mol]) -> Floats:
    """The number of oxygen atoms."""
    return np.array(
        [sum(atom.GetAtomicNum() == 8 for atom in molecule.GetAtoms()) for molecule in molecules], dtype=float
    )


def test_a_counted_element_is_found() -> None:
    molecule = Chem.MolFromSmiles("CCOCC(=O)c1ccoc1")
    weights = atom_weights(molecule, oxygens)
    for atom, weight in zip(molecule.GetAtoms(), weights, strict=True):
        assert (weight > 0) == (atom.GetAtomicNum() == 8)


@pytest.mark.parametrize(
    ("smiles", "atom", "variants"),
    [
        ("CCO", 2, ["CC", "CCC", "CCN"]),
        ("CCO", 1, ["CNO", "COO"]),
        ("c1ccccc1", 0, ["c1ccncc1"]),
        ("c1cc[nH]c1", 3, ["c1ccoc1"]),
        ("CC(=O)N", 2, ["C=C(C)N", "CC(=N)N"]),
        ("Clc1ccccc1", 0, ["Cc1ccccc1", "Nc1ccccc1", "Oc1ccccc1", "c1ccccc1"]),
        ("CC(C)(C)C", 1, []),
        ("C[N+](C)(C)C", 1, []),
        ("[2H]C([2H])([2H])O", 1, ["O"]),
    ],
)
def test_an_atom_is_compared_with_what_could_stand_in_its_place(smiles: str, atom: int, variants: list[str]) -> None:
    molecule = Chem.MolFromSmiles(smiles)
    values = {variant: float(2**position) for position, variant in enumerate(variants)}
    asked: list[str] = []

    def predict(molecules: list[Chem.Mol]) -> Floats:
        asked.extend(map(Chem.MolToSmiles, molecules))
        return np.array([values.get(Chem.MolToSmiles(one), 0.0) for one in molecules])

    heavy = [one.GetIdx() for one in molecule.GetAtoms() if one.GetAtomicNum() > 1]
    weight = atom_weights(molecule, predict)[heavy.index(atom)]
    assert asked[0] == Chem.CanonSmiles(smiles)
    assert len(set(asked)) == len(asked)
    if "2H" not in smiles:
        assert weight == pytest.approx(-sum(values.values()) / max(len(variants), 1))
    assert set(variants) <= set(asked)


def test_lipophilic_atoms_are_told_from_polar_ones() -> None:
    molecule = Chem.MolFromSmiles("CCCCc1ccc(O)cc1")
    weights = atom_weights(molecule, lipophilicity)
    by_element = {6: [], 8: []}  # type: dict[int, list[float]]
    for atom, weight in zip(molecule.GetAtoms(), weights, strict=True):
        by_element[atom.GetAtomicNum()].append(weight)
    assert min(by_element[6]) == 0.0  # where the ring bears a substituent
    assert sum(by_element[6]) > 3
    assert max(by_element[8]) < 0


@NAMES
def test_weights_follow_the_atoms_when_these_are_written_in_another_order(name: str) -> None:
    molecule = Chem.MolFromSmiles(MOLECULES[name])
    expected = explain_atoms(molecule, descriptors)
    order = list(range(molecule.GetNumAtoms()))
    random.Random(name).shuffle(order)
    heavy = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() > 1]
    found = explain_atoms(Chem.RenumberAtoms(molecule, order), descriptors)
    assert found.unknown == expected.unknown
    assert found.weights.tolist() == [expected.weights[heavy.index(atom)] for atom in order if atom in heavy]


@NAMES
def test_atoms_that_are_equal_by_symmetry_have_equal_weights(name: str) -> None:
    molecule = Chem.MolFromSmiles(MOLECULES[name])
    weights = atom_weights(molecule, descriptors)
    heavy = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() > 1]
    ranks = list(Chem.CanonicalRankAtoms(molecule, breakTies=False, includeChirality=False))
    if Chem.FindMolChiralCenters(molecule):
        return
    for one, other in zip(heavy, heavy, strict=True):
        if ranks[one] == ranks[other]:
            assert weights[heavy.index(one)] == weights[heavy.index(other)]


@hypothesis.given(factor=st.floats(-100, 100), offset=st.floats(-100, 100), name=st.sampled_from(sorted(MOLECULES)))
@hypothesis.settings(max_examples=40)
def test_weights_are_in_the_unit_of_the_prediction(factor: float, offset: float, name: str) -> None:
    molecule = Chem.MolFromSmiles(MOLECULES[name])
    plain = atom_weights(molecule, lipophilicity)
    scaled = atom_weights(molecule, lambda molecules: factor * lipophilicity(molecules) + offset)
    assert scaled == pytest.approx(factor * plain, abs=1e-9)


def test_what_cannot_be_exchanged_is_counted_and_has_no_weight() -> None:
    found = explain_atoms(Chem.MolFromSmiles(MOLECULES["aspirin"]), lipophilicity)
    assert found.unknown == 4  # two carbonyl carbons, two ring atoms with a substituent
    assert [position for position, weight in enumerate(found.weights.tolist()) if weight == 0.0] == [1, 4, 9, 10]


def test_a_variant_without_a_prediction_does_not_count() -> None:
    def only_nitrogen_or_itself(molecules: list[Chem.Mol]) -> Floats:
        asked = [Chem.MolToSmiles(molecule) for molecule in molecules]
        return np.array([{"CO": 5.0, "CN": 2.0}.get(smiles, np.nan) for smiles in asked])

    found = explain_atoms(Chem.MolFromSmiles("CO"), only_nitrogen_or_itself)
    assert found.weights.tolist() == [0.0, 3.0]
    assert found.unknown == 1


@NAMES
def test_variants_are_molecules_of_the_same_charge_with_as_many_aromatic_atoms(name: str) -> None:
    molecule = Chem.MolFromSmiles(MOLECULES[name])

    def check(molecules: list[Chem.Mol]) -> Floats:
        for variant in molecules:
            assert Chem.GetFormalCharge(variant) == Chem.GetFormalCharge(molecule)
            assert Descriptors.NumRadicalElectrons(variant) == 0
            aromatic = [sum(atom.GetIsAromatic() for atom in one.GetAtoms()) for one in (variant, molecule)]
            assert aromatic[0] == aromatic[1]
            assert len(Chem.GetMolFrags(variant)) == len(Chem.GetMolFrags(molecule))
            assert rdMolDescriptors.CalcNumRings(variant) == rdMolDescriptors.CalcNumRings(molecule)
        return np.zeros(len(molecules))

    explain_atoms(molecule, check)


def test_the_text_is_a_json_list() -> None:
    assert weights_as_text(np.array([0.1234567, -0.0, -2.0])) == "[0.123457, 0.0, -2.0]"
    assert json.loads(weights_as_text(np.array([]))) == []


def test_no_structure_is_written_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    atom_weights(Chem.MolFromSmiles(MOLECULES["celecoxib"]), lipophilicity)
    assert capfd.readouterr().err == ""
