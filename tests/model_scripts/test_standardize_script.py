"""Promise: the standardising endpoint tells of each row what it was, what it became and why, and keeps every row."""

import itertools
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from chem_endpoints.wire import rows
from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.manifest import MANIFEST_NAME, Feature, GoldenRows, Manifest, Standardisation
from model_scripts import standardize

PARENT = Standardisation(policy="parent")
SENT = {
    "aspirin, sodium salt": "CC(=O)Oc1ccccc1C(=O)[O-].[Na+]",
    "pyridone": " Oc1ccccn1",
    "broken": "C1CC",
    "empty": "",
    "mixture": "CC(=O)Oc1ccccc1C(=O)O.CC(=O)Nc1ccc(O)cc1",
    "fructose": "OCC(=O)[C@@H](O)[C@H](O)[C@H](O)CO",
    "oxaliplatin": "O=C1O[Pt]2(OC1=O)NC1CCCCC1N2",
    "rock salt": "[Na+].[Cl-]",
    "alanine": "CC(N)C(=O)O",
    "two lines": "CCO\nCCN",
}


def _frame(texts: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame({"number": range(len(texts)), "smiles": pd.Series(texts, dtype="str")}, index=list(texts))


def _manifest(**changes: Any) -> Manifest:
    golden = GoldenRows(input={"smiles": ["C"]}, output={"smiles_used": ["C"]}, relative_tolerance=1e-6)
    smiles = Feature(name="smiles", dtype="text")
    given: dict[str, Any] = {
        "script": "standardize",
        "framework": "rdkit",
        "task": "features",
        "features": (smiles,),
        "outputs": standardize.outputs({}),
        "standardisation": PARENT,
        "libraries": {},
        "files": {},
        "golden": golden,
    }
    return Manifest(**{**given, **changes})


def _loaded(folder: Path, **changes: Any) -> Standardisation:
    (folder / MANIFEST_NAME).write_bytes(_manifest(**changes).to_bytes())
    return standardize.model_fn(str(folder))


def test_each_row_tells_what_it_became() -> None:
    answer = standardize.predict_fn(_frame(SENT), PARENT)
    read = answer[answer[PREDICTION_ERROR] == ""]
    assert read["orig_smiles"].tolist() == [SENT[name] for name in read.index]
    told = answer[["smiles_used", "salt", "undefined_chiral_centers", "stereo_lost", "std_status"]]
    assert told.loc["aspirin, sodium salt"].tolist() == ["CC(=O)Oc1ccccc1C(=O)O", "[Na+]", 0, False, "ok"]
    assert told.loc["pyridone"].fillna("").tolist() == ["O=c1cccc[nH]1", "", 0, False, "ok"]
    assert told.loc["mixture"].tolist() == ["CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Nc1ccc(O)cc1", 0, False, "mixture"]
    assert told.loc["fructose", "stereo_lost"]
    assert told.loc["oxaliplatin", "std_status"] == "metal_complex"
    assert told.loc["rock salt"].fillna("").tolist() == ["[Cl-].[Na+]", "", 0, False, "inorganic"]
    assert told.loc["alanine", "undefined_chiral_centers"] == 1
    assert answer.loc["aspirin, sodium salt", "inchikey"] == "BSYNRYMUTXBXSQ-UHFFFAOYSA-N"
    assert (answer.loc[told["std_status"].notna(), PREDICTION_ERROR] == "").all()


def test_a_row_that_cannot_be_read_keeps_its_place_and_has_a_reason() -> None:
    answer = standardize.predict_fn(_frame(SENT), PARENT)
    assert answer.index.tolist() == list(SENT)
    assert answer["number"].tolist() == list(range(len(SENT)))
    for name, reason in {"broken": "cannot be read", "empty": "is empty", "two lines": "printable ASCII"}.items():
        assert reason in answer.loc[name, PREDICTION_ERROR]
        assert SENT[name] == "" or SENT[name] not in answer.loc[name, PREDICTION_ERROR]
        declared = [output.name for output in standardize.outputs({})]
        assert answer.loc[name, declared].isna().all()


def test_a_row_does_not_depend_on_the_rows_beside_it() -> None:
    together = standardize.predict_fn(_frame(SENT), PARENT)
    for name, text in SENT.items():
        alone = standardize.predict_fn(_frame({name: text}), PARENT)
        pd.testing.assert_frame_equal(alone.drop(columns="number"), together.loc[[name]].drop(columns="number"))


@pytest.mark.parametrize("texts", [SENT, {}], ids=["rows", "no row"])
def test_the_answer_has_the_columns_and_types_that_are_declared(texts: dict[str, str]) -> None:
    answer = standardize.predict_fn(_frame(texts), PARENT)
    types = {"text": "str", "int64": "Int64", "boolean": "boolean"}
    added = {output.name: types[output.dtype] for output in standardize.outputs({})}
    assert list(answer.columns) == ["number", "smiles", *added, PREDICTION_ERROR]
    assert {name: str(answer[name].dtype) for name in added} == added


def test_the_policy_decides() -> None:
    salt = standardize.predict_fn(_frame(SENT), Standardisation(policy="salt"))
    assert salt.loc["aspirin, sodium salt", "smiles_used"] == "CC(=O)Oc1ccccc1C(=O)[O-].[Na+]"
    assert salt.loc["mixture", "std_status"] == "mixture"
    none = standardize.predict_fn(_frame(SENT), Standardisation(policy="none"))
    assert none.loc["pyridone", "smiles_used"] == "Oc1ccccn1"
    assert set(none["std_status"].dropna()) == {"ok"}


def test_each_row_is_announced_before_it_is_worked_on() -> None:
    seen: list[int] = []
    rows.listen(seen.append)
    try:
        standardize.predict_fn(_frame(dict(itertools.islice(SENT.items(), 3))), PARENT)
    finally:
        rows.listen(None)
    assert seen == [0, 1, 2, rows.NO_ROW]


def test_the_policy_comes_from_the_manifest(tmp_path: Path) -> None:
    assert _loaded(tmp_path) == PARENT
    assert _loaded(tmp_path, standardisation=Standardisation(policy="salt", tautomer=False)).policy == "salt"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"standardisation": None}, "must say which standardisation"),
        ({"standardisation": Standardisation(policy="parent", version="9")}, "standardisation 9"),
        ({"settings": {"radius": 2}}, "no setting 'radius'"),
    ],
)
def test_a_bundle_that_asks_for_something_else_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(BundleError, match=message):
        _loaded(tmp_path, **changes)


def test_there_is_nothing_to_set_and_nothing_to_ask_for() -> None:
    assert standardize.checked_settings({}) == standardize.DEFAULT_SETTINGS == {}
    assert standardize.on_request({}) == {}
    with pytest.raises(BundleError, match="no setting 'tautomer'"):
        standardize.checked_settings({"tautomer": False})
