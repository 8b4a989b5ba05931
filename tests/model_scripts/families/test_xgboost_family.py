"""Promise: boosted trees learn every kind of task, are stored byte for byte, and predict each row on its own."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from family_tables import CASE_NAMES, CATEGORIES, Case, cases, example_inputs, in_pieces, skill, stored
from model_scripts.inputs import Inputs, MatrixColumn
from model_scripts.task import Task
from model_scripts.training.table import TrainingError
from model_scripts.training.xgboost_family import XGBoostFamily, XGBoostSettings
from model_scripts.xgboost_member import XGBoostMember, load_member

FAMILY = XGBoostFamily(hyperparameters=XGBoostSettings(trees=60, learning_rate=0.15, colsample=1.0))
INPUTS = example_inputs()
NEW = example_inputs(rows=200, seed=1)


def fitted(name: str) -> tuple[XGBoostMember, Case]:
    case = cases(INPUTS)[name]
    return FAMILY.fit(INPUTS, case.targets, case.task, seed=1), case


@pytest.fixture(scope="module")
def regressor() -> XGBoostMember:
    return fitted("regression")[0]


@pytest.mark.parametrize("name", CASE_NAMES)
def test_every_task_is_learned_on_rows_that_training_did_not_see(name: str) -> None:
    member, case = fitted(name)
    predicted = member.predict(NEW)
    assert predicted.dtype == np.float64
    assert predicted.shape == (len(NEW), case.task.outputs)
    assert skill(predicted, cases(NEW)[name]) > 0.8
    if case.task.kind == "classification":
        assert ((predicted >= 0) & (predicted <= 1)).all()
    if case.task.classes:
        np.testing.assert_allclose(predicted.sum(axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("name", CASE_NAMES)
def test_a_stored_member_predicts_the_same_bits_and_is_stored_as_the_same_bytes(name: str, tmp_path: Path) -> None:
    member, case = fitted(name)
    files = FAMILY.files("refit_0", member)
    loaded = load_member(stored(files, tmp_path), "refit_0")
    assert np.array_equal(loaded.predict(NEW), member.predict(NEW))
    assert np.array_equal(loaded.margins(NEW.matrix), member.margins(NEW.matrix))
    assert loaded.files("refit_0") == files
    again, _ = fitted(name)
    assert FAMILY.files("refit_0", again) == files
    assert sorted(files) == (
        [f"members/refit_0.{target}.ubj" for target in range(len(case.task.targets))]
        if case.task.several
        else ["members/refit_0.ubj"]
    )


def test_members_with_similar_names_are_told_apart(tmp_path: Path) -> None:
    several, _ = fitted("several numbers")
    alone, _ = fitted("regression")
    stored({**FAMILY.files("fold_1", several), **FAMILY.files("fold_10", alone)}, tmp_path)
    assert len(load_member(tmp_path, "fold_1").boosters) == 2
    assert len(load_member(tmp_path, "fold_10").boosters) == 1
    with pytest.raises(FileNotFoundError):
        load_member(tmp_path, "fold_2")


@given(cuts=st.lists(st.integers(0, 200), max_size=12), seed=st.integers(0, 2**32 - 1))
def test_no_bit_of_a_row_depends_on_the_rows_beside_it(regressor: XGBoostMember, cuts: list[int], seed: int) -> None:
    together = regressor.predict(NEW)
    assert np.array_equal(in_pieces(regressor, NEW, cuts), together)
    order = np.random.default_rng(seed).permutation(len(NEW))
    assert np.array_equal(regressor.predict(NEW.take(order)), together[order])


@pytest.mark.parametrize("name", CASE_NAMES)
def test_a_row_alone_is_the_row_among_ten_thousand(name: str) -> None:
    member, _ = fitted(name)
    many = example_inputs(rows=10_000, seed=2)
    together = member.predict(many)
    for row in (0, 63, 64, 4_999, 9_999):
        assert np.array_equal(member.predict(many.take(np.array([row]))), together[row : row + 1])
    assert member.predict(many.take(np.arange(0))).shape == (0, together.shape[1])


def test_categories_have_no_order() -> None:
    """A model of sets learns the same whichever way the categories are numbered."""
    case = cases(INPUTS)["regression"]
    renumbered = np.array([2, 0, 3, 1])
    matrix, new = INPUTS.matrix.copy(), NEW.matrix.copy()
    for each in (matrix, new):
        each[:, CATEGORIES] = renumbered[each[:, CATEGORIES].astype(int)]
    family = XGBoostFamily(hyperparameters=XGBoostSettings(trees=60, subsample=1.0, colsample=1.0))
    member = family.fit(INPUTS, case.targets, case.task, seed=1)
    other = family.fit(Inputs(matrix=matrix, columns=INPUTS.columns), case.targets, case.task, seed=1)
    expected = member.predict(NEW)
    np.testing.assert_allclose(other.predict(Inputs(matrix=new, columns=NEW.columns)), expected, rtol=1e-5, atol=1e-5)


def test_probabilities_are_the_margins_logistic_and_softmax() -> None:
    binary, _ = fitted("two classes")
    margin = binary.margins(NEW.matrix)
    np.testing.assert_allclose(binary.predict(NEW)[:, 1:], 1 / (1 + np.exp(-margin)), rtol=1e-5)
    three, _ = fitted("three classes")
    exponential = np.exp(three.margins(NEW.matrix))
    np.testing.assert_allclose(three.predict(NEW), exponential / exponential.sum(axis=1, keepdims=True), rtol=1e-5)


def test_rows_where_a_target_was_not_measured_do_not_touch_it() -> None:
    """The booster of a target is the one that is fitted to its measured rows alone."""
    member, case = fitted("several numbers")
    known = np.flatnonzero(~np.isnan(case.targets[:, 1]))
    alone = FAMILY.fit(INPUTS.take(known), case.targets[known, 1:], Task(kind="regression", targets=("z",)), seed=1)
    assert np.array_equal(member.predict(NEW)[:, 1:], alone.predict(NEW))


def test_a_class_that_no_training_row_has_gets_a_probability_all_the_same() -> None:
    case = cases(INPUTS)["three classes"]
    lower = np.flatnonzero(case.targets[:, 0] < 2)
    member = FAMILY.fit(INPUTS.take(lower), case.targets[lower], case.task, seed=1)
    predicted = member.predict(NEW)
    assert predicted.shape == (len(NEW), 3)
    assert predicted[:, 2].max() < 0.05


def test_a_target_that_was_never_measured_is_named() -> None:
    task = Task(kind="regression", targets=("y", "z"))
    targets = np.column_stack([np.arange(300.0), np.full(300, np.nan)])
    with pytest.raises(TrainingError, match="'z' was measured for none"):
        FAMILY.fit(INPUTS, targets, task, seed=1)


def test_the_seed_decides() -> None:
    case = cases(INPUTS)["regression"]
    other = FAMILY.fit(INPUTS, case.targets, case.task, seed=2)
    assert FAMILY.files("a", other) != FAMILY.files("a", fitted("regression")[0])


@pytest.mark.parametrize(
    ("given_settings", "told"),
    [
        ({"dept": "3"}, "no setting 'dept', perhaps 'depth' is meant; it has trees: a whole number from 1 up to 20000"),
        ({"zzz": "3"}, "no setting 'zzz'; it has trees"),
        ({"depth": "deep"}, "depth=deep is not allowed: depth is a whole number from 1 up to 20"),
        ({"depth": "0"}, "depth=0 is not allowed"),
        ({"subsample": "1.5"}, "subsample is a number above 0 up to 1"),
        ({"learning_rate": "nan"}, "learning_rate=nan is not allowed"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(given_settings: dict[str, str], told: str) -> None:
    with pytest.raises(TrainingError, match="xgboost") as refusal:
        XGBoostFamily.from_settings(given_settings)
    assert told in str(refusal.value)


def test_settings_are_read_from_text_and_told_to_the_manifest() -> None:
    family = XGBoostFamily.from_settings({"trees": "12", "learning_rate": 0.1})
    assert family.settings["trees"] == 12
    assert family.settings["learning_rate"] == 0.1
    assert family.settings["depth"] == XGBoostSettings().depth
    member = family.fit(INPUTS, cases(INPUTS)["regression"].targets, cases(INPUTS)["regression"].task, seed=1)
    assert member.boosters[0].num_boosted_rounds() == 12


def test_serving_imports_neither_pandas_nor_scikit_learn_nor_rdkit_and_starts_no_thread(tmp_path: Path) -> None:
    stored(FAMILY.files("refit_0", fitted("regression")[0]), tmp_path)
    code = (
        "import json, os, sys, pathlib; from model_scripts.xgboost_member import load_member;"
        "load_member(pathlib.Path(sys.argv[1]), 'refit_0');"
        "print(json.dumps([[n for n in ('pandas', 'sklearn', 'rdkit') if n in sys.modules],"
        " len(os.listdir('/proc/self/task'))]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PATH": ""}
    told = subprocess.run(command, check=True, capture_output=True, text=True, env=single, cwd=Path.cwd()).stdout
    assert json.loads(told) == [[], 1]


def test_numbers_without_categories_are_served_from_a_plain_matrix() -> None:
    """What the fast lane relies on: columns without categories, float32, any memory order."""
    columns = (MatrixColumn(name="a"), MatrixColumn(name="b"))
    matrix = np.asfortranarray(INPUTS.matrix[:, :2])
    case = cases(INPUTS)["regression"]
    member = FAMILY.fit(Inputs(matrix=matrix, columns=columns), case.targets, case.task, seed=1)
    fortran = member.predict(Inputs(matrix=matrix, columns=columns))
    plain = member.predict(Inputs(matrix=np.ascontiguousarray(matrix), columns=columns))
    assert np.array_equal(fortran, plain)
