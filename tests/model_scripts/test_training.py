"""Promise: a training run writes the same bundle every time, and its figures come from compounds held out."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chem_endpoints.wire.bundle import read_archive, unpack, verify_archive
from chem_endpoints.wire.manifest import Manifest, Standardisation
from model_scripts import xgboost_model
from model_scripts.training.request import TrainingRequest
from model_scripts.training.table import TrainingError, read_table
from model_scripts.training.train import TrainedBundle, fits, train
from model_scripts.training.xgboost_family import XGBoostFamily, XGBoostSettings

SMALL = XGBoostFamily(hyperparameters=XGBoostSettings(trees=20, depth=3))


def nothing() -> None:
    """Progress that nobody watches."""


def train_small(request: TrainingRequest, out: Path) -> TrainedBundle:
    return train(request, SMALL, out, nothing)


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


def numeric_request(path: Path, **changes: object) -> TrainingRequest:
    return TrainingRequest(**{"data": path, "targets": ("y",), "numbers": ("LogP", "TPSA"), **changes})  # type: ignore[arg-type]


def structures_file(folder: Path) -> Path:
    """Chains and rings with salts and stereoisomers among them, and a value that follows from their size."""
    texts = [f"{'C' * n}O" for n in range(1, 15)] + [f"c1ccccc1{'C' * n}N" for n in range(1, 15)]
    texts += ["C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O", "CC(=O)O", "CC(=O)[O-].[Na+]"]
    path = folder / "structures.csv"
    rows = [f"{text},{len(text) / 10}" for text in texts]
    path.write_text("\n".join(["structure,y", *rows]))
    return path


def structures_request(path: Path, **changes: object) -> TrainingRequest:
    fields = {"data": path, "targets": ("y",), "smiles": "structure", "descriptors": "rdkit_2d", **changes}
    return TrainingRequest(**fields)  # type: ignore[arg-type]


def test_the_bundle_is_complete_and_small(solubility_bundle: Path) -> None:
    manifest = verify_archive(solubility_bundle).manifest
    members = [f"members/fold_{fold}.ubj" for fold in range(5)] + ["members/refit_0.ubj"]
    expected = sorted(["calibration.npz", "manifest.json", "training_set.npz", *members])
    assert sorted(read_archive(solubility_bundle)) == expected
    assert solubility_bundle.stat().st_size < 300_000
    assert manifest.training is not None
    assert [figures.split for figures in manifest.training.metrics] == ["random", "scaffold"]
    assert manifest.descriptors is not None
    assert manifest.standardisation == Standardisation(policy="parent")
    assert manifest.libraries.keys() == {"numpy", "rdkit", "xgboost"}


def test_the_model_beats_both_baselines_out_of_fold(solubility_bundle: Path, root: Path) -> None:
    command = [sys.executable, "-m", "model_scripts", "solubility-reference"]
    command += ["examples/data/solubility.csv", "examples/data/solubility_unseen.csv"]
    reference = json.loads(subprocess.run(command, cwd=root, check=True, capture_output=True).stdout)
    training = verify_archive(solubility_bundle).manifest.training
    assert training is not None
    for metrics in training.metrics:
        assert metrics.figures["rmse"] < metrics.figures["mean_baseline_rmse"]
        assert metrics.figures["rmse"] < reference["esol_rmse"]
    assert reference["shared"] == []


def test_training_again_writes_the_same_bytes(tmp_path: Path) -> None:
    path = structures_file(tmp_path)
    digests = {train_small(structures_request(path), tmp_path / f"{run}.tar.gz").digest for run in "ab"}
    assert len(digests) == 1
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()


def test_features_given_as_columns_may_be_missing_only_where_they_were_in_training(tmp_path: Path) -> None:
    trained = train_small(numeric_request(numeric_file(tmp_path)), tmp_path / "b.tar.gz")
    assert {feature.name: feature.missing for feature in trained.manifest.features} == {
        "LogP": "error",
        "TPSA": "allow",
    }
    assert trained.manifest.descriptors is None
    assert trained.manifest.training is not None
    assert [figures.split for figures in trained.manifest.training.metrics] == ["random"]
    assert trained.skipped == {7: "no number in 'y'"}  # line 7 of the file: header, then row 5
    unpack(tmp_path / "b.tar.gz", tmp_path / "model")
    model = xgboost_model.model_fn(str(tmp_path / "model"))
    frame = pd.DataFrame({"LogP": [1.0, -1.0], "TPSA": [0.0, np.nan]}, index=[9, 9])
    out = xgboost_model.predict_fn(frame, model)
    assert out.index.tolist() == [9, 9]
    assert out["prediction"].notna().all()
    assert (out["q_05"] < out["prediction"]).all()


def test_the_card_says_where_the_figures_come_from_and_what_is_not_guaranteed(solubility_bundle: Path) -> None:
    training = verify_archive(solubility_bundle).manifest.training
    assert training is not None
    notes = " ".join(training.notes)
    assert "out-of-fold predictions" in notes
    assert "fitted again on all rows" in notes
    assert "no coverage is guaranteed" in notes
    guaranteed = {coverage.among.partition(",")[0]: coverage.guaranteed for coverage in training.coverage}
    assert guaranteed == {
        "random split": True,
        "least similar third": False,
        "middle third": False,
        "most similar third": False,
        "scaffold split": False,
    }


def test_too_few_rows_have_no_wide_interval_and_the_card_says_why(tmp_path: Path) -> None:
    path = numeric_file(tmp_path, gaps=False)
    frame = pd.read_csv(path)
    frame["rare"] = frame["y"].where(frame.index < 10)
    frame.to_csv(path, index=False)
    trained = train_small(numeric_request(path, targets=("y", "rare")), tmp_path / "b.tar.gz")
    assert trained.manifest.training is not None
    assert any(note.startswith("rare: the 95% interval is missing") for note in trained.manifest.training.notes)
    golden = trained.manifest.golden.output
    assert golden["rare_q_025"] == [None] * 5
    assert None not in golden["rare_q_05"] + golden["y_q_025"]


def test_without_folds_nothing_is_claimed(tmp_path: Path) -> None:
    request = numeric_request(numeric_file(tmp_path), folds=0)
    trained = train_small(request, tmp_path / "b.tar.gz")
    assert fits(request) == 1
    assert trained.manifest.training is not None
    assert trained.manifest.training.metrics == ()
    assert "the errors are unknown" in trained.manifest.training.notes[0]
    assert trained.manifest.golden.output["q_05"] == [None] * 5


def test_a_confidential_training_set_leaves_nothing_of_itself_in_the_bundle(tmp_path: Path) -> None:
    trained = train_small(structures_request(structures_file(tmp_path), neighbours=False), tmp_path / "b.tar.gz")
    assert "training_set.npz" not in read_archive(tmp_path / "b.tar.gz")
    assert not {"nn_id", "nn_value", "in_domain"} & {output.name for output in trained.manifest.outputs}


def test_progress_counts_every_step(tmp_path: Path) -> None:
    request = structures_request(structures_file(tmp_path), refits=2, folds=3)
    steps: list[int] = []
    seen: list[tuple[int, int]] = []
    train(request, SMALL, tmp_path / "b.tar.gz", lambda: steps.append(1), lambda done, rows: seen.append((done, rows)))
    assert len(steps) == fits(request) == 3 + 3 + 2
    assert seen[-1] == (32, 32)


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
        read_table(TrainingRequest(data=path, targets=("log_s",), smiles="smiles"))
    assert told in str(refusal.value)


def test_unusable_rows_are_listed_by_their_line_with_the_reason(tmp_path: Path) -> None:
    path = structures_file(tmp_path)
    path.write_text(path.read_text() + "\nnot a structure,1\n,2\nCCO,unknown\n")
    table = read_table(structures_request(path, task="regression"))
    reasons = [reason.partition(":")[0] for reason in table.skipped.values()]
    assert list(table.skipped) == [34, 35, 36]
    assert reasons == ["invalid_smiles", "no structure in 'structure'", "no number in 'y'"]


def test_forms_of_one_compound_share_a_group(tmp_path: Path) -> None:
    table = read_table(structures_request(structures_file(tmp_path)))
    compounds = table.compounds[-4:]
    assert compounds[0] == compounds[1]  # stereoisomers
    assert compounds[2] == compounds[3]  # acid and salt
    assert len(set(table.compounds)) == len(table.compounds) - 2


def test_a_bundle_for_other_descriptors_or_another_standardisation_is_refused(
    solubility_bundle: Path, tmp_path: Path
) -> None:
    unpack(solubility_bundle, tmp_path)
    path = tmp_path / "manifest.json"
    manifest = Manifest.model_validate_json(path.read_bytes())
    assert manifest.descriptors is not None
    assert manifest.standardisation is not None
    for changes, told in (
        ({"descriptors": manifest.descriptors.model_copy(update={"version": "0"})}, "descriptors rdkit_2d 0"),
        ({"standardisation": manifest.standardisation.model_copy(update={"version": "0"})}, "standardisation 0"),
    ):
        path.write_bytes(manifest.model_copy(update=changes).to_bytes())
        with pytest.raises(Exception, match=told):
            xgboost_model.model_fn(str(tmp_path))


def test_a_golden_row_may_have_an_allowed_gap(tmp_path: Path) -> None:
    path = numeric_file(tmp_path, gaps=False)
    frame = pd.read_csv(path)
    frame.loc[frame["y"].idxmin(), "TPSA"] = np.nan  # the lowest target is always a golden row
    frame.to_csv(path, index=False)
    train_small(numeric_request(path), tmp_path / "b.tar.gz")
    assert verify_archive(tmp_path / "b.tar.gz").manifest.golden.input["TPSA"][0] is None


def test_a_series_of_one_scaffold_is_split_at_random_only(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    rows = [f"c1ccccc1{'C' * n},{n}" for n in range(1, 31)]
    path.write_text("\n".join(["structure,y", *rows]))
    training = train_small(structures_request(path), tmp_path / "b.tar.gz").manifest.training
    assert training is not None
    assert [figures.split for figures in training.metrics] == ["random"]
    assert any("fewer than 5 scaffolds" in note for note in training.notes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"numbers": ("a", "a")}, "named twice"),
        ({"numbers": ("prediction",)}, "names of the model's answers"),
        ({"numbers": ()}, "nothing to predict from"),
        ({"folds": 1}, "at least 2"),
        ({"refits": 0}, "at least one model"),
    ],
)
def test_requests_that_cannot_be_served_are_refused(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,prediction,y\n" + "".join(f"{n},2,{n % 7}\n" for n in range(30)))
    with pytest.raises(TrainingError, match=told):
        train_small(numeric_request(path, **{"numbers": ("a",), **changes}), tmp_path / "b.tar.gz")


def test_one_compound_cannot_be_trained_on(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("structure,y\n" + "CCO,1\n" * 30)
    with pytest.raises(TrainingError, match="1 distinct compounds"):
        train_small(structures_request(path), tmp_path / "b.tar.gz")
