"""Promise: a graph of endpoints gives each row back once and in place, whichever fails, and asks in parallel."""

import asyncio
import json
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from chem_endpoints.client.attach import attach_answer
from chem_endpoints.client.meta.endpoint import MetaEndpoint
from chem_endpoints.errors import EndpointError, InvalidInputError, ModelFailedError, NoCapacityError, NodeFailedError
from chem_endpoints.wire.answers import assemble_answer
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.features import read_features
from chem_endpoints.wire.manifest import Feature, Manifest, Metrics, Output, Standardisation, Training
from manifests import small_manifest

SMILES = (Feature(name="smiles", dtype="text"),)


class Computed:
    """An endpoint whose model is a function of its features; it treats rows as the server's worker does."""

    def __init__(
        self, name: str, manifest: Manifest, predict: Callable[[pd.DataFrame], dict[str, Any]], *, wait: Any = None
    ) -> None:
        self.name, self.manifest, self._predict, self._wait = name, manifest, predict, wait
        self.asked: list[pd.DataFrame] = []

    def infer(self, rows: Any, *, progress: bool | None = None, threads: int | None = None) -> Any:
        self.asked.append(rows)
        if self._wait is not None:
            self._wait()
        read = read_features(rows, self.manifest.features)
        columns = {"prediction_error": [""] * len(rows), **self._predict(read.frame)}
        predicted = pd.DataFrame(columns, index=read.frame.index)
        answer = assemble_answer(predicted, self.manifest.outputs, rows=len(rows), reasons=read.reasons)
        frame = attach_answer(rows, answer).frame
        return SimpleNamespace(frame=frame, fates=pd.DataFrame(), report={"rows": len(rows)})


def number(name: str, *, unit: str = "logS", mae: float = 1.0, more: tuple[str, ...] = (), **changes: Any) -> Manifest:
    """A regression."""
    figures = Metrics(split="random", target="y", folds=5, rows=9, figures={"mae": mae})
    return small_manifest(
        **{
            "targets": (Output(name="y", dtype="float64", unit=unit),),
            "features": SMILES,
            "outputs": tuple(Output(name=column, dtype="float64", unit=unit) for column in ("prediction", *more)),
            "training": Training(rows=9, data_sha256="0" * 64, seed=1, metrics=(figures,), notes=()),
            **changes,
        }
    )


def constant(
    name: str, value: float, *, fails: str = "-", wait: Any = None, more: Any = None, **changes: Any
) -> Computed:
    """Predicts one number; rows whose SMILES holds the sign ``fails`` come back with a reason."""
    more = more or {}

    def predict(frame: pd.DataFrame) -> dict[str, Any]:
        errors = ["invalid_smiles: no" if fails in str(cell) else "" for cell in frame["smiles"]]
        return {"prediction": value, **more, "prediction_error": errors}

    return Computed(name, number(name, more=tuple(more), **changes), predict, wait=wait)


def broken(name: str, error: Exception, **changes: Any) -> Computed:
    def fail() -> None:
        raise error

    return constant(name, 0.0, wait=fail, **changes)


def meta(nodes: dict[str, Any], *endpoints: Computed, **options: Any) -> MetaEndpoint:
    return MetaEndpoint(nodes, endpoints={endpoint.name: endpoint for endpoint in endpoints}, **options)


def pair(how: str, **node: Any) -> dict[str, Any]:
    a = {"endpoint": "a", "on_failure": node.pop("a_failure", "fail")}
    b = {"endpoint": "b", "on_failure": node.pop("b_failure", "fail")}
    return {"a": a, "b": b, "both": {"combine": how, "inputs": ["a", "b"], **node}}


def test_branches_are_asked_at_the_same_time() -> None:
    meeting = threading.Barrier(3)
    ends = [constant(name, 1.0, wait=lambda: meeting.wait(20)) for name in "abc"]
    nodes: dict[str, Any] = {name: {"endpoint": name} for name in "abc"}
    nodes["mean"] = {"combine": "mean", "inputs": ["a", "b", "c"]}
    assert meta(nodes, *ends).inference(["C"])["prediction"].tolist() == [1.0]


@given(
    st.lists(st.sampled_from(["C", "x", "y", "xy"]), max_size=8).flatmap(
        lambda cells: st.tuples(st.just(cells), st.permutations(range(len(cells))))
    ),
    st.sampled_from(["concat", "mean"]),
    st.booleans(),
)
def test_no_row_is_lost_or_moved(case: tuple[list[str], list[int]], how: str, require_all: bool) -> None:
    cells, index = case
    frame = pd.DataFrame(
        {"SMILES": pd.Series(cells, dtype="str"), "kept": pd.array([None] * len(cells), dtype="Int64")},
    ).set_axis(pd.Index(index, name="id"), axis="index")
    before = frame.copy(deep=True)
    ends = constant("a", 1.0, fails="x"), constant("b", 3.0, fails="y")
    out = meta(pair(how, require_all=require_all), *ends).inference(frame)
    assert_frame_equal(frame, before)
    assert_frame_equal(out[list(frame.columns)], frame)
    assert out["a_error"].astype(bool).tolist() == ["x" in cell for cell in cells]
    failed = [("x" in cell and "y" in cell) or (require_all and ("x" in cell or "y" in cell)) for cell in cells]
    assert out[PREDICTION_ERROR].astype(bool).tolist() == failed
    if how == "mean":
        expected = [
            {(False, False): 2.0, (True, False): 3.0, (False, True): 1.0}.get(("x" in c, "y" in c)) for c in cells
        ]
        expected = [None if bad else value for bad, value in zip(failed, expected, strict=True)]
        assert out["prediction"].tolist() == pytest.approx([np.nan if v is None else v for v in expected], nan_ok=True)
    report = out.attrs["report"]
    assert report["rows"] == len(cells)
    assert report["predicted"] == failed.count(False)
    assert json.loads(json.dumps(report)) == report


def test_a_feature_endpoint_feeds_a_model_and_only_rows_that_it_could_take() -> None:
    def describe(frame: pd.DataFrame) -> dict[str, Any]:
        errors = ["invalid_smiles: no" if "x" in cell else "" for cell in frame["smiles"]]
        return {"length": frame["smiles"].str.len().astype("float64"), "prediction_error": errors}

    length = (Output(name="length", dtype="float64"),)
    features = Computed("f", small_manifest(features=SMILES, outputs=length, task="features", targets=()), describe)
    model = Computed(
        "m",
        number("m", features=(Feature(name="length", dtype="float64"),)),
        lambda frame: {"prediction": frame["length"] * 10},
    )
    graph = meta({"f": {"endpoint": "f"}, "m": {"endpoint": "m", "inputs": ["f"]}}, features, model)
    # A column of the caller that is called like an answer does not come between.
    out = graph.inference(pd.DataFrame({"smiles": ["CC", "x", "C"], "LENGTH": [7.0, 7.0, 7.0]}))
    assert out["prediction"].tolist() == pytest.approx([20.0, np.nan, 10.0], nan_ok=True)
    assert out[PREDICTION_ERROR].tolist() == ["", "invalid_smiles: no (node 'f')", ""]
    assert [len(rows) for rows in model.asked] == [2]
    assert [feature.name for feature in graph.features] == ["smiles"]
    assert [output.name for output in graph.outputs] == ["prediction", PREDICTION_ERROR]


def test_an_endpoint_is_not_woken_for_rows_that_failed_before() -> None:
    first, second = constant("a", 1.0, fails="C", more={"extra": 1.0}), constant("b", 1.0)
    nodes = {"a": {"endpoint": "a"}, "b": {"endpoint": "b", "inputs": ["a"]}}
    out = meta(nodes, first, second).inference(["C", "CC"])
    assert second.asked == []
    assert out[PREDICTION_ERROR].str.startswith("invalid_smiles").all()
    assert meta(nodes, first, second).inference(pd.DataFrame({"smiles": []})).columns.tolist() == [
        "smiles",
        "prediction",
        PREDICTION_ERROR,
    ]


def test_failure_policies() -> None:
    good, error = constant("a", 2.0), NoCapacityError("asleep")
    with pytest.raises(NodeFailedError, match=r"node 'b' \(endpoint 'b'\) could not be asked: asleep") as told:
        meta(pair("mean"), good, broken("b", error)).inference(["C"])
    assert told.value.node == "b"
    assert told.value.__cause__ is error
    for policy in ("empty", "skip"):
        out = meta(pair("mean", b_failure=policy), good, broken("b", error)).inference(["C"])
        assert out["prediction"].tolist() == [2.0]
        assert out["parts_combined"].tolist() == [1]
        assert out["b_error"].tolist() == ["prediction_failed: node 'b' could not be asked (NoCapacityError)"]
        assert out.attrs["report"]["nodes"]["b"] == {"error": "NoCapacityError: asleep"}
    asked_for_all = pair("mean", b_failure="empty", require_all=True)
    out = meta(asked_for_all, good, broken("b", error)).inference(["C"])
    assert out[PREDICTION_ERROR].str.startswith("prediction_failed: node 'b'").all()
    assert out["prediction"].isna().all()
    assert out["a_prediction"].tolist() == [2.0]
    skipped = meta(pair("mean", b_failure="skip", require_all=True), good, broken("b", error)).inference(["C"])
    assert skipped[PREDICTION_ERROR].tolist() == [""]
    none = pair("mean", a_failure="skip", b_failure="skip")
    out = meta(none, broken("a", error), broken("b", error)).inference(["C"])
    assert out[PREDICTION_ERROR].tolist() == [
        "prediction_failed: none of the endpoints that are combined could be asked"
    ]


def test_an_error_that_is_not_the_endpoints_is_never_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        meta(pair("mean", b_failure="skip"), constant("a", 1.0), broken("b", ZeroDivisionError())).inference(["C"])


def test_a_dependent_row_carries_the_reason_of_the_endpoint_before() -> None:
    nodes = {"a": {"endpoint": "a", "on_failure": "empty"}, "b": {"endpoint": "b", "inputs": ["a"]}}
    out = meta(nodes, broken("a", ModelFailedError("x"), more={"extra": 1.0}), constant("b", 1.0)).inference(["C"])
    assert out[PREDICTION_ERROR].tolist() == [
        "prediction_failed: node 'a' could not be asked (ModelFailedError) (node 'a')"
    ]


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[float]]] = {
    "mean": ({}, {}, {}, [1, 1]),
    "weighted": ({"weights": {"a": 3, "b": 1}}, {}, {}, [3, 1]),
    "inverse_mae_weighted": ({}, {"mae": 0.5}, {"mae": 2.0}, [2, 0.5]),
    "confidence_weighted": ({}, {"more": {"confidence": 0.9}}, {"more": {"confidence": 0.3}}, [0.9, 0.3]),
    "scaled_confidence_weighted": (
        {},
        {"more": {"confidence": 0.9}, "mae": 2.0},
        {"more": {"confidence": 0.3}, "mae": 0.5},
        [0.45, 0.6],
    ),
    "inverse_variance_weighted": (
        {},
        {"more": {"q_05": 0.0, "q_95": 2.0}},
        {"more": {"q_05": -2.0, "q_95": 2.0}},
        [1 / 4, 1 / 16],
    ),
}


@pytest.mark.parametrize("how", CASES)
def test_means_are_those_of_numpy(how: str) -> None:
    node, first, second, weights = CASES[how]
    out = meta(pair(how, **node), constant("a", 1.0, **first), constant("b", 5.0, **second)).inference(["C"])
    mean = np.average([1.0, 5.0], weights=weights)
    assert out["prediction"].tolist() == pytest.approx([mean])
    deviation = np.sqrt(np.average((np.array([1.0, 5.0]) - mean) ** 2, weights=weights))
    assert out["prediction_std"].tolist() == pytest.approx([deviation])
    assert out["parts_combined"].tolist() == [2]


def test_inputs_without_confidence_count_alike() -> None:
    ends = (constant(name, value, more={"confidence": 0.0}) for name, value in (("a", 1.0), ("b", 3.0)))
    assert meta(pair("confidence_weighted"), *ends).inference(["C"])["prediction"].tolist() == [2.0]


def classifier(name: str, chance: float, fails: str = "-") -> Computed:
    outputs = (Output(name="prediction", dtype="text"), *(Output(name=f"{c}_proba", dtype="float64") for c in "ny"))
    manifest = small_manifest(features=SMILES, outputs=outputs, task="classification", classes=("n", "y"))

    def predict(frame: pd.DataFrame) -> dict[str, Any]:
        errors = ["invalid_smiles: no" if fails in cell else "" for cell in frame["smiles"]]
        said = {"prediction": "y" if chance > 0.5 else "n", "y_proba": chance, "n_proba": 1 - chance}
        return {**said, "prediction_error": errors}

    return Computed(name, manifest, predict)


def test_votes_are_counted_and_ties_go_to_the_higher_chance() -> None:
    ends = classifier("a", 0.9), classifier("b", 0.3, fails="x"), classifier("c", 0.4, fails="xx")
    nodes: dict[str, Any] = {name: {"endpoint": name} for name in "abc"}
    nodes["vote"] = {"combine": "vote", "inputs": ["a", "b", "c"]}
    out = meta(nodes, *ends).inference(["C", "x", "xx"])
    assert out["prediction"].tolist() == ["n", "y", "y"]
    assert out["vote_share"].tolist() == pytest.approx([2 / 3, 1 / 2, 1])
    assert out["y_proba"].tolist() == pytest.approx([1.6 / 3, 1.3 / 2, 0.9])
    assert out["parts_combined"].tolist() == [3, 2, 1]
    entropy = -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))
    assert out["confidence"].iloc[2] == pytest.approx(1 - entropy / np.log(2))


def test_combinations_that_make_no_sense_are_told_together() -> None:
    nodes = {
        "a": {"endpoint": "a"},
        "b": {"endpoint": "b"},
        "c": {"endpoint": "c"},
        "mean": {"combine": "mean", "inputs": ["a", "b"]},
        "sure": {"combine": "confidence_weighted", "inputs": ["a", "c"]},
        "vote": {"combine": "vote", "inputs": ["a", "c"]},
        "all": {"combine": "concat", "inputs": ["mean", "sure", "vote"]},
    }
    graph = meta(nodes, constant("a", 1.0), constant("b", 1.0, unit="mg/L"), classifier("c", 0.3))
    with pytest.raises(InvalidInputError) as told:
        graph.inference(["C"])
    for expected in (
        "a mean needs one unit: 'a' in logS, 'b' in mg/L",
        "'c' does not predict one number",
        "'a' has no column confidence",
        "'a' does not choose a class",
    ):
        assert expected in str(told.value)


def test_columns_that_are_missing_are_told_for_every_endpoint_before_one_is_asked() -> None:
    ends = constant("a", 1.0), constant("b", 1.0)
    with pytest.raises(InvalidInputError, match=r"node 'a': feature 'smiles'.*node 'b': feature 'smiles'"):
        meta(pair("mean"), *ends).inference(pd.DataFrame({"x": [1]}))
    assert not ends[0].asked
    with pytest.raises(InvalidInputError, match="'Structure'"):
        meta(pair("mean"), *ends).inference(pd.DataFrame({"x": [1]}), smiles="Structure")


def test_structure_columns_come_once_from_whoever_took_the_row() -> None:
    policy = Standardisation(policy="parent")
    outputs = (Output(name="prediction", dtype="float64"), Output(name="smiles_used", dtype="text"))

    def saying(name: str, fails: str) -> Computed:
        def predict(frame: pd.DataFrame) -> dict[str, Any]:
            errors = ["invalid_smiles: no" if fails in cell else "" for cell in frame["smiles"]]
            return {"prediction": 1.0, "smiles_used": name, "prediction_error": errors}

        return Computed(name, number(name, outputs=outputs, standardisation=policy), predict)

    out = meta(pair("concat"), saying("a", "x"), saying("b", "y")).inference(["C", "x", "y", "xy"])
    assert out["smiles_used"].fillna("").tolist() == ["a", "b", "a", ""]
    assert "a_smiles_used" not in out


def test_options_of_inference() -> None:
    ends = constant("a", 1.0, fails="x"), constant("b", 3.0, fails="x")
    graph = meta(pair("mean"), *ends)
    frame = pd.DataFrame({"Structure": ["C", "x"], "prediction": [9, 9]}, index=["p", "q"])
    out = graph.inference(frame, smiles="Structure", suffix="_new", drop_error_rows=True)
    assert out.index.tolist() == ["p"]
    assert out[["prediction", "prediction_new"]].to_numpy().tolist() == [[9, 2.0]]
    assert asyncio.run(graph.ainference(["C"]))["prediction"].tolist() == [2.0]
    assert graph.fast_inference("C")["prediction"].tolist() == [2.0]
    with pytest.warns(UserWarning, match="replaced"):
        assert graph.inference(frame, columns={"Structure": "smiles"})["prediction"].tolist()[0] == 2.0


def test_an_endpoint_that_is_not_there_is_an_error_of_ours() -> None:
    class Absent(Computed):
        @property
        def manifest(self) -> Manifest:  # type: ignore[override]
            raise EndpointError("no such endpoint")

        @manifest.setter
        def manifest(self, value: Manifest) -> None: ...

    absent = Absent("a", small_manifest(), lambda frame: {})
    with pytest.raises(EndpointError, match="no such endpoint"):
        meta({"a": {"endpoint": "a"}}, absent).inference(["C"])
