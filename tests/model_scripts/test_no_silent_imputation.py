"""Promise: a value that the model cannot use costs its row, with the column's name, unless the bundle is lenient."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chem_endpoints.wire.bundle import unpack
from chem_endpoints.wire.features import read_features
from chem_endpoints.wire.manifest import Feature, Manifest
from model_scripts import xgboost_model
from model_scripts.served_model import ServedModel
from model_scripts.training.request import TrainingRequest
from model_scripts.training.train import train
from model_scripts.training.xgboost_family import XGBoostFamily, XGBoostSettings


def served(folder: Path, *, lenient: bool) -> ServedModel:
    random = np.random.default_rng(3)
    frame = pd.DataFrame({"dose": random.normal(size=80), "gap": random.normal(size=80)})
    frame["species"] = random.choice(["dog", "mouse", "rat"], size=80)
    frame["y"] = frame["dose"] + (frame["species"] == "dog") * 3
    frame.loc[::9, "gap"] = np.nan
    frame.to_csv(folder / "t.csv", index=False)
    request = TrainingRequest(
        data=folder / "t.csv", targets=("y",), numbers=("dose", "gap"), categories=("species",), lenient=lenient
    )
    family = XGBoostFamily(hyperparameters=XGBoostSettings(trees=30))
    train(request, family, folder / "b.tar.gz", lambda: None)
    unpack(folder / "b.tar.gz", folder / "model")
    return xgboost_model.model_fn(str(folder / "model"))


SENT = pd.DataFrame(
    {
        "dose": ["1.5", "", "1e39", "much", "1.5", "1.5", "1.5"],
        "gap": ["0", "0", "0", "0", "", "0", "0"],
        "species": ["dog", "dog", "dog", "dog", "rat", "ferret", ""],
    },
    dtype=object,
)


def answer(model: ServedModel) -> pd.DataFrame:
    """As the server does: what cannot be typed never reaches the model."""
    features = read_features(SENT, model.manifest.features)
    out = xgboost_model.predict_fn(features.frame, model)
    told = pd.Series([features.reasons.get(row, "") for row in range(len(SENT))], dtype="str")
    return out.assign(prediction_error=told.where(told != "", out["prediction_error"]))


def test_each_unusable_value_is_a_row_error_that_names_its_column(tmp_path: Path) -> None:
    told = answer(served(tmp_path, lenient=False))["prediction_error"].tolist()
    assert told[0] == told[4] == ""  # the gap was there in training
    for row, reason, column in (
        (1, "missing_value", "dose"),
        (2, "invalid_value", "dose"),
        (3, "invalid_value", "dose"),
        (5, "invalid_value", "species"),
        (6, "missing_value", "species"),
    ):
        assert told[row].startswith(f"{reason}: column {column!r}"), told[row]
    assert "dog, mouse, rat" in told[5]
    assert "ferret" not in told[5]


def test_a_lenient_bundle_predicts_from_the_rest(tmp_path: Path) -> None:
    out = answer(served(tmp_path, lenient=True))
    assert out["prediction_error"].str.partition(":")[0].tolist() == ["", "", "invalid_value", "", "", "", ""]
    assert out["prediction"].notna().tolist() == [True, True, False, True, True, True, True]


def test_a_missing_column_is_a_request_error(tmp_path: Path) -> None:
    model = served(tmp_path, lenient=True)
    with pytest.raises(ValueError, match="'species' has no column"):
        read_features(SENT.drop(columns="species"), model.manifest.features)


def test_a_descriptor_that_is_undefined_costs_its_row_unless_it_was_in_training(
    solubility_bundle: Path, tmp_path: Path
) -> None:
    unpack(solubility_bundle, tmp_path)
    model = xgboost_model.model_fn(str(tmp_path))
    out = xgboost_model.predict_fn(pd.DataFrame({"smiles": ["CCO", "[Na+].[Cl-]"]}), model)
    assert out["prediction_error"][0] == ""
    assert out["prediction_error"][1].startswith("invalid_value: the descriptor '")
    assert np.isnan(out["prediction"][1])
    manifest = Manifest.model_validate_json((tmp_path / "manifest.json").read_bytes())
    assert manifest.descriptors is not None
    every = manifest.descriptors.model_copy(update={"gaps": manifest.descriptors.columns})
    (tmp_path / "manifest.json").write_bytes(manifest.model_copy(update={"descriptors": every}).to_bytes())
    out = xgboost_model.predict_fn(pd.DataFrame({"smiles": ["[Na+].[Cl-]"]}), xgboost_model.model_fn(str(tmp_path)))
    assert out["prediction_error"][0] == ""


def test_an_unknown_category_is_told_for_text_features_alone() -> None:
    features = (Feature(name="kind", dtype="text", categories=("a", "b")), Feature(name="note", dtype="text"))
    rows = read_features(pd.DataFrame({"kind": ["a", "c", "b"], "note": ["x", "y", "z"]}), features)
    assert list(rows.reasons) == [1]
    assert rows.frame["kind"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("lenient", [False, True])
def test_a_family_that_needs_every_value_says_so_unless_the_bundle_is_lenient(tmp_path: Path, lenient: bool) -> None:
    from model_scripts import sklearn_model
    from model_scripts.training.sklearn_family import SklearnFamily

    random = np.random.default_rng(4)
    frame = pd.DataFrame({"a": random.normal(size=40), "b": random.normal(size=40)})
    frame.assign(y=frame["a"] + frame["b"]).to_csv(tmp_path / "t.csv", index=False)
    request = TrainingRequest(data=tmp_path / "t.csv", targets=("y",), numbers=("a", "b"), lenient=lenient)
    bundle = train(request, SklearnFamily.from_settings({"estimator": "ridge"}), tmp_path / "b.tar.gz", lambda: None)
    unpack(tmp_path / "b.tar.gz", tmp_path / "model")
    model = sklearn_model.model_fn(str(tmp_path / "model"))
    out = sklearn_model.predict_fn(pd.DataFrame({"a": [0.0, np.nan], "b": [1.0, 1.0]}), model)
    assert out["prediction_error"].str.startswith("missing_value").tolist() == [False, not lenient]
    assert out["prediction"].notna().tolist() == [True, lenient]
    assert bundle.manifest.training is not None
    assert any(note.startswith("Lenient:") for note in bundle.manifest.training.notes) == lenient


def test_a_gap_in_one_fold_alone_is_no_missing_prediction(tmp_path: Path) -> None:
    from model_scripts.training.sklearn_family import SklearnFamily

    random = np.random.default_rng(5)
    frame = pd.DataFrame({"a": random.normal(size=40), "b": random.normal(size=40)})
    frame.loc[7, "b"] = np.nan
    frame.assign(y=frame["a"]).to_csv(tmp_path / "t.csv", index=False)
    request = TrainingRequest(data=tmp_path / "t.csv", targets=("y",), numbers=("a", "b"))
    bundle = train(request, SklearnFamily.from_settings({"estimator": "ridge"}), tmp_path / "b.tar.gz", lambda: None)
    assert bundle.manifest.training is not None
    assert bundle.manifest.training.metrics[0].figures["rmse"] < 1
