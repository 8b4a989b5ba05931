"""Promise: 3D descriptors have the values that geometry and physics give simple molecules, and are Boltzmann averages
of conformers for the others."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import rdFreeSASA, rdMolTransforms

from model_scripts.conformers.energies import SinglePoint
from model_scripts.conformers.ensemble import Ensemble, build_ensemble
from model_scripts.conformers.settings import EnsembleSettings
from model_scripts.descriptors_3d.electronic import electronic
from model_scripts.descriptors_3d.pharmacophore import pharmacophore, sites_of
from model_scripts.descriptors_3d.registry import columns, describe
from model_scripts.descriptors_3d.shape import shape
from model_scripts.descriptors_3d.surface import atom_areas, gasteiger_charges, polar_atoms, surface

MMFF = EnsembleSettings(conformers=12)
XTB = EnsembleSettings(conformers=12, energy="gfn2-xtb")


def described(smiles: str, chosen: EnsembleSettings = MMFF) -> dict[str, float]:
    return describe(ensemble(smiles, chosen), chosen)


def ensemble(smiles: str, chosen: EnsembleSettings = MMFF) -> Ensemble:
    return build_ensemble(Chem.CanonSmiles(smiles), chosen)


WORKBENCH = tuple(
    """
    elec_dipole elec_quadrupole elec_homo elec_lumo elec_gap elec_hardness elec_electrophilicity elec_qmax elec_qmin
    elec_qabs_mean surf_sasa_total surf_sasa_polar surf_sasa_apolar surf_frac_apolar surf_psa_charge shape_npr1
    shape_npr2 shape_asphericity shape_rgyr shape_spherocity shape_pbf pharm_amphiphilic_moment
    pharm_charge_centroid_dist pharm_hba_centroid_dist flex_index flex_confs_in_window
    """.split()
)


def test_the_columns_are_those_of_workbench_in_its_order() -> None:
    assert tuple(column.name for column in columns(XTB)) == WORKBENCH
    assert tuple(column.name for column in columns(MMFF)) == WORKBENCH[10:]
    assert tuple(described("CCO")) == WORKBENCH[10:]


def test_xtb_fills_every_column() -> None:
    pytest.importorskip("tblite", reason="tblite is not installed; Linux on arm64 has none")
    values = described("CCO", XTB)
    assert tuple(values) == WORKBENCH
    assert all(math.isfinite(value) for value in values.values())


@pytest.mark.parametrize(
    ("smiles", "npr1", "npr2"),
    [("c1ccccc1", 0.5, 0.5), ("C#CC#C", 0.0, 1.0), ("C", 1.0, 1.0), ("C1C2CC3CC1CC(C2)C3", 1.0, 1.0)],
)
def test_disc_rod_and_sphere(smiles: str, npr1: float, npr2: float) -> None:
    values = described(smiles)
    assert (values["shape_npr1"], values["shape_npr2"]) == pytest.approx((npr1, npr2), abs=0.005)


def test_shapes_of_simple_bodies() -> None:
    benzene, methane = described("c1ccccc1"), described("C")
    assert benzene["shape_pbf"] == pytest.approx(0, abs=1e-3)
    assert benzene["shape_spherocity"] == pytest.approx(0, abs=1e-3)
    assert methane["shape_asphericity"] == pytest.approx(0, abs=1e-3)
    assert methane["shape_spherocity"] == pytest.approx(1, abs=1e-3)
    assert described("C#CC#C")["shape_asphericity"] == pytest.approx(1, abs=1e-3)


def test_the_radius_of_gyration_by_hand() -> None:
    built = ensemble("CCO")
    masses = np.array([atom.GetMass() for atom in built.molecule.GetAtoms()])
    positions = built.molecule.GetConformer(0).GetPositions()
    centred = positions - np.average(positions, axis=0, weights=masses)
    expected = math.sqrt(np.average((centred**2).sum(axis=1), weights=masses))
    assert shape(built.molecule, 0)["shape_rgyr"] == pytest.approx(expected, rel=1e-6)


def lone_atom(smiles: str) -> Chem.Mol:
    molecule = Chem.MolFromSmiles(smiles)
    molecule.AddConformer(Chem.Conformer(1))
    return molecule


def test_the_surface_of_a_lone_atom_is_a_sphere() -> None:
    radius = Chem.GetPeriodicTable().GetRvdw(17) + 1.4
    assert atom_areas(lone_atom("[Cl-]"), 0).sum() == pytest.approx(4 * math.pi * radius**2, rel=1e-3)


def test_the_surface_of_two_spheres() -> None:
    """What lies inside the other sphere is a cap of height r - d/2."""
    radius = Chem.GetPeriodicTable().GetRvdw(17) + 1.4
    molecule = ensemble("ClCl").molecule
    distance = rdMolTransforms.GetBondLength(molecule.GetConformer(0), 0, 1)
    visible = 2 * (4 * math.pi * radius**2 - 2 * math.pi * radius * (radius - distance / 2))
    assert atom_areas(molecule, 0).sum() == pytest.approx(visible, rel=3e-3)


def test_the_surface_does_not_depend_on_how_the_molecule_lies() -> None:
    molecule = ensemble("CC(=O)Oc1ccccc1C(=O)O").molecule
    total = atom_areas(molecule, 0).sum()
    random = np.random.default_rng(1)
    for _ in range(5):
        turned = Chem.Mol(molecule)
        rotation, _ = np.linalg.qr(random.normal(size=(3, 3)))
        turned.GetConformer(0).SetPositions(molecule.GetConformer(0).GetPositions() @ rotation)
        assert atom_areas(turned, 0).sum() == pytest.approx(total, rel=2e-3)


def test_the_surface_is_that_of_freesasa() -> None:
    molecule = ensemble("CC(=O)Oc1ccccc1C(=O)O").molecule
    radii = [Chem.GetPeriodicTable().GetRvdw(atom.GetAtomicNum()) for atom in molecule.GetAtoms()]
    slices = rdFreeSASA.SASAOpts(rdFreeSASA.LeeRichards, rdFreeSASA.OONS, 1.4)
    expected = rdFreeSASA.CalcSASA(molecule, radii, confIdx=0, opts=slices)
    assert atom_areas(molecule, 0).sum() == pytest.approx(expected, rel=0.02)


def test_the_surface_is_split_by_element() -> None:
    ethanol = ensemble("CCO")
    values = surface(ethanol.molecule, 0, gasteiger_charges(ethanol.molecule))
    polar = [ethanol.molecule.GetAtomWithIdx(int(i)).GetSymbol() for i in np.flatnonzero(polar_atoms(ethanol.molecule))]
    assert sorted(polar) == ["H", "O"]
    assert values["surf_sasa_polar"] + values["surf_sasa_apolar"] == pytest.approx(values["surf_sasa_total"])
    assert values["surf_frac_apolar"] == pytest.approx(values["surf_sasa_apolar"] / values["surf_sasa_total"])
    assert described("c1ccccc1")["surf_frac_apolar"] == 1.0


def test_the_surface_times_charge_by_hand() -> None:
    water = ensemble("O").molecule
    charges, areas = gasteiger_charges(water), atom_areas(water, 0)
    assert charges.sum() == pytest.approx(0, abs=1e-9)
    assert surface(water, 0, charges)["surf_psa_charge"] == pytest.approx(float((areas * abs(charges)).sum()))


def test_where_there_are_no_charges_only_their_cell_is_empty() -> None:
    values = surface(ensemble("O").molecule, 0, np.full(3, np.nan))
    assert [name for name, value in values.items() if math.isnan(value)] == ["surf_psa_charge"]


@pytest.mark.parametrize(
    ("smiles", "polar", "apolar", "charged", "acceptors"),
    [
        ("CCO", [2], [0], [], [2]),
        ("c1ccncc1", [3], [0, 1, 5], [3], [3]),
        ("NCC=O", [0, 3], [], [0], [3]),
        ("C[N+](C)(C)C", [1], [], [1], []),
        ("[O-][N+](=O)c1ccccc1", [0, 1, 2], [4, 5, 6, 7, 8], [1], []),
        ("Fc1ccccc1", [0], [1, 2, 3, 4, 5, 6], [], []),
        ("CC#N", [2], [0], [], [2]),
    ],
)
def test_the_kinds_of_atoms(smiles: str, polar: list, apolar: list, charged: list, acceptors: list) -> None:
    sites = sites_of(Chem.AddHs(Chem.MolFromSmiles(smiles)))
    assert (list(sites.polar), list(sites.apolar)) == (polar, apolar)
    assert (list(sites.charged), list(sites.acceptors)) == (charged, acceptors)


def test_distances_between_kinds_of_atoms_by_hand() -> None:
    sites = sites_of(Chem.MolFromSmiles("CCCN"))
    positions = np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 4, 0]])
    values = pharmacophore(positions, sites)
    centre = np.average(positions, axis=0, weights=sites.masses)
    assert values["pharm_amphiphilic_moment"] == pytest.approx(math.hypot(2.5, 4))
    assert values["pharm_charge_centroid_dist"] == pytest.approx(np.linalg.norm(positions[3] - centre))
    assert values["pharm_hba_centroid_dist"] == 0.0  # the nitrogen has hydrogens


POINT = SinglePoint(
    energy=-1.0,
    charges=np.array([0.3, -0.5, 0.2]),
    dipole=np.array([3.0, 0.0, 4.0]),
    quadrupole=np.array([-50.0, 0.0, -50.0, 0.0, 0.0, 100.0]),
    orbital_energies=np.array([-0.5, -0.4, -0.1, 0.2]),
    occupations=np.array([2.0, 2.0, 0.0, 0.0]),
)


def test_electronic_descriptors_by_hand() -> None:
    values = electronic(POINT)
    assert values["elec_dipole"] == pytest.approx(5 * 2.541746473)
    assert values["elec_quadrupole"] == pytest.approx(math.sqrt(15_000) * 2.541746473 * 0.529177210903)
    assert (values["elec_homo"], values["elec_lumo"]) == pytest.approx((-0.4 * 27.211386, -0.1 * 27.211386))
    assert values["elec_gap"] == pytest.approx(0.3 * 27.211386)
    assert values["elec_hardness"] == pytest.approx(0.15 * 27.211386)
    assert values["elec_electrophilicity"] == pytest.approx(0.25**2 / 0.3 * 27.211386)
    assert (values["elec_qmax"], values["elec_qmin"]) == (0.3, -0.5)
    assert values["elec_qabs_mean"] == pytest.approx(1 / 3)


def test_the_singly_occupied_orbital_of_a_radical_is_its_highest() -> None:
    values = electronic(replace(POINT, occupations=np.array([2.0, 2.0, 1.0, 0.0])))
    assert values["elec_homo"] == pytest.approx(-0.1 * 27.211386)


def test_an_orbital_that_does_not_exist_empties_its_cells_alone() -> None:
    values = electronic(replace(POINT, occupations=np.full(4, 2.0)))
    assert {name for name, value in values.items() if math.isnan(value)} == {
        "elec_lumo", "elec_gap", "elec_hardness", "elec_electrophilicity",
    }  # fmt: skip


@pytest.mark.parametrize(("smiles", "debye"), [("O", 1.85), ("CC#N", 3.92), ("c1ccccc1", 0.0), ("O=C=O", 0.0)])
def test_dipoles_are_near_those_that_were_measured(smiles: str, debye: float) -> None:
    """CRC Handbook; GFN2-xTB errs by some tenths of a Debye."""
    pytest.importorskip("tblite", reason="tblite is not installed; Linux on arm64 has none")
    assert described(smiles, XTB)["elec_dipole"] == pytest.approx(debye, abs=0.6)


def test_an_ensemble_is_described_by_the_weighted_mean_of_its_conformers() -> None:
    butane = ensemble("CCCC", EnsembleSettings(conformers=20))
    values = describe(butane, MMFF)
    radii = [shape(butane.molecule, number)["shape_rgyr"] for number in range(3)]
    assert radii[0] > radii[1]  # anti is longer than gauche
    assert values["shape_rgyr"] == pytest.approx(float(butane.weights @ np.array(radii)))
    assert values["flex_index"] == pytest.approx(float(-(butane.weights * np.log(butane.weights)).sum()))
    assert values["flex_confs_in_window"] == 3


def test_a_rigid_structure_has_no_flexibility() -> None:
    assert described("c1ccccc1")["flex_index"] == 0.0


CHIRAL = ["C[C@H](N)C(=O)O", "C[C@@H](F)c1ccccc1", "OC[C@H]1CCCO1", "C[C@H](O)[C@H](C)Cl"]


@pytest.mark.parametrize("smiles", CHIRAL)
def test_enantiomers_have_equal_descriptors(smiles: str) -> None:
    """Equal but for the last bits: the mirror image's coordinates are summed with other signs."""
    one, other = described(smiles), described(smiles.replace("@@", "#").replace("@", "@@").replace("#", "@"))
    assert list(one.values()) == pytest.approx(list(other.values()), rel=1e-9, abs=1e-9)


@given(st.sampled_from([*CHIRAL, "CC(=O)Oc1ccccc1", "NCCO"]), st.integers(0, 10_000))
@settings(max_examples=10)
def test_a_compound_drawn_in_another_way_has_the_same_descriptors(smiles: str, seed: int) -> None:
    chosen = EnsembleSettings(conformers=3)
    drawn = Chem.MolToRandomSmilesVect(Chem.MolFromSmiles(smiles), 1, randomSeed=seed)[0]
    assert described(smiles, chosen) == described(drawn, chosen)


def test_where_a_force_field_stands_in_for_xtb_nothing_is_taken_from_other_charges() -> None:
    butane = replace(ensemble("CCCC"), energy_method="MMFF94s", single_points=())
    values = describe(butane, XTB)
    empty = {name for name, value in values.items() if math.isnan(value)}
    assert empty == {column.name for column in columns(XTB)[:10]} | {"surf_psa_charge"}


def test_the_shapes_of_workbenchs_reference_compounds(reference_data: Path) -> None:
    table = json.loads((reference_data / "workbench" / "ref_3d.json").read_text())["compounds"]
    checked = [compound for compound in table if "npr1_min" in compound]
    assert len(checked) == 5
    for compound in checked:
        values = described(compound["smiles"], EnsembleSettings())
        for ratio in ("npr1", "npr2"):
            assert compound[f"{ratio}_min"] <= values[f"shape_{ratio}"] <= compound[f"{ratio}_max"], compound["name"]
