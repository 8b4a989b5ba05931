"""Promise: an explanation is exact where the model allows it, and about the very prediction that it stands beside."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chem_endpoints.wire.bundle import unpack
from chem_endpoints.wire.manifest import Manifest
from model_scripts import xgboost_model
from model_scripts.served_model import ServedModel
from model_scripts.training.request import TrainingRequest
from model_scripts.training.train import train
from model_scripts.training.xgboost_family import XGBoostFamily, XGBoostSettings

SMILES = ["CCO", "c1ccccc1C(=O)O", "CC(=O)Oc1ccccc1C(=O)O", "broken("]


@pytest.fixture(scope="module")
def model(solubility_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    folder = tmp_path_factory.mktemp("explained")
    unpack(solubility_bundle, folder)
    return xgboost_model.model_fn(str(folder))


def explained(model: ServedModel, smiles: list[str]) -> pd.DataFrame:
    return xgboost_model.predict_fn(pd.DataFrame({"smiles": smiles}), model, asked=frozenset({"explain"}))


def test_contributions_add_up_to_the_prediction(model: ServedModel) -> None:
    out = explained(model, SMILES)
    parts = out[[name for name in out.columns if name.startswith("explain_") and out[name].dtype == "float64"]]
    assert parts.shape[1] == 1 + len(model.reader.columns)
    sums, predictions = parts[:3].sum(axis=1), out["prediction"][:3]
    assert (np.abs(sums - predictions) <= 1e-5 * np.maximum(1, np.abs(predictions))).all()
    assert parts.iloc[3].isna().all()
    assert out["prediction_error"][3].startswith("invalid_smiles")


def test_explaining_changes_no_prediction_and_no_neighbour_changes_an_explanation(model: ServedModel) -> None:
    together = explained(model, SMILES)
    plain = xgboost_model.predict_fn(pd.DataFrame({"smiles": SMILES}), model)
    pd.testing.assert_frame_equal(together[plain.columns], plain, check_like=True)
    alone = pd.concat([explained(model, [text]) for text in SMILES], ignore_index=True)
    pd.testing.assert_frame_equal(together, alone, check_dtype=False)


def test_atoms_have_a_weight_each_and_a_picture_without_the_structures_text(model: ServedModel) -> None:
    out = explained(model, SMILES)
    assert [len(json.loads(text)) for text in out["explain_atom_weights"][:3]] == [3, 9, 13]
    for row in range(3):
        drawing = out["explain_svg"][row]
        assert drawing.lstrip().startswith("<?xml")
        assert out["smiles_used"][row] not in drawing


def test_the_manifest_declares_exactly_what_is_added(model: ServedModel) -> None:
    declared = [output.name for output in model.manifest.on_request["explain"]]
    out = explained(model, SMILES[:1])
    assert [name for name in out.columns if name.startswith("explain_")] == declared


def test_numbers_are_explained_too_and_several_targets_are_not(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"a": random.normal(size=60), "b": random.normal(size=60)})
    frame["kind"] = np.where(frame["a"] > 0, "active", "inactive")
    frame["y"], frame["z"] = frame["a"] * 2, frame["b"]
    frame.to_csv(tmp_path / "t.csv", index=False)
    family = XGBoostFamily(hyperparameters=XGBoostSettings(trees=20))

    def trained(**fields: object) -> Manifest:
        request = TrainingRequest(**{"data": tmp_path / "t.csv", "numbers": ("a", "b"), **fields})  # type: ignore[arg-type]
        return train(request, family, tmp_path / "b.tar.gz", lambda: None).manifest

    assert [o.name for o in trained(targets=("y",)).on_request["explain"]] == ["explain_base", "explain_a", "explain_b"]
    assert trained(targets=("y", "z")).on_request == {}
    classes = trained(targets=("kind",))
    assert classes.on_request["explain"][0].unit == "log-odds"
    unpack(tmp_path / "b.tar.gz", tmp_path / "m")
    out = xgboost_model.predict_fn(
        frame[["a", "b"]], xgboost_model.model_fn(str(tmp_path / "m")), asked=frozenset({"explain"})
    )
    margin = out[["explain_base", "explain_a", "explain_b"]].sum(axis=1)
    assert np.allclose(1 / (1 + np.exp(-margin)), out["inactive_proba"], atol=1e-5)
