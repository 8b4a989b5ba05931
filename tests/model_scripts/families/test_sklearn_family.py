"""Promise: scikit-learn's estimators, offered or an author's own, are stored without pickle; rows do not mix."""

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.linear_model import LinearRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from chem_endpoints.wire.bundle import BundleError
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
from model_scripts.sklearn_model import SklearnMember, load_member
from model_scripts.skops_file import to_bytes
from model_scripts.task import Task
from model_scripts.training.sklearn_family import SklearnFamily
from model_scripts.training.sklearn_pipelines import RECIPES
from model_scripts.training.table import TrainingError

ROOT = Path(__file__).parents[3]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
INPUTS = example_inputs()
NEW = example_inputs(rows=200, seed=1)
OFFERED = [(name, kind) for name, recipe in RECIPES.items() for kind in recipe.make]
TREES = ("random_forest", "extra_trees", "gradient_boosting")


def family(estimator: str) -> SklearnFamily:
    few = {"trees": 30} if "trees" in RECIPES[estimator].reads else {}  # type: ignore[index] # a name of the table
    fast = {"learning_rate": 0.2} if estimator == "gradient_boosting" else {}
    return SklearnFamily.from_settings({"estimator": estimator, **few, **fast})


def table(estimator: str) -> Inputs:
    """The cost of a Gaussian process grows with the cube of the rows."""
    return INPUTS.take(np.arange(100)) if estimator == "gaussian_process" else INPUTS


def refitted(estimator: str, name: str) -> tuple[SklearnMember, Case]:
    inputs = table(estimator)
    case = cases(inputs)[name]
    return family(estimator).fit(inputs, case.targets, case.task, seed=1), case


fitted = functools.cache(refitted)


def worst(predicted: Floats, expected: Floats) -> float:
    return float(np.max(np.abs(predicted - expected) / np.maximum(1.0, np.abs(expected))))


@pytest.mark.parametrize(("estimator", "kind"), OFFERED)
def test_every_offered_estimator_learns_and_is_stored_as_the_same_bytes(
    estimator: str, kind: str, tmp_path: Path
) -> None:
    name = "regression" if kind == "regression" else "two classes"
    member, _ = fitted(estimator, name)
    predicted = member.predict(NEW)
    assert predicted.dtype == np.float64
    assert skill(predicted, cases(NEW)[name]) > 0.75, "learns"
    files = family(estimator).files("refit_0", member)
    assert sorted(files) == ["members/refit_0.skops", "members/refit_0.trusted.json"]
    loaded = load_member(stored(files, tmp_path), "refit_0")
    assert np.array_equal(loaded.predict(NEW), predicted)
    again, _ = refitted(estimator, name)
    assert family(estimator).files("refit_0", again) == files


@pytest.mark.parametrize("name", CASE_NAMES)
def test_every_task_is_learned(name: str) -> None:
    member, case = fitted("gradient_boosting", name)
    predicted = member.predict(NEW)
    assert predicted.shape == (len(NEW), case.task.outputs)
    assert skill(predicted, cases(NEW)[name]) > 0.8
    if case.task.classes:
        np.testing.assert_allclose(predicted.sum(axis=1), 1.0, atol=1e-9)
    assert member.predict(NEW.take(np.arange(0))).shape == (0, case.task.outputs)


@pytest.mark.parametrize(("estimator", "kind"), OFFERED)
def test_a_row_alone_is_the_row_among_ten_thousand(estimator: str, kind: str) -> None:
    member, _ = fitted(estimator, "regression" if kind == "regression" else "two classes")
    many = example_inputs(rows=10_000, seed=2)
    together = member.predict(many)
    order = np.random.default_rng(3).permutation(len(many))
    shuffled = member.predict(many.take(order))
    rows = np.array([0, 1, 63, 64, 4_999, 9_999])
    alone = np.concatenate([member.predict(many.take(rows[at : at + 1])) for at in range(len(rows))])
    if estimator in TREES:
        assert np.array_equal(shuffled, together[order])
        assert np.array_equal(alone, together[rows])
    assert worst(shuffled, together[order]) <= 1e-6
    assert worst(alone, together[rows]) <= 1e-6


@pytest.fixture(scope="module")
def linear() -> SklearnMember:
    return fitted("ridge", "regression")[0]


@settings(max_examples=40)
@given(cuts=st.lists(st.integers(0, 200), max_size=6))
def test_however_a_request_is_cut_the_numbers_stay(linear: SklearnMember, cuts: list[int]) -> None:
    assert worst(in_pieces(linear, NEW, cuts), linear.predict(NEW)) <= 1e-6


def test_rows_at_the_same_distance_are_no_matter_of_the_batch() -> None:
    """Each training row stands there thrice with other targets: nearly everything is a tie."""
    inputs = INPUTS.take(np.tile(np.arange(60), 3))
    targets = np.random.default_rng(5).normal(size=(180, 1))
    member = family("knn").fit(inputs, targets, Task(kind="regression", targets=("y",)), seed=1)
    together = member.predict(NEW)
    alone = np.concatenate([member.predict(NEW.take(np.array([row]))) for row in range(len(NEW))])
    assert worst(alone, together) <= 1e-12


@pytest.mark.parametrize("estimator", RECIPES)
def test_a_gap_is_learned_from_where_training_had_gaps(estimator: str) -> None:
    """In the signal a gap counts 0.5: whoever fills gaps in unmarked cannot know."""
    name = "two classes" if estimator == "logistic_regression" else "regression"
    member, _ = fitted(estimator, name)
    whole = example_inputs(rows=100, seed=4)
    matrix = whole.matrix.copy()
    matrix[:, GAPS] = 0.0
    with_gap = matrix.copy()
    with_gap[:, GAPS] = np.nan
    filled = member.predict(Inputs(matrix=matrix, columns=COLUMNS))[:, -1]
    missing = member.predict(Inputs(matrix=with_gap, columns=COLUMNS))[:, -1]
    assert np.isfinite(missing).all()
    assert (missing - filled).mean() > (0.02 if estimator == "logistic_regression" else 0.05)


@pytest.mark.parametrize("estimator", ["ridge", "knn", "random_forest"])
def test_a_gap_where_training_had_none_costs_its_row_and_no_other(estimator: str) -> None:
    member, _ = fitted(estimator, "regression")
    matrix = NEW.matrix.copy()
    position = 3 if estimator in TREES else 1  # trees take gaps in numbers, not in categories that had none
    matrix[5, position] = np.nan
    predicted = member.predict(Inputs(matrix=matrix, columns=COLUMNS))
    assert np.flatnonzero(np.isnan(predicted[:, 0])).tolist() == [5]
    others = np.delete(np.arange(len(NEW)), 5)
    assert worst(predicted[others], member.predict(NEW)[others]) <= 1e-6


@pytest.mark.parametrize("estimator", ["ridge", "random_forest"])
@pytest.mark.parametrize("position", [GAPS, CATEGORIES])
def test_a_gap_that_only_other_folds_had_is_predicted(estimator: str, position: int) -> None:
    whole = without_gaps(INPUTS)
    member = family(estimator).fit(whole, signal(whole)[:, None], REGRESSION, seed=1)
    matrix = whole.matrix.copy()
    matrix[5, position] = np.nan
    predicted = member.predict(Inputs(matrix=matrix, columns=OPTIONAL_COLUMNS))
    assert np.isfinite(predicted).all()
    others = np.delete(np.arange(len(whole)), 5)
    assert worst(predicted[others], member.predict(whole)[others]) <= 1e-6


def test_a_column_without_any_value_and_a_category_with_gaps_do_not_stop_training() -> None:
    matrix = INPUTS.matrix.copy()
    matrix[:, 1] = np.nan
    matrix[::7, 3] = np.nan
    inputs = Inputs(matrix=matrix, columns=COLUMNS)
    case = cases(INPUTS)["regression"]
    for estimator in ("ridge", "random_forest"):
        predicted = family(estimator).fit(inputs, case.targets, case.task, seed=1).predict(inputs)
        assert np.isfinite(predicted).all()


def test_a_class_that_no_training_row_has_is_impossible_and_one_class_alone_is_certain() -> None:
    case = cases(INPUTS)["three classes"]
    for classes in ([0, 2], [1]):
        rows = np.flatnonzero(np.isin(case.targets[:, 0], classes))
        predicted = (
            family("logistic_regression").fit(INPUTS.take(rows), case.targets[rows], case.task, seed=1).predict(NEW)
        )
        absent = [label for label in range(3) if label not in classes]
        assert (predicted[:, absent] == 0).all()
        np.testing.assert_allclose(predicted.sum(axis=1), 1.0)


def test_only_measured_rows_train_a_target() -> None:
    member, case = fitted("ridge", "several numbers")
    known = np.flatnonzero(~np.isnan(case.targets[:, 1]))
    alone = family("ridge").fit(
        INPUTS.take(known), case.targets[known, 1:], Task(kind="regression", targets=("z",)), seed=1
    )
    assert np.array_equal(member.predict(NEW)[:, 1:], alone.predict(NEW))


class BatchScaler(TransformerMixin, BaseEstimator):
    """An author's mistake: scales by the batch at hand."""

    def fit(self, matrix: Any, target: Any = None) -> "BatchScaler":
        return self

    def transform(self, matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.nan_to_num(matrix - np.nanmean(matrix, axis=0))


class Constant(RegressorMixin, BaseEstimator):
    def fit(self, matrix: Any, target: Any) -> "Constant":
        self.mean_ = float(np.mean(target))
        return self

    def predict(self, matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.full(len(matrix), self.mean_)


def plain_inputs() -> Inputs:
    columns = (MatrixColumn(name="a"), MatrixColumn(name="b"))
    return Inputs(matrix=INPUTS.matrix[:, :2], columns=columns)


def linear_on(columns: tuple[MatrixColumn, ...], task: Task) -> Any:
    assert [column.name for column in columns] == ["a", "b"]
    assert task.kind == "regression"
    return make_pipeline(StandardScaler(), LinearRegression())


REGRESSION = Task(kind="regression", targets=("y",))
CLASSES = Task(kind="classification", targets=("y",), classes=("a", "b"))


def test_an_authors_pipeline_is_fitted_stored_and_served(tmp_path: Path) -> None:
    """Given as an estimator, as a function of the columns, or as a file."""
    inputs, targets = plain_inputs(), cases(INPUTS)["regression"].targets
    path = tmp_path / "pipeline.skops"
    path.write_bytes(to_bytes(linear_on(inputs.columns, REGRESSION)))
    families = [
        SklearnFamily(pipeline=make_pipeline(StandardScaler(), LinearRegression())),
        SklearnFamily(pipeline=linear_on),
        SklearnFamily.from_settings({"pipeline": str(path)}),
    ]
    predicted = []
    for number, each in enumerate(families):
        member = each.fit(inputs, targets, REGRESSION, seed=1)
        assert not member.row_by_row
        stored(each.files(f"refit_{number}", member), tmp_path)
        predicted.append(load_member(tmp_path, f"refit_{number}").predict(inputs))
    assert np.array_equal(predicted[0], predicted[1])
    assert np.array_equal(predicted[0], predicted[2])
    assert str(families[1].settings["pipeline"]).endswith(":linear_on")


def test_a_pipeline_that_looks_at_the_batch_is_served_row_by_row() -> None:
    inputs, targets = plain_inputs(), cases(INPUTS)["regression"].targets
    own = SklearnFamily(pipeline=make_pipeline(BatchScaler(), LinearRegression()))
    member = own.fit(inputs, targets, REGRESSION, seed=1)
    assert member.row_by_row
    order = np.random.default_rng(1).permutation(len(inputs))
    assert np.array_equal(member.predict(inputs.take(order)), member.predict(inputs)[order])


def test_every_random_choice_of_a_pipeline_follows_the_seed() -> None:
    case = cases(INPUTS)["regression"]
    for estimator in ("random_forest", "extra_trees"):
        one, same, other = (family(estimator).fit(INPUTS, case.targets, case.task, seed=seed) for seed in (1, 1, 2))
        assert one.files("a") == same.files("a")
        assert one.files("a") != other.files("a")


def test_a_type_that_the_bundle_does_not_list_is_refused_by_name(tmp_path: Path) -> None:
    member, _ = fitted("random_forest", "regression")
    stored(member.files("refit_0"), tmp_path)
    trusted = tmp_path / "members/refit_0.trusted.json"
    assert json.loads(trusted.read_text()) == ["sklearn.tree._tree.Tree"]
    trusted.write_text("[]")
    with pytest.raises(BundleError, match=r"refit_0\.skops holds sklearn\.tree\._tree\.Tree"):
        load_member(tmp_path, "refit_0")


def test_code_in_the_place_of_a_model_is_refused_and_does_not_run(tmp_path: Path) -> None:
    stored(fitted("ridge", "regression")[0].files("refit_0"), tmp_path)
    (tmp_path / "members/refit_0.skops").write_bytes(to_bytes({"estimators": [FunctionTransformer(Path.mkdir)]}))
    with pytest.raises(BundleError, match=r"pathlib\.Path\.mkdir|pathlib\.mkdir|Path"):
        load_member(tmp_path, "refit_0")


@pytest.mark.parametrize(
    ("given_settings", "told"),
    [
        ({"estimater": "knn"}, "no setting 'estimater', perhaps 'estimator' is meant"),
        ({"estimator": "forest"}, "estimator=forest is not allowed: estimator is one of random_forest, extra_trees"),
        ({"estimator": "ridge", "trees": "9"}, "ridge does not read 'trees'; it reads alpha"),
        ({"estimator": "gaussian_process", "alpha": "9"}, "it has no settings"),
        ({"pipeline": "nowhere"}, "module:function"),
        ({"pipeline": "no_such_module:f"}, "no module 'no_such_module'"),
        ({"pipeline": "json:no_such_function"}, "'json' has no 'no_such_function'"),
        ({"pipeline": "missing.skops"}, "missing.skops: No such file"),
        ({"pipeline": "json:dumps", "trees": "9"}, "give no others beside it"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(given_settings: dict[str, str], told: str) -> None:
    with pytest.raises(TrainingError) as refusal:
        SklearnFamily.from_settings(given_settings)
    assert told in str(refusal.value)


def test_a_file_with_other_types_than_scikit_learns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.skops"
    path.write_bytes(to_bytes(make_pipeline(FunctionTransformer(json.dumps))))
    with pytest.raises(TrainingError, match=r"json\.dumps|not scikit-learn's"):
        SklearnFamily.from_settings({"pipeline": str(path)})


@pytest.mark.parametrize(
    ("own", "task", "told"),
    [
        (SklearnFamily(pipeline=RidgeClassifier()), CLASSES, "gives no probabilities"),
        (SklearnFamily(pipeline="text"), REGRESSION, "a str, not an estimator"),
        (SklearnFamily(pipeline=LinearRegression()), REGRESSION, "refuses the data for 'y'"),  # gaps
        (family("logistic_regression"), REGRESSION, "not for regression; there are random_forest"),
        (SklearnFamily.from_settings({"estimator": "knn", "neighbours": "301"}), REGRESSION, "301 neighbours need"),
    ],
)
def test_what_cannot_be_trained_says_why(own: SklearnFamily, task: Task, told: str) -> None:
    targets = cases(INPUTS)["two classes"].targets
    with pytest.raises(TrainingError, match=told):
        own.fit(INPUTS, targets, task, seed=1)


def test_serving_starts_no_thread_imports_no_torch_and_reads_no_pickle(tmp_path: Path) -> None:
    for estimator in ("random_forest", "gradient_boosting", "knn"):
        stored(family(estimator).files(estimator, fitted(estimator, "regression")[0]), tmp_path)
    np.save(tmp_path / "matrix.npy", NEW.matrix)
    code = (
        "import json, os, sys, pathlib, numpy; from container.server.threads import limit_threads; limit_threads();"
        "from container.server.pickle_guard import refusing_pickle;"
        "from model_scripts.inputs import Inputs;"
        "guard = refusing_pickle(False); guard.__enter__();"
        "from model_scripts.sklearn_model import load_member;"
        "p = pathlib.Path(sys.argv[1]); m = numpy.load(p / 'matrix.npy');"
        "members = [load_member(p, n) for n in ('random_forest', 'gradient_boosting', 'knn')];"
        "guard.__exit__(None, None, None);"
        "before = len(os.listdir('/proc/self/task'));"
        "[x.predict(Inputs(matrix=m, columns=())) for x in members];"
        "after = len(os.listdir('/proc/self/task'));"
        "print(json.dumps([before, after, 'torch' in sys.modules, 'rdkit' in sys.modules]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, env=ONE_THREAD, cwd=ROOT).stdout
    assert json.loads(told) == [1, 1, False, False]
