"""Promise: the answer holds exactly the declared columns, of the declared types, each computed as it says."""

import itertools
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.wire.manifest import Output
from model_scripts.task import Task
from model_scripts.trust.calibration import Calibration
from model_scripts.trust.columns import (
    Answer,
    neighbour_columns,
    neighbour_outputs,
    trust_columns,
    trust_outputs,
)
from model_scripts.trust.confidence import classification_confidence
from model_scripts.trust.nearest import Measure, Nearest

ONE = Task(kind="regression", targets=("log_s",))
TWO = Task(kind="regression", targets=("log_s", "log_p"))
LABELS = Task(kind="classification", targets=("toxic",), classes=("no", "perhaps", "yes"))
FLAGS = Task(kind="classification", targets=("herg", "ames"))
TASKS = (ONE, TWO, LABELS, FLAGS)

RNG = np.random.default_rng(0)
MEASURED = RNG.normal(size=(100, 2))
CALIBRATION = Calibration.of(MEASURED, MEASURED + RNG.normal(size=(100, 2)), np.arange(100) % 5)
DTYPES = {"float64": np.float64, "int64": np.int64, "boolean": np.bool_, "text": np.object_}


def members(task: Task, count: int, rows: int, seed: int = 1) -> np.ndarray:
    numbers = np.random.default_rng(seed).random(size=(count, rows, task.outputs))
    return numbers / numbers.sum(axis=2, keepdims=True) if task.classes else numbers


def answer_of(task: Task, rows: int = 30) -> Answer:
    calibration = CALIBRATION if task.kind == "regression" else None
    return trust_columns(task, members(task, 3, rows), members(task, 5, rows, seed=2), calibration)


def matches(answer: Answer, outputs: tuple[Output, ...]) -> None:
    assert list(answer) == [output.name for output in outputs]
    for output in outputs:
        assert answer[output.name].dtype == DTYPES[output.dtype]
        assert output.description


@pytest.mark.parametrize("task", TASKS)
def test_the_answer_holds_the_declared_columns(task: Task) -> None:
    outputs = trust_outputs(task, ["log10(mol/L)"] * len(task.targets))
    matches(answer_of(task), outputs)
    matches(trust_columns(task, members(task, 1, 4), None, None), outputs)


def test_names_are_those_that_chemists_know() -> None:
    assert [output.name for output in trust_outputs(ONE, [None])] == (
        "prediction prediction_std confidence q_025 q_05 q_10 q_25 q_75 q_90 q_95 q_975".split()
    )
    assert [output.name for output in trust_outputs(TWO, [None, None])][11:14] == (
        "log_p_pred log_p_pred_std log_p_confidence".split()
    )
    assert [output.name for output in trust_outputs(LABELS, [None])] == (
        "prediction prediction_std confidence no_proba perhaps_proba yes_proba".split()
    )
    assert [output.name for output in trust_outputs(FLAGS, [None, None])][:4] == (
        "herg_pred herg_proba herg_pred_std herg_confidence".split()
    )


def test_numbers_carry_their_targets_unit_and_shares_carry_none() -> None:
    for output in trust_outputs(TWO, ["mol/L", "1"]):
        unit = None if output.name.endswith("confidence") else "mol/L" if output.name.startswith("log_s") else "1"
        assert output.unit == unit


def test_a_regression_is_the_mean_of_the_refits_and_the_spread_of_the_folds() -> None:
    refits, folds = members(TWO, 3, 30), members(TWO, 5, 30, seed=2)
    answer = trust_columns(TWO, refits, folds, CALIBRATION)
    assert answer["log_p_pred"].tolist() == pytest.approx(refits[:, :, 1].mean(axis=0))
    assert answer["log_p_pred_std"].tolist() == pytest.approx(folds[:, :, 1].std(axis=0))


def test_intervals_are_ordered_around_the_prediction() -> None:
    answer = answer_of(ONE)
    names = "q_025 q_05 q_10 q_25 prediction q_75 q_90 q_95 q_975".split()
    for low, high in itertools.pairwise(names):
        assert (answer[low] <= answer[high]).all()
    assert (answer["q_05"] < answer["q_95"]).all()
    assert ((answer["confidence"] >= 0) & (answer["confidence"] <= 1)).all()


def test_confidence_is_as_its_description_says() -> None:
    answer = trust_columns(ONE, members(ONE, 3, 30) / 9, members(ONE, 5, 30) / 9, CALIBRATION)
    half = (answer["q_95"] - answer["q_05"]) / 2 / 1.6449
    expected = 1 - (half**2 + answer["prediction_std"] ** 2) / CALIBRATION.variances[0]
    assert answer["confidence"].tolist() == pytest.approx(np.clip(expected, 0, 1), rel=1e-3)


def test_without_folds_the_refits_give_the_spread_and_nothing_gives_intervals() -> None:
    refits = members(ONE, 4, 10)
    answer = trust_columns(ONE, refits, None, None)
    assert answer["prediction_std"].tolist() == pytest.approx(refits[:, :, 0].std(axis=0))
    assert all(np.isnan(values).all() for name, values in answer.items() if re.match("q_|confidence", name))
    assert np.isnan(trust_columns(ONE, refits[:1], None, None)["prediction_std"]).all()
    assert np.isnan(trust_columns(LABELS, members(LABELS, 1, 5), None, None)["prediction_std"]).all()


def test_the_likeliest_class_is_predicted_and_the_first_of_equals() -> None:
    chances = np.array([[[0.2, 0.3, 0.5], [0.4, 0.4, 0.2], [0.1, 0.8, 0.1]]])
    spread = np.array(
        [[[0.2, 0.3, 0.5], [0.4, 0.4, 0.2], [0.1, 0.8, 0.1]], [[0.2, 0.3, 0.5], [0, 0, 1], [0.3, 0.6, 0.1]]]
    )
    answer = trust_columns(LABELS, chances, spread, None)
    assert answer["prediction"].tolist() == ["yes", "no", "perhaps"]
    assert answer["prediction_std"].tolist() == pytest.approx([0, 0.2, 0.1])
    assert answer["perhaps_proba"].tolist() == [0.3, 0.4, 0.8]
    assert answer["confidence"].tolist() == classification_confidence(chances[0]).tolist()


def test_a_flag_is_raised_above_one_half() -> None:
    answer = trust_columns(FLAGS, np.array([[[0.5, 1.0], [0.51, 0.0]]]), None, None)
    assert answer["herg_pred"].tolist() == [0, 1]
    assert answer["ames_pred"].tolist() == [1, 0]
    assert answer["ames_confidence"].tolist() == [1, 1]
    assert answer["herg_confidence"].tolist() == pytest.approx([0, 0.0003], abs=1e-4)


@pytest.mark.parametrize("task", [LABELS, FLAGS])
def test_no_class_is_made_up_where_there_is_no_chance(task: Task) -> None:
    refits = members(task, 2, 5)
    refits[1, 3] = np.nan
    with pytest.raises(ValueError, match="no chance"):
        trust_columns(task, refits, None, None)


def test_a_number_that_is_missing_costs_no_other_row() -> None:
    refits, folds = members(ONE, 2, 6), members(ONE, 5, 6)
    whole = trust_columns(ONE, refits, folds, CALIBRATION)
    refits[:, 2], folds[:, 2] = np.nan, np.nan
    for name, values in trust_columns(ONE, refits, folds, CALIBRATION).items():
        assert np.isnan(values).tolist() == [row == 2 for row in range(6)]
        assert np.delete(values, 2).tolist() == np.delete(whole[name], 2).tolist()


@given(st.sampled_from(TASKS), st.lists(st.integers(0, 90), max_size=6), st.integers(0, 2**32 - 1))
def test_a_rows_answer_is_the_same_bits_in_any_batch(task: Task, cuts: list[int], seed: int) -> None:
    refits, folds = members(task, 3, 90, seed), members(task, 5, 90, seed + 1)
    calibration = CALIBRATION if task.kind == "regression" else None
    edges = [0, *sorted(cuts), 90]
    parts = [
        trust_columns(task, refits[:, start:end], folds[:, start:end], calibration)
        for start, end in itertools.pairwise(edges)
    ]
    for name, values in trust_columns(task, refits, folds, calibration).items():
        joined = np.concatenate([part[name] for part in parts])
        assert values.tolist() == joined.tolist() if values.dtype == object else values.tobytes() == joined.tobytes()


def found(measure: Measure, values: np.ndarray | None) -> Nearest:
    ids = np.array(["a", None], dtype=object)
    flags, scores = np.array([True, False]), np.array([0.5, np.nan])
    return Nearest(measure=measure, scores=scores, ids=ids, values=values, in_training=flags, in_domain=flags)


@pytest.mark.parametrize("measure", ["similarity", "distance"])
@pytest.mark.parametrize("task", TASKS)
def test_neighbours_come_in_the_declared_columns(task: Task, measure: Measure) -> None:
    values = None if task.several else np.array([1, np.nan])
    answer = neighbour_columns(task, found(measure, values))
    matches(answer, neighbour_outputs(task, "mol/L", measure))
    assert list(answer)[:4] == ["in_domain", "in_training", f"nn_{measure}", "nn_id"]
    assert ("nn_value" in answer) == (not task.several)


def test_the_neighbours_class_is_told_by_its_name() -> None:
    assert neighbour_columns(LABELS, found("similarity", np.array([1, np.nan])))["nn_value"].tolist() == [
        "perhaps",
        None,
    ]


def test_plain_numbers_need_no_chemistry_and_no_frames(root: Path) -> None:
    code = (
        "import sys, model_scripts.trust.columns, model_scripts.trust.feature_distance;"
        "print({'rdkit', 'pandas', 'sklearn', 'scipy', 'torch'} & set(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], cwd=root, check=True, capture_output=True, text=True)
    assert loaded.stdout == "set()\n"
