"""Promise: a combination says of every row what its parts would say of it alone, computes each structure once, and
drops no row."""

import csv
import importlib
import io
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chem_endpoints.wire import rows
from chem_endpoints.wire.bundle import unpack, verify_archive
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.features import read_features
from chem_endpoints.wire.manifest import Standardisation
from model_scripts import combination
from model_scripts.combination import Combination, model_fn, predict_fn
from model_scripts.combination_bundle import RequestedPart, write_combination
from model_scripts.combining import shared_structures
from model_scripts.combining.parts import Part
from model_scripts.combining.plan import How
from model_scripts.feature_bundle import write_feature_bundle
from model_scripts.served_model import ServedModel
from model_scripts.training.request import TrainingRequest
from model_scripts.training.train import train
from model_scripts.training.xgboost_family import XGBoostFamily, XGBoostSettings
from server_processes import starting

PARENT = Standardisation(policy="parent")
SMALL = XGBoostFamily(hyperparameters=XGBoostSettings(trees=20, depth=3))
STRUCTURES = [f"{'C' * n}O" for n in range(1, 13)] + [f"c1ccccc1{'C' * n}N" for n in range(1, 13)]
ASKED = ["CC(=O)[O-].[Na+]", "not a molecule", "c1ccccc1CCN", "C[C@H](N)C(=O)O", None, "CCO", "CCCC"]
LOGP = [1.0, 0.5, None, -1.0, 2.0, 0.0, 0.1]
SOLVENT = ["water", "water", "dmso", "acetone", "dmso", None, "dmso"]


def asked(places: Sequence[int] = range(len(ASKED))) -> pd.DataFrame:
    """Rows of a request, typed: the second structure is unreadable, the fifth is missing, and so are a number and a
    category of others; one category is unknown."""
    columns: dict[str, Any] = {
        "smiles": pd.Series(ASKED, dtype="str"),
        "LogP": pd.Series(LOGP, dtype="float64"),
        "solvent": pd.Series(SOLVENT, dtype="str"),
    }
    return pd.DataFrame(columns).iloc[list(places)].reset_index(drop=True)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundles to combine: ``a`` and ``b`` read structures, ``n`` a number and a category, ``d2`` computes descriptors,
    ``x``, ``y`` and ``z`` choose classes from a number."""
    folder = tmp_path_factory.mktemp("bundles")
    table = folder / "table.csv"
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"smiles": STRUCTURES, "LogP": random.normal(size=len(STRUCTURES))})
    frame["solvent"] = ["water", "dmso"] * (len(STRUCTURES) // 2)
    frame["y"] = frame["smiles"].str.len() / 10
    frame["w"] = frame["LogP"] * 2
    frame["z"] = np.where(frame["LogP"] > 0, "high", "low")
    frame.to_csv(table, index=False)
    make: dict[str, dict[str, Any]] = {
        "a": {"targets": ("y",), "smiles": "smiles", "descriptors": "rdkit_2d", "unit": "M"},
        "b": {"targets": ("w",), "smiles": "smiles", "descriptors": "rdkit_2d", "unit": "M", "neighbours": False},
        "n": {"targets": ("w",), "numbers": ("LogP",), "categories": ("solvent",), "unit": "M"},
        **{name: {"targets": ("z",), "numbers": ("LogP",), "seed": seed} for seed, name in enumerate("xyz")},
    }
    for name, request in make.items():
        fields = {"data": table, "folds": 2 if name == "a" else 0, **request}
        train(TrainingRequest(**fields), SMALL, folder / f"{name}.tar.gz", lambda: None)
    write_feature_bundle("smiles_to_2d", {}, PARENT, folder / "d2.tar.gz")
    return folder


@pytest.fixture(scope="module")
def combine(bundles: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Combination]:
    """Combines bundles by their names, and loads the result as a server would."""

    def write_and_load(how: How, names: Sequence[str], **options: Any) -> Combination:
        folder = tmp_path_factory.mktemp("combination")
        weights = options.pop("weights", {})
        parts = [RequestedPart(name=n, bundle=bundles / f"{n}.tar.gz", weight=weights.get(n)) for n in names]
        write_combination(how, parts, folder / "c.tar.gz", **options)
        unpack(folder / "c.tar.gz", folder / "model")
        return model_fn(str(folder / "model"))

    return write_and_load


@pytest.fixture(scope="module")
def panel(combine: Callable[..., Combination]) -> Combination:
    return combine("concat", ["a", "n", "d2"])


def alone(bundle: Path, folder: Path, frame: pd.DataFrame, **options: Any) -> pd.DataFrame:
    """What a part's own server would answer: rows that the manifest refuses never reach the script."""
    manifest = verify_archive(bundle).manifest
    unpack(bundle, folder)
    script = importlib.import_module(f"model_scripts.{manifest.script}")
    read = read_features(frame, manifest.features)
    kept = [row for row in range(len(frame)) if row not in read.reasons]
    answer = script.predict_fn(read.frame.iloc[kept].reset_index(drop=True), script.model_fn(str(folder)), **options)
    answer = answer.set_axis(kept, axis="index").reindex(range(len(frame)))
    for row, reason in read.reasons.items():
        answer.loc[row, PREDICTION_ERROR] = reason
    return answer


def test_every_part_says_what_it_says_alone_bit_for_bit(panel: Combination, bundles: Path, tmp_path: Path) -> None:
    answer = predict_fn(asked(), panel)
    shared = {"orig_smiles", "smiles_used", "salt", "undefined_chiral_centers"}
    for name in ("a", "n", "d2"):
        own = alone(bundles / f"{name}.tar.gz", tmp_path / name, asked())
        failed = own[PREDICTION_ERROR] != ""
        for output in panel.manifests[name].outputs:
            column = answer[output.name if output.name in shared else f"{name}_{output.name}"]
            pd.testing.assert_series_equal(
                column[~failed], own.loc[~failed, output.name], check_exact=True, check_names=False, check_dtype=False
            )
        assert (
            answer[f"{name}_error"].str.partition(":")[0].tolist()
            == own[PREDICTION_ERROR].str.partition(":")[0].tolist()
        )


def test_explanations_are_those_of_the_parts(panel: Combination, bundles: Path, tmp_path: Path) -> None:
    frame = asked([0, 6])
    answer = predict_fn(frame, panel, asked={"explain"})
    own = alone(bundles / "a.tar.gz", tmp_path / "a", frame, asked={"explain"})
    for name in [output.name for output in panel.manifests["a"].on_request["explain"]]:
        assert answer[f"a_{name}"].tolist() == own[name].tolist()
    assert "n_explain_LogP" in answer
    assert "a_explain_base" not in predict_fn(frame, panel)


def test_a_row_that_one_part_cannot_take_keeps_what_the_others_say(panel: Combination) -> None:
    answer = predict_fn(asked(), panel)
    assert answer["a_error"].str.partition(":")[0].tolist() == ["", "invalid_smiles", "", "", "missing_value", "", ""]
    assert answer["n_error"].str.partition(":")[0].tolist() == [
        "", "", "missing_value", "invalid_value", "", "missing_value", "",
    ]  # fmt: skip
    assert (answer["a_prediction"].notna() == (answer["a_error"] == "")).all()
    assert (answer["n_prediction"].notna() == (answer["n_error"] == "")).all()
    assert answer[PREDICTION_ERROR].tolist() == [""] * 7


def test_a_row_fails_where_every_part_fails_and_with_require_all_where_one_does(
    combine: Callable[..., Combination],
) -> None:
    frame = asked().assign(LogP=math.nan)
    lenient, strict = (combine("concat", ["a", "n"], require_all=strict) for strict in (False, True))
    failed = predict_fn(frame, lenient)
    told = failed.loc[failed[PREDICTION_ERROR] != "", PREDICTION_ERROR]
    assert told.index.tolist() == [1, 4]
    assert told.tolist() == failed.loc[[1, 4], "a_error"].tolist()
    answer = predict_fn(asked(), strict)
    assert answer.index[answer[PREDICTION_ERROR] != ""].tolist() == [1, 2, 3, 4, 5]
    assert answer.loc[2, PREDICTION_ERROR] == answer.loc[2, "n_error"] + " (part 'n')"


def test_reasons_tell_what_the_part_saw_and_quote_nothing(panel: Combination) -> None:
    answer = predict_fn(asked(), panel)
    assert answer.loc[2, "n_error"] == "missing_value: column 'LogP' is empty, or holds something else than a number"
    assert "acetone" not in answer.loc[3, "n_error"]
    assert "it knows dmso, water" in answer.loc[3, "n_error"]


def test_each_structure_is_standardised_and_described_once(
    combine: Callable[..., Combination], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = combine("concat", ["a", "b"])
    seen: dict[str, list[str]] = {"standardised": [], "described": []}

    def counted(text: str, policy: Standardisation) -> Any:
        seen["standardised"].append(text)
        return real(text, policy)

    real = shared_structures.standardise
    monkeypatch.setattr(shared_structures, "standardise", counted)
    parts = [_counting_descriptions(part, seen["described"]) for part in model.parts]
    frame = asked([0, 1, 2, 3, 5, 6, 0])
    answer = predict_fn(frame, replace(model, parts=tuple(parts)))
    assert seen["standardised"] == [ASKED[row] for row in (0, 1, 2, 3, 5, 6)]
    assert len(seen["described"]) == 5
    pd.testing.assert_frame_equal(answer, predict_fn(frame, model), check_exact=True)
    assert len(seen["standardised"]) == 12  # nothing was kept from the request before


def test_feature_scripts_share_too(
    combine: Callable[..., Combination], bundles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = TrainingRequest(
        data=bundles / "table.csv", targets=("y",), smiles="smiles", descriptors="descriptors_2d", folds=0
    )
    train(request, SMALL, bundles / "same_set.tar.gz", lambda: None)
    write_feature_bundle("smiles_to_fingerprints", {"size": 64}, PARENT, bundles / "fp.tar.gz")
    model = combine("concat", ["d2", "same_set", "fp"])
    real, seen = shared_structures.standardise, []
    monkeypatch.setattr(
        shared_structures, "standardise", lambda text, policy: (seen.append(text), real(text, policy))[1]
    )
    answer = predict_fn(asked(), model)
    assert seen == [text or "" for text in ASKED]
    own = alone(bundles / "fp.tar.gz", tmp_path / "fp", asked())
    assert answer["fp_fingerprint"].tolist() == own["fingerprint"].tolist()


def _counting_descriptions(part: Part, seen: list[str]) -> Part:
    model: ServedModel = part.model
    describe = model.reader.describe
    assert describe is not None

    def counted(molecule: Any) -> Any:
        seen.append(part.name)
        return describe.describe(molecule)

    reader = replace(model.reader, describe=replace(describe, describe=counted))
    return replace(part, model=replace(model, reader=reader))


def test_parts_do_not_work_on_one_molecule() -> None:
    structures = shared_structures.SharedStructures()
    first, _ = structures.read("CCO", PARENT, None)
    first.molecule.GetAtomWithIdx(0).SetAtomicNum(7)
    second, _ = structures.read("CCO", PARENT, None)
    assert second.molecule.GetAtomWithIdx(0).GetAtomicNum() == 6


@pytest.mark.parametrize("index", [[9] * 7, list("gfedcba"), pd.MultiIndex.from_product([[1], range(7)])])
def test_rows_keep_their_order_and_index(panel: Combination, index: Any) -> None:
    answer = predict_fn(asked().set_axis(index, axis="index"), panel)
    assert answer.index.equals(pd.Index(index))
    pd.testing.assert_frame_equal(answer.reset_index(drop=True), predict_fn(asked(), panel), check_exact=True)


def test_a_request_without_rows_has_all_columns(panel: Combination) -> None:
    answer = predict_fn(asked([]), panel)
    assert len(answer) == 0
    assert list(answer.columns) == list(predict_fn(asked(), panel).columns)


def test_the_columns_are_those_declared(combine: Callable[..., Combination]) -> None:
    made: list[tuple[How, list[str]]] = [("concat", ["a", "n", "d2"]), ("mean", ["a", "n"]), ("vote", ["x", "y"])]
    for how, names in made:
        model = combine(how, names)
        declared = [output.name for output in combination.outputs(how, model.manifests)]
        answer = predict_fn(asked(), model)
        assert list(answer.columns) == ["smiles", "LogP", "solvent", *declared, PREDICTION_ERROR]


@settings(max_examples=8)
@given(st.lists(st.integers(0, len(ASKED) - 1), min_size=1, max_size=4))
def test_no_number_depends_on_the_rows_beside_it(panel: Combination, chosen: list[int]) -> None:
    together = predict_fn(asked(chosen), panel)
    one_by_one = pd.concat([predict_fn(asked([row]), panel) for row in chosen], ignore_index=True)
    pd.testing.assert_frame_equal(together, one_by_one, check_exact=True)


def test_rows_are_announced_by_their_place_in_the_request(panel: Combination) -> None:
    seen: list[int] = []
    rows.listen(seen.append)
    try:
        predict_fn(asked(), panel)
    finally:
        rows.listen(None)
    by_a, by_d2 = [0, 1, 2, 3, 5, 6, rows.NO_ROW], [*range(7), rows.NO_ROW]
    assert seen[: len(by_a)] == by_a
    assert seen[-len(by_d2) :] == by_d2


def test_mean_and_spread_are_of_the_parts_that_took_the_row(combine: Callable[..., Combination]) -> None:
    answer = predict_fn(asked(), combine("mean", ["a", "n"]))
    both = answer.loc[[0, 6], ["a_prediction", "n_prediction"]].to_numpy()
    assert answer.loc[[0, 6], "prediction"].tolist() == both.mean(axis=1).tolist()
    assert answer.loc[[0, 6], "prediction_std"].to_numpy() == pytest.approx(both.std(axis=1))
    assert answer["parts_combined"].tolist() == [2, 1, 1, 1, 1, 1, 2]
    assert answer.loc[1, "prediction"] == answer.loc[1, "n_prediction"]
    assert answer.loc[2, "prediction"] == answer.loc[2, "a_prediction"]
    assert answer.loc[[1, 2, 3, 4, 5], "prediction_std"].isna().all()
    assert answer["smiles_used"].isna().tolist() == [False, True, False, False, True, False, False]


def test_weights_are_shared_among_the_parts_that_took_the_row(combine: Callable[..., Combination]) -> None:
    model = combine("weighted", ["a", "b", "n"], weights={"a": 3.0, "n": 0.5})
    answer = predict_fn(asked(), model)
    said = answer[["a_prediction", "b_prediction", "n_prediction"]].to_numpy()
    weights = np.array([3.0, 1.0, 0.5])
    for row in range(len(ASKED)):
        known = ~np.isnan(said[row])
        mean = np.average(said[row][known], weights=weights[known])
        variance = np.average((said[row][known] - mean) ** 2, weights=weights[known])
        assert answer.loc[row, "prediction"] == pytest.approx(mean)
        if known.sum() > 1:
            assert answer.loc[row, "prediction_std"] == pytest.approx(math.sqrt(variance))


def test_classifiers_vote(combine: Callable[..., Combination]) -> None:
    model = combine("vote", ["x", "y", "z"])
    answer = predict_fn(asked(), model)
    voters = answer[["x_prediction", "y_prediction", "z_prediction"]]
    taken = answer["x_error"] == ""
    assert taken.tolist() == [True, True, False, True, True, True, True]
    assert answer.loc[taken, "prediction"].tolist() == voters[taken].mode(axis="columns")[0].tolist()
    assert (answer.loc[taken, "high_proba"] + answer.loc[taken, "low_proba"]).tolist() == pytest.approx([1.0] * 6)
    assert answer.loc[taken, "vote_share"].between(1 / 3, 1).all()
    assert answer.loc[taken, "confidence"].between(0, 1).all()
    assert answer.loc[~taken].drop(columns=["smiles", "solvent"]).filter(like="pred").iloc[:, 0].isna().all()
    assert answer.loc[2, PREDICTION_ERROR].startswith("missing_value: ")


def test_a_part_that_raises_for_a_row_leaves_the_others_theirs(combine: Callable[..., Combination]) -> None:
    raising = ModuleType("raising")

    def predict(df: pd.DataFrame, model: object) -> pd.DataFrame:
        raise ValueError("CANARY " + str(df["LogP"].tolist()))

    raising.predict_fn = predict  # type: ignore[attr-defined]
    model = combine("concat", ["a", "n"])
    broken = replace(model, parts=(model.parts[0], replace(model.parts[1], script=raising)))
    answer = predict_fn(asked([0]), broken)
    assert answer.loc[0, "n_error"] == "prediction_failed: the part 'n' raised ValueError"
    assert math.isnan(answer.loc[0, "n_prediction"])
    assert answer.loc[0, "a_prediction"] > 0
    with pytest.raises(ValueError, match="CANARY"):  # the server halves the rows
        predict_fn(asked([0, 6]), broken)


def test_a_server_answers_csv_with_every_row(bundles: Path, tmp_path: Path) -> None:
    parts = [RequestedPart(name=name, bundle=bundles / f"{name}.tar.gz") for name in ("a", "n", "d2")]
    write_combination("concat", parts, tmp_path / "c.tar.gz")
    unpack(tmp_path / "c.tar.gz", tmp_path / "model")
    body = asked().assign(id=[f"00{row}" for row in range(7)]).to_csv(index=False).replace("-1.0,acetone", "<5,dmso")
    with starting(tmp_path) as start:
        server = start(tmp_path / "model")
        response = server.post(body)
        explained = server.post(body, X_Amzn_SageMaker_Custom_Attributes="explain=true;return=added")
        card = server.client.get("/model").json()
    answer = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["id"] for row in answer] == [f"00{row}" for row in range(7)]
    assert [row["a_error"].partition(":")[0] for row in answer] == [
        "",
        "invalid_smiles",
        "",
        "",
        "missing_value",
        "",
        "",
    ]
    assert [row["n_error"].partition(":")[0] for row in answer] == [
        "", "", "missing_value", "missing_value", "", "missing_value", "",
    ]  # fmt: skip
    expected = predict_fn(asked(), model_fn(str(tmp_path / "model")))["a_prediction"]
    assert float(answer[0]["a_prediction"]) == expected[0]
    assert json.loads(next(csv.DictReader(io.StringIO(explained.text)))["a_explain_atom_weights"])
    assert card["settings"]["a_sha256"] == verify_archive(bundles / "a.tar.gz").digest
    assert card["settings"]["how"] == "concat"


@pytest.mark.chemistry
def test_every_family_is_a_part(bundles: Path, tmp_path: Path) -> None:
    from model_scripts.training.chemprop_family import ChempropFamily
    from model_scripts.training.sklearn_family import SklearnFamily
    from model_scripts.training.torch_family import TorchFamily

    families: dict[str, Any] = {
        "trees": SMALL,
        "forest": SklearnFamily.from_settings({"estimator": "random_forest"}),
        "network": TorchFamily.from_settings({"epochs": 3}),
        "graph": ChempropFamily.from_settings({"epochs": 2}),
    }
    for name, family in families.items():
        descriptors = None if name == "graph" else "rdkit_2d"
        request = TrainingRequest(
            data=bundles / "table.csv", targets=("y",), smiles="smiles", descriptors=descriptors, folds=0
        )
        train(request, family, tmp_path / f"{name}.tar.gz", lambda: None)
    parts = [RequestedPart(name=name, bundle=tmp_path / f"{name}.tar.gz") for name in families]
    write_combination("mean", parts, tmp_path / "c.tar.gz")
    unpack(tmp_path / "c.tar.gz", tmp_path / "model")
    frame = asked([0, 1, 2, 3, 5, 6])
    answer = predict_fn(frame, model_fn(str(tmp_path / "model")))
    for name in families:
        own = alone(tmp_path / f"{name}.tar.gz", tmp_path / name, frame)
        assert answer[f"{name}_prediction"].tolist() == pytest.approx(
            own["prediction"].tolist(), rel=0, abs=0, nan_ok=True
        )
    assert answer["parts_combined"].tolist() == [4, 0, 4, 4, 4, 4]
