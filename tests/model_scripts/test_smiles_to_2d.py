"""Promise: every row of a request comes back in its place with the descriptors of its standardised structure, or with
a reason, whatever the rows beside it hold."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chem_endpoints.wire import rows
from chem_endpoints.wire.bundle import BundleError, unpack
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.manifest import MANIFEST_NAME, DescriptorSet, Manifest, Standardisation
from manifests import small_manifest
from model_scripts.chemistry import descriptors_2d
from model_scripts.chemistry.descriptors_2d import COLUMNS, describe
from model_scripts.chemistry.smiles import parse_smiles
from model_scripts.chemistry.standardise import standardise
from model_scripts.feature_bundle import write_feature_bundle
from model_scripts.smiles_to_2d import (
    DEFAULT_SETTINGS,
    DescriptorModel,
    checked_settings,
    descriptor_set,
    model_fn,
    on_request,
    outputs,
    predict_fn,
)

PARENT = Standardisation(policy="parent")
ASKED = ["CC(=O)[O-].[Na+]", "c1ccccc1O", "not a molecule", "", "C[C@H](N)C(=O)O", "CC(N)C(=O)O", "[Na+].[Cl-]", "C(C"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> DescriptorModel:
    return model_fn(bundle(tmp_path_factory.mktemp("bundle"), standardisation=PARENT))


def bundle(folder: Path, **changes: object) -> str:
    manifest = small_manifest(script="smiles_to_2d", task="features", targets=(), outputs=outputs({}), **changes)
    (folder / "manifest.json").write_bytes(manifest.to_bytes())
    return str(folder)


def frame(smiles: list[str], index: object = None) -> pd.DataFrame:
    return pd.DataFrame({"smiles": pd.Series(smiles, dtype="str").to_numpy()}, index=index)


def test_the_columns_are_those_declared(model: DescriptorModel) -> None:
    answer = predict_fn(frame(ASKED), model)
    declared = [output.name for output in outputs(DEFAULT_SETTINGS)]
    assert list(answer.columns) == ["smiles", *declared, PREDICTION_ERROR]
    assert len(declared) == 4 + 313
    assert on_request({}) == {}
    for output in outputs({}):
        expected = {"float64": "float64", "int64": "Int64", "text": "str"}[output.dtype]
        assert str(answer[output.name].dtype) == expected


def test_a_row_holds_the_descriptors_of_its_standardised_structure(model: DescriptorModel) -> None:
    answer = predict_fn(frame(ASKED), model)
    for row in (0, 1, 4, 5, 6):
        standard = standardise(ASKED[row], PARENT)
        assert answer.loc[row, list(COLUMNS)].to_numpy(float).tobytes() == describe(standard.molecule).tobytes()
        assert answer.loc[row, "smiles_used"] == standard.smiles
        assert answer.loc[row, "orig_smiles"] == ASKED[row]
    assert answer["smiles_used"].tolist()[:2] == ["CC(=O)O", "Oc1ccccc1"]
    assert answer.loc[0, "salt"] == "[Na+]"
    assert answer["salt"].isna().tolist() == [False] + [True] * 7
    assert answer.loc[[4, 5], "undefined_chiral_centers"].tolist() == [0, 1]


def test_an_unreadable_structure_has_a_reason_and_nothing_else(model: DescriptorModel) -> None:
    answer = predict_fn(frame(ASKED), model)
    bad = [2, 3, 7]
    assert [row for row, reason in enumerate(answer[PREDICTION_ERROR]) if reason] == bad
    assert answer.loc[bad, PREDICTION_ERROR].str.startswith("invalid_smiles: ").all()
    assert answer.loc[bad].drop(columns=["smiles", PREDICTION_ERROR]).isna().all(axis=None)


def test_an_undefined_descriptor_is_missing_in_its_cell_alone(model: DescriptorModel) -> None:
    answer = predict_fn(frame(["[Na+].[Cl-]"]), model)
    assert answer.loc[0, PREDICTION_ERROR] == ""
    assert 0 < answer[list(COLUMNS)].isna().sum(axis=None) < 60


@pytest.mark.parametrize("index", [[9, 9, 9], ["b", "a", "c"], pd.MultiIndex.from_tuples([(1, 1), (1, 2), (2, 1)])])
def test_rows_keep_their_order_and_index(model: DescriptorModel, index: object) -> None:
    asked = frame(["CCO", "bad", "CCN"], index)
    answer = predict_fn(asked, model)
    assert answer.index.equals(asked.index)
    assert answer["smiles"].tolist() == ["CCO", "bad", "CCN"]
    assert answer["heavyatomcount"].tolist() == pytest.approx([3, np.nan, 3], nan_ok=True)


def test_a_request_without_rows_has_all_columns(model: DescriptorModel) -> None:
    answer = predict_fn(frame([]), model)
    assert len(answer) == 0
    assert list(answer.columns) == ["smiles", *(output.name for output in outputs({})), PREDICTION_ERROR]


@settings(max_examples=25)
@given(st.lists(st.sampled_from(range(len(ASKED))), min_size=1, max_size=5))
def test_no_number_depends_on_the_rows_beside_it(model: DescriptorModel, chosen: list[int]) -> None:
    answer = predict_fn(frame([ASKED[row] for row in chosen]), model)
    alone = pd.concat([predict_fn(frame([ASKED[row]]), model) for row in chosen], ignore_index=True)
    pd.testing.assert_frame_equal(answer, alone, check_exact=True)


def test_the_salt_is_described_where_the_policy_keeps_it(tmp_path: Path) -> None:
    kept = model_fn(bundle(tmp_path, standardisation=Standardisation(policy="salt")))
    answer = predict_fn(frame(["CC(=O)[O-].[Na+]"]), kept)
    assert answer.loc[0, "heavyatomcount"] == 5


def test_each_row_is_announced_before_it_is_worked_on(model: DescriptorModel) -> None:
    seen: list[int] = []
    rows.listen(seen.append)
    try:
        predict_fn(frame(["C", "bad", "CC"]), model)
    finally:
        rows.listen(None)
    assert seen == [0, 1, 2, rows.NO_ROW]


def test_no_structure_is_written_anywhere(model: DescriptorModel, capfd: pytest.CaptureFixture[str]) -> None:
    answer = predict_fn(frame(["C1CANARY(", "CCCCCCCC#N"]), model)
    assert capfd.readouterr() == ("", "")
    assert "CANARY" not in answer.loc[0, PREDICTION_ERROR]


def test_a_bundle_must_say_what_is_described(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="standardisation"):
        model_fn(bundle(tmp_path))
    with pytest.raises(BundleError, match="carries out"):
        model_fn(bundle(tmp_path, standardisation=Standardisation(policy="parent", version="0")))
    with pytest.raises(BundleError, match="no setting 'radius'"):
        model_fn(bundle(tmp_path, standardisation=PARENT, settings={"radius": 2}))
    older = DescriptorSet(name="descriptors_2d", version="0", columns=COLUMNS)
    with pytest.raises(BundleError, match="this image computes descriptors_2d 1"):
        model_fn(bundle(tmp_path, standardisation=PARENT, descriptors=older))
    same = DescriptorSet(name=descriptors_2d.NAME, version=descriptors_2d.VERSION, columns=COLUMNS)
    assert model_fn(bundle(tmp_path, standardisation=PARENT, descriptors=same)).policy == PARENT


def test_there_are_no_settings() -> None:
    assert checked_settings({}) == {}
    with pytest.raises(BundleError, match="no setting 'size'"):
        checked_settings({"size": 1})


def test_every_descriptor_is_documented() -> None:
    for output in outputs({}):
        assert output.description
    units = {output.name: output.unit for output in outputs({})}
    assert units["tpsa"] == "Å²"
    assert units["qed"] is None


def test_a_molecule_parsed_and_standardised_without_change_is_described_alike(model: DescriptorModel) -> None:
    answer = predict_fn(frame(["Oc1ccccc1"]), model)
    described = describe(parse_smiles("Oc1ccccc1"))
    assert answer.loc[0, list(COLUMNS)].to_numpy(float).tobytes() == described.tobytes()


def test_a_bundle_records_its_descriptors_and_another_version_is_refused(tmp_path: Path) -> None:
    packed, folder = tmp_path / "b.tar.gz", tmp_path / "model"
    write_feature_bundle("smiles_to_2d", {}, Standardisation(policy="parent"), packed)
    unpack(packed, folder)
    path = folder / MANIFEST_NAME
    manifest = Manifest.model_validate_json(path.read_bytes())
    assert manifest.descriptors is not None
    assert manifest.descriptors == descriptor_set()
    model_fn(str(folder))
    other = manifest.descriptors.model_copy(update={"version": "0"})
    path.write_bytes(manifest.model_copy(update={"descriptors": other}).to_bytes())
    with pytest.raises(BundleError, match="descriptors_2d 0"):
        model_fn(str(folder))
