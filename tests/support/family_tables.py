"""Small tables that every model family must learn from: numbers with gaps, categories, every kind of task."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model_scripts.inputs import Inputs, MatrixColumn
from model_scripts.member import Floats, Member
from model_scripts.task import Task

COLUMNS = (
    MatrixColumn(name="logp"),
    MatrixColumn(name="tpsa"),
    MatrixColumn(name="with_gaps"),
    MatrixColumn(name="solvent", categories=("water", "dmso", "ethanol", "octanol")),
)
GAPS = 2
CATEGORIES = 3


@dataclass(frozen=True, kw_only=True)
class Case:
    """A task and its targets, float64 ``[rows, targets]`` as `model_scripts.training.family.Family.fit` gets them."""

    task: Task
    targets: Floats


def example_inputs(rows: int = 300, seed: int = 0) -> Inputs:
    """Columns on very different scales; the third has gaps, the fourth is a category whose order means nothing."""
    random = np.random.default_rng(seed)
    matrix = np.column_stack(
        [
            random.normal(2.0, 1.5, rows),
            random.normal(80.0, 30.0, rows),
            np.where(random.random(rows) < 0.2, np.nan, random.normal(0.0, 1e-3, rows)),
            random.integers(0, 4, rows),
        ]
    )
    return Inputs(matrix=matrix.astype(np.float32), columns=COLUMNS)


def signal(inputs: Inputs) -> Floats:
    """What the tasks are made of, float64 ``[rows]``: linear in numbers, and one value for each category."""
    matrix = inputs.matrix.astype(np.float64)
    solvent = np.array([1.5, -1.0, 1.0, -1.5])[matrix[:, CATEGORIES].astype(int)]
    gap = np.where(np.isnan(matrix[:, GAPS]), 0.5, 0.0)
    return (matrix[:, 0] - 2.0) - (matrix[:, 1] - 80.0) / 40.0 + solvent + gap


def cases(inputs: Inputs) -> dict[str, Case]:
    """Every kind of task; of several targets, a third of the values were not measured."""
    value = signal(inputs)
    measured = np.random.default_rng(9).random((len(value), 2)) > 1 / 3
    several = np.where(measured, np.column_stack([value, 100.0 - 10.0 * value]), np.nan)
    active = np.where(measured, np.column_stack([value > 0, value > 1]).astype(float), np.nan)
    third = np.digitize(value, np.quantile(value, [1 / 3, 2 / 3])).astype(float)
    return {
        "regression": Case(task=Task(kind="regression", targets=("y",)), targets=value[:, None]),
        "several numbers": Case(task=Task(kind="regression", targets=("y", "z")), targets=several),
        "two classes": Case(
            task=Task(kind="classification", targets=("y",), classes=("low", "high")),
            targets=(value > 0).astype(float)[:, None],
        ),
        "three classes": Case(
            task=Task(kind="classification", targets=("y",), classes=("low", "middle", "high")),
            targets=third[:, None],
        ),
        "several yes or no": Case(task=Task(kind="classification", targets=("a", "b")), targets=active),
    }


@dataclass(frozen=True, kw_only=True)
class OptionalColumn(MatrixColumn):
    """A column that may lack a value, whether or not one of the rows at hand does."""

    missing: bool = True


OPTIONAL_COLUMNS = tuple(OptionalColumn(name=column.name, categories=column.categories) for column in COLUMNS)


def without_gaps(inputs: Inputs) -> Inputs:
    """The rows that lack nothing, of columns that may: the training rows of a fold, whose gaps are in its test rows."""
    whole = np.flatnonzero(~np.isnan(inputs.matrix).any(axis=1))
    return Inputs(matrix=inputs.matrix[whole], columns=OPTIONAL_COLUMNS)


CASE_NAMES = tuple(cases(example_inputs(rows=3)))


def skill(predicted: Floats, case: Case) -> float:
    """The least R² of the targets, or for classes the least share that is right: 1 is perfect."""
    if case.task.classes:
        return float(np.mean(predicted.argmax(axis=1) == case.targets[:, 0]))
    scores = []
    for column, target in zip(predicted.T, case.targets.T, strict=True):
        known = ~np.isnan(target)
        error = np.mean((column[known] - target[known]) ** 2)
        right = np.mean((column[known] > 0.5) == (target[known] > 0.5))
        scores.append(right if case.task.kind == "classification" else 1.0 - error / np.var(target[known]))
    return float(min(scores))


def stored(files: dict[str, bytes], folder: Path) -> Path:
    """The files in a folder, as in an unpacked bundle."""
    for path, contents in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(contents)
    return folder


def in_pieces(member: Member, inputs: Inputs, cuts: list[int]) -> Floats:
    """Predictions of the same rows asked for in several requests, cut before these rows."""
    pieces = np.split(np.arange(len(inputs)), sorted(cuts))
    return np.concatenate([member.predict(inputs.take(piece)) for piece in pieces])
