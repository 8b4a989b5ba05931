"""The measured values of a training table: numbers, or classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.wire.typed_columns import typed
from model_scripts.member import Floats
from model_scripts.task import Kind, Task

MAX_CLASSES = 50
_TRUTH = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What was measured.

    Attributes:
        task: what is to be predicted.
        values: float64 ``[rows, targets]``; NaN where nothing was measured. Positions of classes for a
            classification with one target, 0 and 1 for one with several.
        unusable: row → why none of its targets can be used.
    """

    task: Task
    values: Floats
    unusable: dict[int, str]


class TargetError(ValueError):
    """Targets that no model can be trained on; says which column and what to do."""


def read_targets(frame: pd.DataFrame, names: Sequence[str], kind: Kind | None) -> Targets:
    """Reads the target columns of a table.

    Raises:
        TargetError: a classification has one class only, or too many, or several targets that are not 0 and 1.
    """
    kind = kind or _kind(frame, names)
    if kind == "regression":
        values = np.column_stack([typed(frame[name], "float64").values.to_numpy() for name in names])
        return _targets(Task(kind=kind, targets=tuple(names)), values, "number")
    if len(names) == 1:
        return _classes(frame[names[0]], names[0])
    values = np.column_stack([_truth(frame[name], name) for name in names])
    return _targets(Task(kind=kind, targets=tuple(names)), values, "0 or 1")


def _kind(frame: pd.DataFrame, names: Sequence[str]) -> Kind:
    numeric = all(not typed(frame[name], "float64").malformed.any() for name in names)
    return "regression" if numeric else "classification"


def _targets(task: Task, values: Floats, what: str) -> Targets:
    where = repr(task.targets[0]) if len(task.targets) == 1 else "any target"
    empty = np.flatnonzero(np.isnan(values).all(axis=1)).tolist()
    return Targets(task=task, values=values, unusable=dict.fromkeys(empty, f"no {what} in {where}"))


def _classes(column: "pd.Series[Any]", name: str) -> Targets:
    cells = typed(column, "text")
    texts = ["" if cells.missing[row] else str(cell).strip() for row, cell in enumerate(cells.values.tolist())]
    classes = tuple(sorted(set(texts) - {""}, key=_as_people_count))
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise TargetError(f"{name!r} holds {len(classes)} classes; a classification needs 2 to {MAX_CLASSES}")
    codes = {label: float(code) for code, label in enumerate(classes)}
    values = np.array([[codes.get(text, np.nan)] for text in texts])
    return _targets(Task(kind="classification", targets=(name,), classes=classes), values, "class")


def _as_people_count(label: str) -> tuple[int, float, str]:
    """Numbers first, by size, then text."""
    try:
        return 0, float(label), label
    except ValueError:
        return 1, 0.0, label


def _truth(column: "pd.Series[Any]", name: str) -> npt.NDArray[np.float64]:
    cells = typed(column, "text")
    values = np.full(len(column), np.nan)
    for row, cell in enumerate(cells.values.tolist()):
        if cells.missing[row]:
            continue
        text = str(cell).strip().lower()
        if text not in _TRUTH:
            raise TargetError(f"{name!r} must hold 0 or 1 (or nothing): several targets are classified together")
        values[row] = _TRUTH[text]
    return values
