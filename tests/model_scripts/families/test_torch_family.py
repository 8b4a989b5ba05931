"""Promise: the multilayer perceptron learns every kind of task, the same bytes each time, and rows do not mix."""

import functools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from family_tables import (
    CASE_NAMES,
    CATEGORIES,
    COLUMNS,
    GAPS,
    OPTIONAL_COLUMNS,
    Case,
    cases,
    example_inputs,
    in_pieces,
    signal,
    skill,
    stored,
    without_gaps,
)
from model_scripts.inputs import Inputs, MatrixColumn
from model_scripts.member import Floats
from model_scripts.task import Task
from model_scripts.torch_model import TorchMember, load_member
from model_scripts.training.table import TrainingError
from model_scripts.training.torch_family import TorchFamily

FAMILY = TorchFamily.from_settings({"epochs": "12", "width": "32", "batch_size": "16", "learning_rate": "0.01"})
INPUTS = example_inputs()
NEW = example_inputs(rows=200, seed=1)
REGRESSION = Task(kind="regression", targets=("y",))


def refitted(name: str, family: TorchFamily = FAMILY, seed: int = 1) -> tuple[TorchMember, Case]:
    case = cases(INPUTS)[name]
    return family.fit(INPUTS, case.targets, case.task, seed=seed), case


fitted = functools.cache(refitted)


def worst(predicted: Floats, expected: Floats) -> float:
    return float(np.max(np.abs(predicted - expected) / np.maximum(1.0, np.abs(expected))))


@pytest.mark.parametrize("name", CASE_NAMES)
def test_every_task_is_learned_and_stored_as_the_same_bytes(name: str, tmp_path: Path) -> None:
    member, case = fitted(name)
    predicted = member.predict(NEW)
    assert predicted.dtype == np.float64
    assert predicted.shape == (len(NEW), case.task.outputs)
    assert skill(predicted, cases(NEW)[name]) > 0.85
    if case.task.classes:
        np.testing.assert_allclose(predicted.sum(axis=1), 1.0, atol=1e-12)
    files = FAMILY.files("refit_0", member)
    assert list(files) == ["members/refit_0.safetensors"]
    loaded = load_member(stored(files, tmp_path), "refit_0")
    assert np.array_equal(loaded.predict(NEW), predicted)
    assert loaded.files("refit_0") == files
    again, _ = refitted(name)
    assert again.files("refit_0") == files


@pytest.mark.parametrize("name", CASE_NAMES)
def test_a_row_alone_is_the_row_among_ten_thousand(name: str) -> None:
    member, _ = fitted(name)
    many = example_inputs(rows=10_000, seed=2)
    together = member.predict(many)
    order = np.random.default_rng(3).permutation(len(many))
    assert worst(member.predict(many.take(order)), together[order]) <= 1e-6
    for row in (0, 31, 32, 33, 4_999, 9_999):
        assert worst(member.predict(many.take(np.array([row]))), together[row : row + 1]) <= 1e-6
    assert member.predict(many.take(np.arange(0))).shape == (0, together.shape[1])


def test_the_network_always_gets_blocks_of_one_size() -> None:
    """Of other sizes the sums of a matrix product differ by more than a row's numbers may."""
    member, _ = fitted("regression")
    shapes: set[torch.Size] = set()
    hook = member.network.register_forward_hook(lambda _, inputs, __: shapes.add(inputs[0].shape))
    for rows in (1, 31, 33, 200):
        member.predict(NEW.take(np.arange(rows)))
    hook.remove()
    assert len(shapes) == 1


@settings(max_examples=60)
@given(cuts=st.lists(st.integers(0, 200), max_size=8), seed=st.integers(0, 2**32 - 1))
def test_however_a_request_is_cut_the_numbers_stay(cuts: list[int], seed: int) -> None:
    member, _ = fitted("regression")
    inputs = NEW.take(np.random.default_rng(seed).permutation(len(NEW)))
    assert worst(in_pieces(member, inputs, cuts), member.predict(inputs)) <= 1e-6


def test_training_leaves_the_callers_random_numbers_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    refitted("two classes", TorchFamily.from_settings({"epochs": 1}))
    assert torch.equal(torch.rand(3), expected)


def test_the_seed_decides() -> None:
    quick = TorchFamily.from_settings({"epochs": 2, "width": 8})
    one, same, other = (refitted("regression", quick, seed)[0].files("a") for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_a_gap_is_learned_from_where_training_had_gaps() -> None:
    """In the signal a gap counts 0.5: whoever fills gaps in unmarked cannot know."""
    member, _ = fitted("regression")
    matrix = NEW.matrix.copy()
    matrix[:, GAPS] = member.plan.numbers[GAPS].mean
    with_gap = matrix.copy()
    with_gap[:, GAPS] = np.nan
    filled, missing = (member.predict(Inputs(matrix=each, columns=COLUMNS)) for each in (matrix, with_gap))
    assert 0.2 < (missing - filled).mean() < 0.8


@pytest.mark.parametrize("position", [0, CATEGORIES])
def test_a_gap_where_training_had_none_costs_its_row_and_no_other(position: int) -> None:
    member, _ = fitted("regression")
    matrix = NEW.matrix.copy()
    matrix[5, position] = np.nan
    predicted = member.predict(Inputs(matrix=matrix, columns=COLUMNS))
    assert np.flatnonzero(np.isnan(predicted[:, 0])).tolist() == [5]
    others = np.delete(np.arange(len(NEW)), 5)
    assert worst(predicted[others], member.predict(NEW)[others]) <= 1e-6


@pytest.mark.parametrize("position", [GAPS, CATEGORIES])
def test_a_gap_that_only_other_folds_had_is_predicted(position: int) -> None:
    whole = without_gaps(INPUTS)
    member = FAMILY.fit(whole, signal(whole)[:, None], REGRESSION, seed=1)
    matrix = whole.matrix.copy()
    matrix[5, position] = np.nan
    predicted = member.predict(Inputs(matrix=matrix, columns=OPTIONAL_COLUMNS))
    assert np.isfinite(predicted).all()
    others = np.delete(np.arange(len(whole)), 5)
    assert worst(predicted[others], member.predict(whole)[others]) <= 1e-6


def test_a_missing_category_is_a_category_where_training_had_some() -> None:
    matrix = INPUTS.matrix.copy()
    matrix[::4, CATEGORIES] = np.nan
    inputs = Inputs(matrix=matrix, columns=COLUMNS)
    targets = np.where(np.isnan(matrix[:, CATEGORIES]), 7.0, 0.0)[:, None]
    predicted = FAMILY.fit(inputs, targets, REGRESSION, seed=1).predict(inputs)
    assert np.array_equal(predicted > 3.5, targets > 3.5)


def test_columns_of_one_value_or_of_none_do_not_matter() -> None:
    matrix = INPUTS.matrix.copy()
    matrix[:, 1] = 0.1  # no sum of 300 of them in float64 is exactly 30
    matrix[:, 2] = np.nan
    member = FAMILY.fit(Inputs(matrix=matrix, columns=COLUMNS), cases(INPUTS)["regression"].targets, REGRESSION, seed=1)
    other = matrix.copy()
    other[:, 1] = 1e6
    at_training, elsewhere = (member.predict(Inputs(matrix=each, columns=COLUMNS)) for each in (matrix, other))
    assert np.isfinite(at_training).all()
    assert np.array_equal(at_training, elsewhere)


def test_numbers_far_beyond_the_training_rows_do_not_run_away() -> None:
    member, _ = fitted("regression")
    matrix = NEW.matrix.copy()
    matrix[:, 0] = np.finfo(np.float32).max
    at_the_edge = NEW.matrix.copy()
    at_the_edge[:, 0] = member.plan.numbers[0].mean + 10.5 * member.plan.numbers[0].sd
    far, edge = (member.predict(Inputs(matrix=each, columns=COLUMNS)) for each in (matrix, at_the_edge))
    assert np.array_equal(far, edge)


def test_targets_of_any_size_and_of_one_value_are_learned() -> None:
    targets = np.column_stack([1e9 + 1e6 * cases(INPUTS)["regression"].targets[:, 0], np.full(len(INPUTS), 3.25)])
    member = FAMILY.fit(INPUTS, targets, Task(kind="regression", targets=("large", "constant")), seed=1)
    predicted = member.predict(INPUTS)
    assert np.corrcoef(predicted[:, 0], targets[:, 0])[0, 1] > 0.95
    np.testing.assert_allclose(predicted[:, 1], 3.25, atol=0.2)


def test_a_row_without_any_measured_target_teaches_nothing() -> None:
    """Its inputs are made absurd: if it counted, the predictions of others would be too."""
    case = cases(INPUTS)["several numbers"]
    targets = np.nan_to_num(case.targets)
    targets[::5] = np.nan
    absurd = INPUTS.matrix.copy()
    absurd[::5, 0] = np.nanmax(INPUTS.matrix[:, 0])
    member = FAMILY.fit(Inputs(matrix=absurd, columns=COLUMNS), targets, case.task, seed=1)
    assert np.isfinite(member.predict(NEW)).all()
    with pytest.raises(TrainingError, match="'z' was measured for none"):
        FAMILY.fit(INPUTS, np.column_stack([targets[:, 0], np.full(300, np.nan)]), case.task, seed=1)


def test_early_stopping_keeps_the_weights_that_predict_the_held_out_rows_best() -> None:
    """With targets of pure noise every epoch makes it worse: an early one is kept."""
    noise = np.random.default_rng(7).normal(size=(200, 1))
    inputs = INPUTS.take(np.arange(200))
    chosen = {"epochs": "30", "width": "64", "batch_size": "20", "dropout": "0", "learning_rate": "0.01"}
    members = [
        TorchFamily.from_settings({**chosen, "early_stopping": stop}).fit(inputs, noise, REGRESSION, seed=1)
        for stop in ("true", "false")
    ]
    stopped, memorised = (float(np.std(member.predict(inputs))) for member in members)
    assert stopped < 0.7 * memorised


@pytest.mark.parametrize(
    ("given_settings", "told"),
    [
        ({"epoch": "3"}, "no setting 'epoch', perhaps 'epochs' is meant"),
        ({"dropout": "1"}, "dropout=1 is not allowed: dropout is a number from 0 below 1"),
        ({"early_stopping": "perhaps"}, "early_stopping is true or false"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(given_settings: dict[str, str], told: str) -> None:
    with pytest.raises(TrainingError, match="pytorch") as refusal:
        TorchFamily.from_settings(given_settings)
    assert told in str(refusal.value)


def test_a_table_without_columns_is_refused() -> None:
    empty = Inputs(matrix=np.empty((5, 0), dtype=np.float32), columns=())
    with pytest.raises(TrainingError, match="no column"):
        FAMILY.fit(empty, np.zeros((5, 1)), REGRESSION, seed=1)


def test_only_numbers_or_only_categories_are_enough() -> None:
    targets = cases(INPUTS)["regression"].targets
    for taken in ([0, 1], [CATEGORIES]):
        columns: tuple[MatrixColumn, ...] = tuple(COLUMNS[position] for position in taken)
        inputs = Inputs(matrix=INPUTS.matrix[:, taken], columns=columns)
        member = FAMILY.fit(inputs, targets, REGRESSION, seed=1)
        assert np.corrcoef(member.predict(inputs)[:, 0], targets[:, 0])[0, 1] > 0.5


def test_serving_starts_no_thread_and_reads_no_pickle(tmp_path: Path) -> None:
    stored(fitted("regression")[0].files("refit_0"), tmp_path)
    np.save(tmp_path / "matrix.npy", NEW.matrix)
    code = (
        "import json, os, sys, pathlib, numpy; from container.server.threads import limit_threads; limit_threads();"
        "from container.server.pickle_guard import refusing_pickle;"
        "from model_scripts.inputs import Inputs;"
        "p = pathlib.Path(sys.argv[1]); matrix = numpy.load(p / 'matrix.npy');"
        "guard = refusing_pickle(False); guard.__enter__();"
        "from model_scripts.torch_model import load_member;"
        "member = load_member(p, 'refit_0'); guard.__exit__(None, None, None);"
        "before = len(os.listdir('/proc/self/task'));"
        "member.predict(Inputs(matrix=matrix, columns=()));"
        "after = len(os.listdir('/proc/self/task'));"
        "print(json.dumps([before, after, [n for n in ('pandas', 'sklearn', 'rdkit') if n in sys.modules]]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    root = Path(__file__).parents[3]
    told = subprocess.run(command, check=True, capture_output=True, text=True, env=single, cwd=root).stdout
    assert json.loads(told) == [1, 1, []]
