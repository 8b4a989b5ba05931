"""Promise: the 3D endpoint answers every row in its place, with numbers that depend on that row alone or with a reason;
what it returns is what its manifest declares."""

import importlib.util
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem

from chem_endpoints.wire import environment, options
from chem_endpoints.wire.answers import assemble_answer
from chem_endpoints.wire.bundle import BundleError, unpack
from chem_endpoints.wire.columns import PREDICTION_ERROR, SMILES
from chem_endpoints.wire.manifest import MANIFEST_NAME, Standardisation
from chem_endpoints.wire.rows import listen
from hostile_molecules import CANNOT_BE_EMBEDDED, hostile_molecules
from manifests import small_manifest
from model_scripts import smiles_to_3d
from model_scripts.feature_bundle import write_feature_bundle
from model_scripts.smiles_to_3d import CONFORMERS, ConformerModel, model_fn, predict_fn
from server_processes import starting

SETTINGS: dict[str, Any] = {"conformers": 6}
GOOD, SALT, BAD, LARGE = "CCO", "CC(=O)[O-].[Na+]", "C1CC", "C" * 100
PARENT = Standardisation(policy="parent")


def folder_of(tmp_path: Path, **changes: Any) -> str:
    fields = {"script": "smiles_to_3d", "task": "features", "settings": SETTINGS, "standardisation": PARENT}
    (tmp_path / MANIFEST_NAME).write_bytes(small_manifest(**{**fields, **changes}).to_bytes())
    return str(tmp_path)


@pytest.fixture(name="model")
def loaded(tmp_path: Path) -> ConformerModel:
    return model_fn(folder_of(tmp_path))


def frame(*smiles: str, index: Any = None) -> pd.DataFrame:
    return pd.DataFrame({SMILES: pd.Series(list(smiles), dtype="str")}, index=index)


def test_every_row_comes_back_in_place_good_beside_bad(model: ConformerModel) -> None:
    answer = predict_fn(frame(GOOD, BAD, SALT, LARGE, GOOD).set_axis(list("edcba"), axis=0), model)
    assert list(answer.index) == list("edcba")
    assert [cell.partition(":")[0] for cell in answer[PREDICTION_ERROR]] == [
        "", "invalid_smiles", "", "too_large", "",
    ]  # fmt: skip
    assert answer["desc3d_status"].tolist() == ["ok", "skip:parse", "ok", "skip:rot_bonds", "ok"]
    assert answer[PREDICTION_ERROR].iloc[3].endswith("(skip:rot_bonds)")
    assert np.isnan(answer["shape_rgyr"].iloc[[1, 3]]).all()
    assert answer["shape_rgyr"].iloc[0] == answer["shape_rgyr"].iloc[4] > 0


def test_the_columns_are_those_that_the_manifest_declares(model: ConformerModel) -> None:
    declared = smiles_to_3d.outputs(SETTINGS)
    answer = predict_fn(frame(GOOD, BAD), model)
    assert list(answer.columns) == [SMILES, *(output.name for output in declared), PREDICTION_ERROR]
    assembled = assemble_answer(answer, declared, rows=2, reasons={})
    assert assembled["desc3d_conf_count"].isna().tolist() == [False, True]
    assert assembled["desc3d_conf_count"].dtype == "Int64"
    assert assembled["desc3d_stereo_preserved"].dtype == "boolean"
    assert [output.name for output in smiles_to_3d.outputs({"energy": "gfn2-xtb"})][4] == "elec_dipole"


def test_a_row_has_the_same_numbers_alone_and_among_others(model: ConformerModel) -> None:
    texts = [GOOD, "C[C@H](N)C(=O)O", BAD, "CC(O)F", SALT]
    together = predict_fn(frame(*texts), model)
    for row, text in enumerate(texts):
        alone = predict_fn(frame(text), model)
        pd.testing.assert_frame_equal(alone, together.iloc[[row]].reset_index(drop=True), check_exact=True)


def test_each_row_is_announced(model: ConformerModel) -> None:
    told: list[int] = []
    listen(told.append)
    try:
        predict_fn(frame(GOOD, BAD, GOOD), model)
    finally:
        listen(None)
    assert told == [0, 1, 2, -1]


def test_the_structure_that_was_used_is_told(model: ConformerModel) -> None:
    row = predict_fn(frame("CC(F)O.Cl"), model).iloc[0]
    assert row["orig_smiles"] == "CC(F)O.Cl"
    assert row["smiles_used"] == "CC(O)F"
    assert row["undefined_chiral_centers"] == 1
    assert Chem.MolFromSmiles(row["desc3d_isomer"]).HasSubstructMatch(Chem.MolFromSmiles("CC(O)F"))
    assert "@" in row["desc3d_isomer"]
    assert row["desc3d_effective_confs"] >= 1


def test_conformers_come_on_request_as_an_sd_file(model: ConformerModel) -> None:
    assert CONFORMERS not in predict_fn(frame(GOOD), model).columns
    assert smiles_to_3d.on_request(SETTINGS).keys() == {CONFORMERS}
    answer = predict_fn(frame("CCCO", BAD), model, asked=frozenset({CONFORMERS}))
    assert pd.isna(answer[CONFORMERS].iloc[1])
    reader = Chem.SDMolSupplier()
    reader.SetData(answer[CONFORMERS].iloc[0], removeHs=False)
    records = list(reader)
    assert len(records) == answer["desc3d_confs_in_window"].iloc[0] > 1
    energies = [float(record.GetProp("energy_kcal_per_mol")) for record in records]
    weights = [float(record.GetProp("boltzmann_weight")) for record in records]
    assert energies == sorted(energies)
    assert energies[0] == 0
    assert sum(weights) == pytest.approx(1, abs=1e-4)
    assert all(record.GetNumAtoms() == 12 and record.GetConformer().Is3D() for record in records)
    assert {record.GetProp("_Name") for record in records} == {""}


def test_the_conformers_of_an_enantiomer_are_its_own(model: ConformerModel) -> None:
    answer = predict_fn(frame("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"), model, asked=frozenset({CONFORMERS}))
    for text, sdf in zip(answer["smiles_used"], answer[CONFORMERS], strict=True):
        reader = Chem.SDMolSupplier()
        reader.SetData(sdf, removeHs=False)
        for record in reader:
            Chem.AssignStereochemistryFrom3D(record)
            assert Chem.MolToSmiles(Chem.RemoveHs(record)) == text


def test_salts_count_with_the_policy_that_keeps_them(tmp_path: Path) -> None:
    kept = model_fn(folder_of(tmp_path, standardisation=Standardisation(policy="salt")))
    row = predict_fn(frame(SALT), kept).iloc[0]
    assert "Na" in row["smiles_used"]
    assert "Na" not in row["desc3d_isomer"]  # of unbonded parts the largest has a shape


def test_xtb_adds_the_electronic_columns(tmp_path: Path) -> None:
    pytest.importorskip("tblite", reason="tblite is not installed; Linux on arm64 has none")
    model = model_fn(folder_of(tmp_path, settings={**SETTINGS, "energy": "gfn2-xtb"}))
    row = predict_fn(frame(GOOD), model).iloc[0]
    assert row["desc3d_energy_method"] == "GFN2-xTB"
    assert row["elec_homo"] < row["elec_lumo"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"settings": {"colour": "red"}}, "no setting 'colour'"),
        ({"standardisation": None}, "needs a standardisation"),
        ({"standardisation": Standardisation(policy="parent", version="0")}, "standardisation 0"),
    ],
)
def test_a_bundle_that_cannot_be_served_is_refused(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(BundleError, match=told):
        model_fn(folder_of(tmp_path, **changes))


def test_all_settings_are_written_down() -> None:
    checked = smiles_to_3d.checked_settings({"conformers": "30"})
    assert checked["conformers"] == 30
    assert checked.keys() == smiles_to_3d.DEFAULT_SETTINGS.keys()
    assert smiles_to_3d.checked_settings(checked) == checked
    assert all(json.dumps(value) for value in checked.values())


def test_what_breaks_inside_rdkit_costs_its_row(model: ConformerModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(smiles: str, settings: object) -> None:
        raise RuntimeError("Invariant Violation: " + smiles)

    monkeypatch.setattr(sys.modules[predict_fn.__module__], "build_ensemble", breaks)
    row = predict_fn(frame(GOOD), model).iloc[0]
    assert row[PREDICTION_ERROR].startswith("prediction_failed: ")
    assert row["desc3d_status"] == "error:RuntimeError"
    assert GOOD not in row[PREDICTION_ERROR]


QUICK = [molecule for molecule in hostile_molecules() if molecule.name != "embedding without end"]
"""That one takes seconds, and has its own test beside the embedding."""


@pytest.fixture(scope="module", name="shipped")
def with_default_settings(tmp_path_factory: pytest.TempPathFactory) -> ConformerModel:
    policy = Standardisation(policy="none")
    return model_fn(folder_of(tmp_path_factory.mktemp("shipped"), settings={}, standardisation=policy))


@pytest.mark.parametrize("hostile", QUICK, ids=lambda molecule: molecule.name)
def test_hostile_structures_get_a_value_or_a_reason(hostile: Any, shipped: ConformerModel) -> None:
    row = predict_fn(pd.DataFrame({SMILES: pd.Series([hostile.text], dtype=object)}), shipped).iloc[0]
    if row[PREDICTION_ERROR]:
        assert np.isnan(row["surf_sasa_total"])
        assert row["desc3d_status"].partition(":")[0] in ("skip", "error")
        assert len(hostile.text.strip()) < 6 or hostile.text.strip() not in row[PREDICTION_ERROR]
    else:
        assert hostile.expected == "value"
        assert row["desc3d_status"] == "ok"
        assert row["surf_sasa_total"] > 0


DRUGS = {
    "warfarin": "CC(=O)CC(c1ccccc1)c1c(O)c2ccccc2oc1=O",
    "morphine": "CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5",
    "sertraline": "CN[C@H]1CC[C@@H](c2ccc(Cl)c(Cl)c2)c2ccccc12",
    "imatinib": "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1",
    "dexamethasone": "C[C@@H]1C[C@H]2[C@@H]3CCC4=CC(=O)C=C[C@]4(C)[C@@]3(F)[C@@H](O)C[C@]2(C)[C@@]1(O)C(=O)CO",
    "omeprazole": "COc1ccc2[nH]c(nc2c1)S(=O)Cc1ncc(C)c(OC)c1C",
    "tamoxifen": "CCC(=C(c1ccccc1)c1ccc(OCCN(C)C)cc1)c1ccccc1",
}


@pytest.mark.chemistry
@pytest.mark.parametrize("drug", DRUGS)
def test_a_drug_drawn_in_other_ways_has_the_same_row(drug: str, model: ConformerModel) -> None:
    drawn = Chem.MolToRandomSmilesVect(Chem.MolFromSmiles(DRUGS[drug]), 4, randomSeed=7)
    answer = predict_fn(frame(*drawn), model).drop(columns=[SMILES, "orig_smiles"])
    assert answer["desc3d_status"].eq("ok").all()
    for row in range(1, 4):
        pd.testing.assert_frame_equal(
            answer.iloc[[row]].reset_index(drop=True), answer.iloc[[0]].reset_index(drop=True), check_exact=True
        )


@pytest.mark.chemistry
def test_workbenchs_large_structures_are_embedded_with_their_stereochemistry(
    reference_data: Path, model: ConformerModel
) -> None:
    table = json.loads((reference_data / "workbench" / "ref_complexity_skips.json").read_text())["compounds"]
    wanted = {compound["name"]: compound for compound in table if compound["expected_status"] in ("ok", "skip:embed")}
    answer = predict_fn(frame(*(compound["smiles"] for compound in wanted.values())), model)
    assert answer["desc3d_status"].tolist() == [compound["expected_status"] for compound in wanted.values()]
    embedded = answer[answer["desc3d_status"] == "ok"]
    assert embedded["desc3d_stereo_preserved"].all()
    assert embedded["smiles_used"].tolist() == embedded["desc3d_isomer"].tolist()


@pytest.mark.chemistry
@pytest.mark.end_to_end
def test_served_a_hang_costs_its_row_and_conformers_come_on_request(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.tar.gz"
    energy = "gfn2-xtb" if importlib.util.find_spec("tblite") else "mmff94s"
    write_feature_bundle("smiles_to_3d", {**SETTINGS, "energy": energy}, PARENT, bundle)
    unpack(bundle, tmp_path / "model")
    rows = pd.DataFrame({SMILES: ["CCO", CANNOT_BE_EMBEDDED, BAD, "CCO"]})
    limits = {environment.ROW_SECONDS: "3"}
    with starting(tmp_path) as start:
        server = start(tmp_path / "model", **limits)
        assert "not_forked" not in {event["event"] for event in server.events}  # xTB has started no thread
        asked = {options.HEADER: f"{options.CONFORMERS_KEY}=true"}
        answer = server.post(rows.to_csv(index=False), "text/csv", **asked)
        assert answer.status_code == 200
        answered = pd.read_csv(io.StringIO(answer.text), keep_default_na=False)
        assert [cell.partition(":")[0] for cell in answered[PREDICTION_ERROR]] == ["", "timeout", "invalid_smiles", ""]
        assert answered["shape_rgyr"][0] == answered["shape_rgyr"][3] != ""
        assert answered[CONFORMERS][0].count("$$$$") == int(answered["desc3d_confs_in_window"][0])
        assert answered[CONFORMERS][0] == answered[CONFORMERS][3]
        assert CONFORMERS not in server.post("smiles\nCCO\n").text
