"""Promise: a training run writes the same bundle every time, and its figures come from compounds held out."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chem_endpoints.wire.bundle import read_archive, unpack, verify_archive
from model_scripts import xgboost_model
from model_scripts.training.evaluation import folds, interval_half_width, metrics, out_of_fold
from model_scripts.training.table import TrainingError, read_table
from model_scripts.training.train_xgboost import XGBoostTraining, train


def nothing() -> None:
    """Progress that nobody watches."""


def numeric_file(folder: Path, rows: int = 60, gaps: bool = True) -> Path:
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"LogP": random.normal(size=rows), "TPSA": random.normal(size=rows)})
    frame["y"] = 2 * frame["LogP"] - frame["TPSA"]
    if gaps:
        frame.loc[3, "TPSA"] = np.nan
        frame.loc[5, "y"] = np.nan
    path = folder / "numbers.csv"
    frame.to_csv(path, index=False)
    return path


def test_the_bundle_is_complete_and_small(solubility_bundle: Path) -> None:
    bundle = verify_archive(solubility_bundle)
    assert sorted(read_archive(solubility_bundle)) == ["interval.json", "manifest.json", "model.ubj"]
    assert solubility_bundle.stat().st_size < 300_000
    assert [figures.split for figures in bundle.manifest.training.metrics] == ["random", "scaffold"]
    assert bundle.manifest.descriptors is not None
    assert bundle.manifest.libraries.keys() == {"numpy", "rdkit", "xgboost"}


def test_the_model_beats_both_baselines_out_of_fold(solubility_bundle: Path, root: Path) -> None:
    command = [sys.executable, "-m", "model_scripts", "solubility-reference"]
    command += ["examples/data/solubility.csv", "examples/data/solubility_unseen.csv"]
    reference = json.loads(subprocess.run(command, cwd=root, check=True, capture_output=True).stdout)
    for figures in verify_archive(solubility_bundle).manifest.training.metrics:
        assert figures.rmse < figures.mean_baseline_rmse
        assert figures.rmse < reference["esol_rmse"]
    assert reference["shared"] == []


def test_training_again_writes_the_same_bytes(tmp_path: Path) -> None:
    training = XGBoostTraining(data=numeric_file(tmp_path), target="y", features=("LogP", "TPSA"))
    digests = {train(training, tmp_path / f"{run}.tar.gz", nothing).digest for run in "ab"}
    assert len(digests) == 1
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()


def test_features_given_as_columns_may_be_missing_only_where_they_were_in_training(tmp_path: Path) -> None:
    training = XGBoostTraining(data=numeric_file(tmp_path), target="y", features=("LogP", "TPSA"))
    trained = train(training, tmp_path / "b.tar.gz", nothing)
    assert {feature.name: feature.missing for feature in trained.manifest.features} == {
        "LogP": "error",
        "TPSA": "allow",
    }
    assert trained.manifest.descriptors is None
    assert [figures.split for figures in trained.manifest.training.metrics] == ["random"]
    assert trained.skipped == {7: "no number in 'y'"}  # line 7 of the file: header, then row 5
    unpack(tmp_path / "b.tar.gz", tmp_path / "model")
    model = xgboost_model.model_fn(str(tmp_path / "model"))
    frame = pd.DataFrame({"LogP": [1.0, -1.0], "TPSA": [0.0, np.nan]}, index=[9, 9])
    out = xgboost_model.predict_fn(frame, model)
    assert out.index.tolist() == [9, 9]
    assert out["prediction"].notna().all()
    assert (out["q_05"] < out["prediction"]).all()


def test_groups_never_straddle_a_fold_and_the_seed_decides() -> None:
    groups = [str(number // 3) for number in range(60)]
    seen = []
    for train_rows, test_rows in folds(groups, seed=1):
        assert not {groups[row] for row in train_rows} & {groups[row] for row in test_rows}
        seen += test_rows.tolist()
    assert sorted(seen) == list(range(60))
    again = [test.tolist() for _, test in folds(groups, seed=1)]
    other = [test.tolist() for _, test in folds(groups, seed=2)]
    assert [row for fold in again for row in fold] == seen
    assert other != again


def test_the_figures_are_those_of_rows_held_out() -> None:
    target = np.arange(20.0)
    groups = [str(row) for row in range(20)]
    predicted = out_of_fold(lambda train, test: target[test] + 1.0, groups, 3, nothing)
    figures = metrics("random", target, predicted, groups, 3)
    assert (figures.rmse, figures.mae) == (1.0, 1.0)
    assert figures.mean_baseline_rmse > 5


def test_the_interval_is_the_conformal_quantile() -> None:
    errors = np.arange(1.0, 100.0)  # 99 errors: the ceil(100 · 0.9) = 90th smallest
    assert interval_half_width(np.zeros(99), errors) == 90.0
    assert interval_half_width(np.zeros(3), np.array([1.0, 5.0, 2.0])) == 5.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "no such file"),
        ("a,b\n1,2,3\n", "cannot be read"),
        ("smiles,x\nC,1\n", "no column ['log_s']"),
        ("smiles,log_s\nC,1\nCC,2\n", "2 usable rows, at least 20 are needed"),
    ],
)
def test_a_table_that_cannot_be_trained_on_says_why(tmp_path: Path, text: str | None, told: str) -> None:
    path = tmp_path / "table.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(TrainingError) as refusal:
        read_table(path, target="log_s", smiles="smiles", features=())
    assert told in str(refusal.value)


def test_a_bundle_for_other_descriptors_is_refused(solubility_bundle: Path, tmp_path: Path) -> None:
    unpack(solubility_bundle, tmp_path)
    manifest = tmp_path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"version": "1"', '"version": "0"'))
    with pytest.raises(Exception, match="trained on the descriptors rdkit_2d 0"):
        xgboost_model.model_fn(str(tmp_path))


def test_a_golden_row_may_have_an_allowed_gap(tmp_path: Path) -> None:
    path = numeric_file(tmp_path, gaps=False)
    frame = pd.read_csv(path)
    frame.loc[frame["y"].idxmin(), "TPSA"] = np.nan  # the lowest target is always a golden row
    frame.to_csv(path, index=False)
    training = XGBoostTraining(data=path, target="y", features=("LogP", "TPSA"))
    train(training, tmp_path / "b.tar.gz", nothing)
    assert verify_archive(tmp_path / "b.tar.gz").manifest.golden.input["TPSA"][0] is None


def test_a_series_of_one_scaffold_is_split_at_random_only(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    rows = [f"c1ccccc1{'C' * n},{n}" for n in range(1, 31)]
    path.write_text("\n".join(["smiles,y", *rows]))
    trained = train(XGBoostTraining(data=path, target="y", smiles="smiles"), tmp_path / "b.tar.gz", nothing)
    assert [figures.split for figures in trained.manifest.training.metrics] == ["random"]
    assert "fewer than 5 scaffolds" in trained.manifest.training.note


@pytest.mark.parametrize(
    ("features", "told"),
    [(("a", "a"), "named twice"), (("prediction",), "names of the model's answers")],
)
def test_feature_names_that_cannot_be_served_are_refused(tmp_path: Path, features: tuple[str, ...], told: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,prediction,y\n" + "1,2,3\n" * 30)
    with pytest.raises(TrainingError, match=told):
        read_table(path, target="y", smiles=None, features=features)


def test_one_compound_cannot_be_trained_on(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("smiles,y\n" + "CCO,1\n" * 30)
    with pytest.raises(TrainingError, match="1 distinct compounds"):
        train(XGBoostTraining(data=path, target="y", smiles="smiles"), tmp_path / "b.tar.gz", nothing)


def test_a_number_beyond_the_models_floats_costs_its_row(tmp_path: Path) -> None:
    training = XGBoostTraining(data=numeric_file(tmp_path), target="y", features=("LogP", "TPSA"))
    train(training, tmp_path / "b.tar.gz", nothing)
    unpack(tmp_path / "b.tar.gz", tmp_path / "model")
    model = xgboost_model.model_fn(str(tmp_path / "model"))
    out = xgboost_model.predict_fn(pd.DataFrame({"LogP": [1.0, 1e39], "TPSA": [0.0, 0.0]}), model)
    assert out["prediction_error"].str.startswith("invalid_value").tolist() == [False, True]
