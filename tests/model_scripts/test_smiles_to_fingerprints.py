"""Promise: every row of a request comes back in its place with the fingerprint of its standardised structure, or with
a reason; a setting that means nothing is refused by name."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chem_endpoints.wire import rows
from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.manifest import Standardisation
from manifests import small_manifest
from model_scripts.chemistry.fingerprints import Fingerprint, morgan_counts
from model_scripts.chemistry.standardise import standardise
from model_scripts.smiles_to_fingerprints import (
    DEFAULT_SETTINGS,
    FingerprintModel,
    as_text,
    checked_settings,
    model_fn,
    on_request,
    outputs,
    predict_fn,
)

PARENT = Standardisation(policy="parent")
ASKED = ["CC(=O)[O-].[Na+]", "c1ccccc1O", "not a molecule", "", "C[C@H](N)C(=O)O"]
GOOD = [0, 1, 4]


def model(folder: Path, **given: Any) -> FingerprintModel:
    manifest = small_manifest(
        script="smiles_to_fingerprints",
        task="features",
        targets=(),
        outputs=outputs(given),
        standardisation=PARENT,
        settings=given,
    )
    (folder / "manifest.json").write_bytes(manifest.to_bytes())
    return model_fn(str(folder))


def frame(smiles: list[str], index: object = None) -> pd.DataFrame:
    return pd.DataFrame({"smiles": pd.Series(smiles, dtype="str").to_numpy()}, index=index)


def expected_counts() -> list[list[int]]:
    return [list(map(int, row)) for row in morgan_counts([standardise(ASKED[row], PARENT).molecule for row in GOOD])]


def test_the_text_holds_the_morgan_counts(tmp_path: Path) -> None:
    answer = predict_fn(frame(ASKED), model(tmp_path))
    texts = answer["fingerprint"].tolist()
    assert [[int(number) for number in texts[row].split(",")] for row in GOOD] == expected_counts()
    assert answer["fingerprint"].isna().tolist() == [False, False, True, True, False]
    assert answer[PREDICTION_ERROR].str.partition(":")[0].tolist() == ["", "", "invalid_smiles", "invalid_smiles", ""]
    assert answer["smiles_used"].tolist()[:2] == ["CC(=O)O", "Oc1ccccc1"]
    assert answer.loc[0, "salt"] == "[Na+]"


def test_the_columns_hold_the_same_counts(tmp_path: Path) -> None:
    answer = predict_fn(frame(ASKED), model(tmp_path, form="columns"))
    numbers = answer[[f"fp_{number}" for number in range(4096)]]
    assert numbers.iloc[GOOD].to_numpy().tolist() == expected_counts()
    assert (numbers.dtypes == "int64").all()


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ({}, 4096),
        ({"size": 1024, "radius": 3, "chirality": True}, 1024),
        ({"fingerprint": "maccs"}, 166),
        ({"fingerprint": "rdkit", "values": "bits", "size": 2048}, 2048),
        ({"fingerprint": "atom_pair", "chirality": True}, 4096),
        ({"fingerprint": "topological_torsion", "size": 512}, 512),
    ],
)
@pytest.mark.parametrize("form", ["text", "columns"])
def test_answers_have_the_columns_declared(tmp_path: Path, given: dict[str, Any], size: int, form: str) -> None:
    chosen = given | {"form": form}
    answer = predict_fn(frame(ASKED), model(tmp_path, **chosen))
    declared = [output.name for output in outputs(chosen)]
    assert list(answer.columns) == ["smiles", *declared, PREDICTION_ERROR]
    assert len(declared) == 4 + (size if form == "columns" else 1)
    assert on_request(chosen) == {}
    if form == "text":
        assert {len(answer.loc[row, "fingerprint"].split(",")) for row in GOOD} == {size}


def test_settings_reach_the_fingerprint(tmp_path: Path) -> None:
    loaded = model(tmp_path, size=1024, radius=3, chirality=True, values="bits")
    assert loaded.fingerprint == Fingerprint(radius=3, size=1024, chirality=True, values="bits")
    assert model(tmp_path).fingerprint == Fingerprint()
    assert model(tmp_path, fingerprint="maccs").fingerprint == Fingerprint(kind="maccs", values="bits", size=166)


def test_the_checked_settings_are_complete_and_stay_as_they_are() -> None:
    assert checked_settings({}) == DEFAULT_SETTINGS
    for chosen in ({"fingerprint": "maccs"}, {"fingerprint": "rdkit"}, {"radius": 1}):
        assert checked_settings(checked_settings(chosen)) == checked_settings(chosen)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"raduis": 2}, "setting 'raduis'"),
        ({"radius": "2"}, "setting 'radius'"),
        ({"radius": 7}, "setting 'radius'"),
        ({"size": 100}, "setting 'size'"),
        ({"size": 0}, "setting 'size'"),
        ({"chirality": 1}, "setting 'chirality'"),
        ({"fingerprint": "daylight"}, "setting 'fingerprint'"),
        ({"form": "csv"}, "setting 'form'"),
        ({"fingerprint": "maccs", "size": 168}, "'maccs' has no setting 'size'"),
        ({"fingerprint": "rdkit", "chirality": True}, "'rdkit' has no setting 'chirality'"),
        ({"fingerprint": "atom_pair", "radius": 2}, "'atom_pair' has no setting 'radius'"),
    ],
)
def test_a_setting_that_means_nothing_is_refused_by_name(given: dict[str, Any], told: str) -> None:
    with pytest.raises(BundleError, match=told):
        checked_settings(given)


@pytest.mark.parametrize("index", [[9, 9, 9], ["b", "a", "c"]])
def test_rows_keep_their_order_and_index(tmp_path: Path, index: object) -> None:
    asked = frame(["CCO", "bad", "CCN"], index)
    answer = predict_fn(asked, model(tmp_path))
    assert answer.index.equals(asked.index)
    assert answer["orig_smiles"].fillna("").tolist() == ["CCO", "", "CCN"]


def test_a_request_without_rows_has_all_columns(tmp_path: Path) -> None:
    for form in ("text", "columns"):
        assert predict_fn(frame([]), model(tmp_path, form=form)).shape[0] == 0


@settings(max_examples=25)
@given(st.lists(st.sampled_from(range(len(ASKED))), min_size=1, max_size=6))
def test_no_number_depends_on_the_rows_beside_it(chosen: list[int]) -> None:
    loaded = FingerprintModel(policy=PARENT, fingerprint=Fingerprint(size=256), form="text")
    answer = predict_fn(frame([ASKED[row] for row in chosen]), loaded)
    alone = pd.concat([predict_fn(frame([ASKED[row]]), loaded) for row in chosen], ignore_index=True)
    pd.testing.assert_frame_equal(answer, alone, check_exact=True)


def test_each_row_is_announced_before_it_is_worked_on(tmp_path: Path) -> None:
    seen: list[int] = []
    rows.listen(seen.append)
    try:
        predict_fn(frame(["C", "bad", "CC"]), model(tmp_path))
    finally:
        rows.listen(None)
    assert seen == [0, 1, 2, rows.NO_ROW]


@given(arrays(np.uint8, st.integers(1, 40)))
def test_the_text_is_the_numbers_joined_by_commas(counts: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    assert as_text(counts) == ",".join(map(str, counts.tolist()))


def test_a_bundle_must_say_what_is_described(tmp_path: Path) -> None:
    manifest = small_manifest(script="smiles_to_fingerprints", outputs=outputs({}))
    (tmp_path / "manifest.json").write_bytes(manifest.to_bytes())
    with pytest.raises(BundleError, match="standardisation"):
        model_fn(str(tmp_path))
