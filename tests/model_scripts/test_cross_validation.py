"""Promise: figures come from rows that the predicting model had not seen, nor any other form of their compound."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pytest

from model_scripts.inputs import Inputs, MatrixColumn
from model_scripts.member import Floats, Member
from model_scripts.task import Task
from model_scripts.training.cross_validation import CrossValidation, cross_validate, splits
from model_scripts.training.evaluation import metrics

ROWS = 60
TASK = Task(kind="regression", targets=("y",))


@dataclass(frozen=True, kw_only=True)
class Remembering:
    """Predicts 1 for a row that it was trained on, else 0."""

    seen: frozenset[float]

    def predict(self, inputs: Inputs) -> Floats:
        return np.array([[float(value in self.seen)] for value in inputs.matrix[:, 0].tolist()])


@dataclass(frozen=True, kw_only=True)
class RememberingFamily:
    """Fits by remembering."""

    script: str = "none"
    libraries: tuple[str, ...] = ()
    relative_tolerance: float = 1.0
    settings: dict[str, float | int | str | bool] = field(default_factory=dict)

    def fit(self, inputs: Inputs, targets: Floats, task: Task, *, seed: int) -> Member:
        return Remembering(seen=frozenset(inputs.matrix[:, 0].tolist()))

    def files(self, name: str, member: Member) -> dict[str, bytes]:
        return {}


def inputs_of(rows: int) -> Inputs:
    matrix = np.arange(rows, dtype=np.float32)[:, np.newaxis]
    return Inputs(matrix=matrix, columns=(MatrixColumn(name="number"),))


def validated(groups: list[str], folds: int = 5, seed: int = 1) -> CrossValidation:
    rows = len(groups)
    return cross_validate(
        RememberingFamily(),
        inputs_of(rows),
        np.zeros((rows, 1)),
        TASK,
        groups,
        split="random",
        folds=folds,
        seed=seed,
        progress=lambda: None,
    )


def test_every_row_is_predicted_by_the_one_model_that_did_not_see_it() -> None:
    held_out = validated([str(row) for row in range(ROWS)])
    assert (held_out.predicted == 0).all()
    for number, member in enumerate(held_out.members):
        seen = member.predict(inputs_of(ROWS))[:, 0] == 1
        assert (seen == (held_out.fold_of != number)).all()


def test_groups_never_straddle_and_the_seed_decides() -> None:
    groups = [str(number // 3) for number in range(ROWS)]
    tests: list[int] = []
    for train, test in splits(groups, 5, seed=1):
        assert not {groups[row] for row in train} & {groups[row] for row in test}
        tests += test.tolist()
    assert sorted(tests) == list(range(ROWS))
    again = [row for _, test in splits(groups, 5, seed=1) for row in test.tolist()]
    other = [row for _, test in splits(groups, 5, seed=2) for row in test.tolist()]
    assert again == tests
    assert other != tests


def held_out(predicted: npt.NDArray[np.float64], folds: int = 5) -> CrossValidation:
    tests = tuple(np.arange(len(predicted))[number::folds] for number in range(folds))
    return CrossValidation(split="random", folds=tests, members=(), predicted=predicted)


def test_errors_of_a_regression_stand_beside_those_of_the_training_mean() -> None:
    target = np.arange(20.0)[:, np.newaxis]
    (figures,) = metrics(held_out(target + 1.0), target, TASK)
    assert (figures.figures["rmse"], figures.figures["mae"], figures.rows) == (1.0, 1.0, 20)
    assert figures.figures["mean_baseline_rmse"] == pytest.approx(5.95, abs=0.3)


def test_rows_that_were_not_measured_count_in_no_figure() -> None:
    target = np.array([[0.0, 1.0], [1.0, np.nan], [2.0, 3.0], [3.0, np.nan], [4.0, 5.0], [5.0, 1.0]])
    predicted = np.nan_to_num(target) + np.array([0.0, 2.0])
    task = Task(kind="regression", targets=("a", "b"))
    first, second = metrics(held_out(predicted, folds=2), target, task)
    assert (first.rows, first.figures["rmse"]) == (6, 0.0)
    assert (second.rows, second.figures["rmse"]) == (4, 2.0)


def test_classes_are_judged_beside_the_commonest_one() -> None:
    codes = np.array([0.0] * 12 + [1.0] * 8)[:, np.newaxis]
    chances = np.where(codes == [0.0, 1.0], 0.9, 0.1)
    task = Task(kind="classification", targets=("kind",), classes=("no", "yes"))
    (figures,) = metrics(held_out(chances), codes, task)
    assert (figures.figures["accuracy"], figures.figures["roc_auc"]) == (1.0, 1.0)
    assert figures.figures["majority_baseline_accuracy"] == 0.6
    assert figures.figures["log_loss"] == pytest.approx(0.1054, abs=1e-3)


def test_several_flags_are_judged_one_by_one() -> None:
    flags = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, np.nan], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0]])
    chances = np.where(np.nan_to_num(flags) > 0, 0.8, 0.2)
    task = Task(kind="classification", targets=("a", "b"))
    first, second = metrics(held_out(chances, folds=2), flags, task)
    assert (first.rows, first.figures["accuracy"]) == (6, 1.0)
    assert (second.rows, second.figures["accuracy"]) == (5, 1.0)
