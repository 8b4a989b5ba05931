"""Promise: a combination holds its parts as they are, is made only of parts that go together, and is the same every
time."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chem_endpoints.wire.bundle import BundleError, read_archive, unpack, verify_archive, write_bundle
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.manifest import Standardisation
from manifests import small_manifest
from model_scripts.combination import model_fn
from model_scripts.combination_bundle import RequestedPart, write_combination
from model_scripts.combining.plan import How, Plan
from model_scripts.feature_bundle import write_feature_bundle
from model_scripts.training.request import TrainingRequest
from model_scripts.training.train import train
from model_scripts.training.xgboost_family import XGBoostFamily, XGBoostSettings

SMALL = XGBoostFamily(hyperparameters=XGBoostSettings(trees=20, depth=3))


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundles to combine: ``n`` and ``other_unit`` predict a number, ``x`` and ``y`` choose a class, ``d2`` computes
    descriptors."""
    folder = tmp_path_factory.mktemp("bundles")
    frame = pd.DataFrame({"LogP": np.random.default_rng(1).normal(size=24)})
    frame["w"] = frame["LogP"] * 2
    frame["z"] = np.where(frame["LogP"] > 0, "high", "low")
    frame.to_csv(folder / "table.csv", index=False)
    make: dict[str, dict[str, Any]] = {
        "n": {"targets": ("w",), "unit": "M"},
        "other_unit": {"targets": ("w",), "unit": "mM"},
        "x": {"targets": ("z",)},
        "y": {"targets": ("z",), "seed": 1},
    }
    for name, request in make.items():
        fields = {"data": folder / "table.csv", "numbers": ("LogP",), "folds": 0, "neighbours": False, **request}
        train(TrainingRequest(**fields), SMALL, folder / f"{name}.tar.gz", lambda: None)
    write_feature_bundle("smiles_to_2d", {}, Standardisation(policy="parent"), folder / "d2.tar.gz")
    return folder


def test_the_bundle_holds_its_parts_as_they_are(bundles: Path, tmp_path: Path) -> None:
    parts = [RequestedPart(name=name, bundle=bundles / f"{name}.tar.gz") for name in ("d2", "n")]
    digests = {write_combination("concat", parts, tmp_path / f"{run}.tar.gz") for run in "ab"}
    assert len(digests) == 1
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()
    files, manifest = read_archive(tmp_path / "a.tar.gz"), verify_archive(tmp_path / "a.tar.gz").manifest
    plan = Plan.model_validate_json(files["combination.json"])
    for part in plan.parts:
        own = verify_archive(bundles / f"{part.name}.tar.gz")
        assert part.digest == own.digest == manifest.settings[f"{part.name}_sha256"]
        for path, contents in read_archive(bundles / f"{part.name}.tar.gz").items():
            assert files[f"parts/{part.name}/{path}"] == contents
    assert manifest.settings["how"] == "concat"
    assert len(manifest.golden.input["smiles"]) == 5
    assert manifest.golden.output[PREDICTION_ERROR] == [""] * 5
    assert not any(manifest.golden.output["n_error"])
    assert {"xgboost", "rdkit", "pandas"} <= manifest.libraries.keys()


def test_a_part_that_was_exchanged_is_not_loaded(bundles: Path, tmp_path: Path) -> None:
    parts = [RequestedPart(name=name, bundle=bundles / f"{name}.tar.gz") for name in ("x", "y")]
    write_combination("vote", parts, tmp_path / "c.tar.gz")
    unpack(tmp_path / "c.tar.gz", tmp_path / "model")
    unpack(bundles / "y.tar.gz", tmp_path / "model" / "parts" / "x")
    with pytest.raises(BundleError, match="parts/x: not the bundle that was combined"):
        model_fn(str(tmp_path / "model"))


@pytest.mark.parametrize(
    ("how", "parts", "told"),
    [
        ("mean", {"n": "n", "x": "x"}, "part 'x' does not predict one number"),
        ("mean", {"n": "n", "d": "d2"}, "part 'd' does not predict one number"),
        ("mean", {"n": "n", "o": "other_unit"}, "part 'n' predicts in 'M', part 'o' in 'mM'"),
        ("vote", {"x": "x", "n": "n"}, "part 'n' does not choose a class"),
        ("concat", {"A b": "x", "n": "n"}, "part 'A b': its name"),
        ("concat", {"a": "n"}, "at least 2"),
        ("weighted", {"a": "n", "n": "n"}, "needs the weight of a part"),
        ("concat", {"a": "n", "c": "absent"}, "no such file"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(
    bundles: Path, tmp_path: Path, how: How, parts: dict[str, str], told: str
) -> None:
    requested = [RequestedPart(name=name, bundle=bundles / f"{bundle}.tar.gz") for name, bundle in parts.items()]
    with pytest.raises(BundleError, match=told):
        write_combination(how, requested, tmp_path / "c.tar.gz")
    assert not (tmp_path / "c.tar.gz").exists()


def test_names_that_meet_are_refused(bundles: Path, tmp_path: Path) -> None:
    twice = [RequestedPart(name="a", bundle=bundles / "x.tar.gz")] * 2
    with pytest.raises(BundleError, match="two parts are called a"):
        write_combination("concat", twice, tmp_path / "c.tar.gz")
    meeting = [RequestedPart(name=name, bundle=bundles / "x.tar.gz") for name in ("prediction", "x")]
    with pytest.raises(BundleError, match=r"two columns would be called prediction_error"):
        write_combination("vote", meeting, tmp_path / "c.tar.gz")


def test_weights_are_for_weighted_means(bundles: Path, tmp_path: Path) -> None:
    for how, weight, told in (("mean", 2.0, "which 'mean' does not use"), ("weighted", 0.0, "greater than 0")):
        parts = [RequestedPart(name=name, bundle=bundles / f"{name}.tar.gz", weight=weight) for name in ("n", "d2")]
        with pytest.raises(BundleError, match=told):
            write_combination(how, parts, tmp_path / "c.tar.gz")  # type: ignore[arg-type]


def test_a_bundle_with_a_script_of_its_own_or_a_combination_is_no_part(bundles: Path, tmp_path: Path) -> None:
    source = {"code/inference.py": b""}
    write_bundle(tmp_path / "own.tar.gz", small_manifest(source, script="code/inference.py"), source)
    write_bundle(tmp_path / "nested.tar.gz", small_manifest(script="combination"), {})
    for name in ("own", "nested"):
        parts = [
            RequestedPart(name="a", bundle=bundles / "x.tar.gz"),
            RequestedPart(name="p", bundle=tmp_path / f"{name}.tar.gz"),
        ]
        with pytest.raises(BundleError, match="part 'p': its script is"):
            write_combination("concat", parts, tmp_path / "c.tar.gz")


def test_a_part_that_computes_something_else_here_is_refused(bundles: Path, tmp_path: Path) -> None:
    manifest, files = verify_archive(bundles / "n.tar.gz").manifest, read_archive(bundles / "n.tar.gz")
    output = {**manifest.golden.output, "prediction": [value + 1 for value in manifest.golden.output["prediction"]]}  # type: ignore[operator]
    changed = manifest.model_copy(update={"golden": manifest.golden.model_copy(update={"output": output})})
    artifacts = {path: contents for path, contents in files.items() if path != "manifest.json"}
    write_bundle(tmp_path / "n.tar.gz", changed, artifacts)
    parts = [
        RequestedPart(name="a", bundle=bundles / "x.tar.gz"),
        RequestedPart(name="n", bundle=tmp_path / "n.tar.gz"),
    ]
    with pytest.raises(BundleError, match="part 'n' computes another 'prediction' of golden row 0"):
        write_combination("concat", parts, tmp_path / "c.tar.gz")
