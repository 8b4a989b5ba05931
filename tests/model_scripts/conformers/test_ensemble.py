"""Promise: an ensemble holds the distinct minima of one stereoisomer with the populations that the force field gives
them, the same for one compound however it is drawn and whatever was computed before."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from model_scripts.conformers import ensemble as module
from model_scripts.conformers.ensemble import Ensemble, build_ensemble, largest_part
from model_scripts.conformers.failure import NoEnsembleError
from model_scripts.conformers.settings import EnsembleSettings

DEFAULT = EnsembleSettings()
FEW = EnsembleSettings(conformers=12)


def ensemble(smiles: str, chosen: EnsembleSettings = DEFAULT) -> Ensemble:
    return build_ensemble(Chem.CanonSmiles(smiles), chosen)


def test_butane_at_room_temperature() -> None:
    """Gauche lies 0.78 kcal/mol above anti in MMFF94 (Halgren 1996, doi 10.1002/jcc.540170503), and there are two."""
    butane = ensemble("CCCC")
    assert butane.energies.tolist() == pytest.approx([0, 0.782, 0.782], abs=0.01)
    assert butane.weights[0] == pytest.approx(0.65, abs=0.01)
    assert (butane.status, butane.found, butane.requested) == ("ok", 3, 50)
    assert (butane.force_field, butane.energy_method, butane.tier) == ("MMFF94s", "MMFF94s", "standard")


def test_methylcyclohexane_keeps_its_axial_form() -> None:
    assert ensemble("CC1CCCCC1").energies.tolist() == pytest.approx([0, 1.37], abs=0.02)


def test_the_window_decides_what_counts_and_the_temperature_how_much() -> None:
    wide = ensemble("CC1CCCCC1", EnsembleSettings(window=10))
    assert sorted({round(energy, 1) for energy in wide.energies.tolist()}) == [0.0, 1.4, 6.1, 6.7, 7.7]
    assert ensemble("CCCC", EnsembleSettings(window=0.5)).weights.tolist() == [1.0]
    hot = ensemble("CCCC", EnsembleSettings(temperature=1e9))
    assert hot.weights.tolist() == pytest.approx([1 / 3] * 3)


def test_more_conformers_than_minima_change_nothing() -> None:
    """Duplicates that are summed instead of dropped would."""
    few, many = (ensemble("CCCC", EnsembleSettings(conformers=count)) for count in (20, 60))
    assert few.weights.tolist() == pytest.approx(many.weights.tolist(), abs=1e-4)


def test_a_rigid_structure_has_one_conformer() -> None:
    benzene = ensemble("c1ccccc1", FEW)
    assert benzene.weights.tolist() == [1.0]
    assert benzene.molecule.GetNumConformers() == 1


@pytest.mark.parametrize(
    "smiles", ["CC(O)F", "CC(N)C(=O)O", "C[C@H](O)[C@@H](F)Cl", "OC1CCC(O)CC1", "CC=CC(C)O", "C/C=C/[C@H](C)F"]
)
def test_no_ensemble_mixes_stereoisomers(smiles: str) -> None:
    built = ensemble(smiles, FEW)
    seen = set()
    for conformer in built.molecule.GetConformers():
        one = Chem.Mol(built.molecule, confId=conformer.GetId())
        for atom in one.GetAtoms():
            atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
        for bond in one.GetBonds():
            bond.SetStereo(Chem.BondStereo.STEREONONE)
        Chem.AssignStereochemistryFrom3D(one)
        seen.add(Chem.CanonSmiles(Chem.MolToSmiles(Chem.RemoveHs(one))))
    assert seen == {built.isomer}
    assert built.stereo_preserved


def test_enantiomers_are_mirror_images_of_each_other() -> None:
    one, other = ensemble("C[C@H](N)C(=O)O", FEW), ensemble("C[C@@H](N)C(=O)O", FEW)
    assert one.isomer != other.isomer
    assert np.array_equal(one.energies, other.energies)
    for left, right in zip(one.molecule.GetConformers(), other.molecule.GetConformers(), strict=True):
        assert np.array_equal(left.GetPositions() * [-1, 1, 1], right.GetPositions())


def test_an_undefined_centre_gives_the_numbers_of_the_isomer_that_is_named() -> None:
    undefined = ensemble("CC(O)F", FEW)
    named = ensemble(undefined.isomer, FEW)
    assert np.array_equal(undefined.energies, named.energies)
    assert undefined.isomer == named.isomer


@given(st.sampled_from(["C[C@H](N)C(=O)O", "CC(=O)Oc1ccccc1", "C/C=C/CO", "CC(O)F"]), st.integers(0, 10_000))
@settings(max_examples=12)
def test_a_compound_drawn_in_another_way_has_the_same_ensemble(smiles: str, seed: int) -> None:
    chosen = EnsembleSettings(conformers=4)
    drawn = Chem.MolToRandomSmilesVect(Chem.MolFromSmiles(smiles), 1, randomSeed=seed)[0]
    one, other = ensemble(smiles, chosen), ensemble(drawn, chosen)
    assert np.array_equal(one.energies, other.energies)
    assert np.array_equal(one.weights, other.weights)
    assert one.isomer == other.isomer


def test_of_unbonded_parts_the_largest_counts() -> None:
    assert largest_part("CCO.[Na+]") == "CCO"
    assert largest_part("[Cl-].[Na+]") == "[Cl-]"
    assert largest_part("CCN.CCO") == "CCO"
    assert largest_part("CCO.CCO") == "CCO"


def test_time_that_is_up_leaves_what_is_finished() -> None:
    partial = ensemble("CCCCCCCC", EnsembleSettings(seconds=1e-6))
    assert partial.status == "partial"
    assert 1 <= partial.found <= 2 < partial.requested
    assert partial.weights.sum() == pytest.approx(1)


def test_time_that_is_not_up_changes_nothing() -> None:
    assert ensemble("CCCC", EnsembleSettings(seconds=3_600)).status == "ok"


def test_what_mmff_cannot_weigh_is_refused_unless_a_fallback_is_allowed() -> None:
    with pytest.raises(NoEnsembleError, match=r"MMFF94s has no parameters .*\(error:ForceField\)"):
        ensemble("OB(O)c1ccccc1", FEW)
    allowed = ensemble("OB(O)c1ccccc1", EnsembleSettings(conformers=4, fallback=True))
    assert (allowed.force_field, allowed.energy_method) == ("UFF", "UFF")


def test_structures_that_are_too_large_are_refused_before_anything_is_embedded() -> None:
    with pytest.raises(NoEnsembleError, match=r"^too_large: .*\(skip:rot_bonds\)$"):
        ensemble("C" * 60)


@pytest.mark.parametrize(("lost", "found"), [({0}, 3), ({0, 1, 2, 3}, 3)])
def test_what_loses_its_stereochemistry_is_left_out_and_told(
    lost: set[int], found: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "keeps_stereo", lambda molecule, conformer: conformer not in lost)
    butane = ensemble("CCCC", EnsembleSettings(conformers=30))
    assert not butane.stereo_preserved
    assert butane.found == found


def test_where_everything_loses_it_there_is_no_ensemble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "keeps_stereo", lambda molecule, conformer: False)
    with pytest.raises(NoEnsembleError, match="skip:embed"):
        ensemble("CCCC", FEW)
