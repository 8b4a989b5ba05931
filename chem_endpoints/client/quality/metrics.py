"""`metrics`: predictions of a frame against its measured values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from chem_endpoints.client.quality.classification import (
    Chances,
    Labels,
    as_labels,
    chances_of,
    classification_figures,
    confusion_matrix,
    per_class,
)
from chem_endpoints.client.quality.interval_coverage import interval_coverage
from chem_endpoints.client.quality.measured_rows import MeasuredRows, Task, column, find_measured, numbers, task_of
from chem_endpoints.client.quality.regression import regression_figures
from chem_endpoints.wire.columns import PREDICTION

ALL_ROWS = "all"
"""Name of the one group when nothing is grouped."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What `metrics` found.

    Attributes:
        task: ``regression`` or ``classification``.
        figures: one row per group; columns ``rows``, ``support``, ``failed``, ``unmeasured`` (int64), the figures and,
            for regression, ``coverage_90`` and ``width_90`` and so on for each interval that the frame holds
            (float64).
        per_class: of a classification: ``precision``, ``recall``, ``f1``, ``support`` per group and class.
        confusion: of a classification: counts per group, measured class (down) and predicted class (across).
    """

    task: Task
    figures: pd.DataFrame
    per_class: pd.DataFrame | None = None
    confusion: pd.DataFrame | None = None

    def __repr__(self) -> str:
        return f"{self.task}\n{self.figures}"

    def _repr_html_(self) -> str:
        tables = [table for table in (self.figures, self.per_class, self.confusion) if table is not None]
        return "".join(table.to_html(escape=True) for table in tables)


def metrics(
    frame: pd.DataFrame,
    *,
    target: str,
    prediction: str = PREDICTION,
    by: str | Sequence[str] | None = None,
    task: Task | None = None,
) -> Measured:
    """Compares predictions with measured values.

    Rows without a prediction (``prediction_error`` filled, or the prediction missing) and rows without a measured value
    are counted, and take no part in the figures.

    Args:
        frame: what `Endpoint.inference` returned, with a column of measured values. Not changed.
        target: that column.
        prediction: column of the predictions. For ``logs_prediction`` the reasons, chances and intervals are looked
            for in ``logs_error``, ``logs_<class>_proba``, ``logs_q_05`` and so on.
        by: column or columns to group by, such as ``in_domain``; default: one group, ``all``.
        task: default: ``regression`` where the predictions are numbers, else ``classification``.

    Returns:
        `Measured`. Figures that are not defined (no rows, one class only, a constant target) are NaN.

    Raises:
        InvalidInputError: a column is absent or doubled, or holds text where numbers are needed.
    """
    measured = find_measured(frame, target=target, prediction=prediction)
    task = task or task_of(frame, prediction)
    groups = list(_groups(measured, by))
    if task == "regression":
        return Measured(task=task, figures=_table([_regression(rows) for _, rows in groups], groups, by))
    judged = [_Classes.of(rows) for _, rows in groups]
    return Measured(
        task=task,
        figures=_table([classes.figures for classes in judged], groups, by),
        per_class=_stacked([per_class(own.measured, own.predicted) for own in judged], groups, by),
        confusion=_stacked([confusion_matrix(own.measured, own.predicted) for own in judged], groups, by, fill=0),
    )


_Group = tuple[Any, MeasuredRows]


def _groups(measured: MeasuredRows, by: str | Sequence[str] | None) -> Iterator[_Group]:
    if by is None:
        yield ALL_ROWS, measured
        return
    names = [by] if isinstance(by, str) else list(by)
    keys = pd.DataFrame({name: column(measured.frame, name).array for name in names})
    for key, positions in keys.groupby(names, dropna=False, observed=True, sort=True).indices.items():
        rows = np.zeros(len(keys), dtype=bool)
        rows[positions] = True
        yield (key[0] if isinstance(key, tuple) and len(names) == 1 else key), measured.among(rows)


def _regression(measured: MeasuredRows) -> dict[str, float]:
    usable = measured.frame.loc[measured.usable]
    figures: dict[str, float] = dict(measured.counts)
    figures |= regression_figures(numbers(usable, measured.target), numbers(usable, measured.columns.prediction))
    for found in interval_coverage(measured):
        percent = round(found.level * 100)
        figures |= {f"coverage_{percent}": found.share, f"width_{percent}": found.mean_width}
    return figures


@dataclass(frozen=True, kw_only=True)
class _Classes:
    counts: dict[str, int]
    measured: Labels
    predicted: Labels
    chances: Chances

    @classmethod
    def of(cls, rows: MeasuredRows) -> "_Classes":
        usable = rows.frame.loc[rows.usable]
        measured = as_labels(column(usable, rows.target))
        predicted = as_labels(column(usable, rows.columns.prediction))
        labels = sorted({*measured.tolist(), *predicted.tolist()})
        chances = chances_of(usable, [(label, rows.columns.chance(label)) for label in labels])
        return cls(counts=rows.counts, measured=measured, predicted=predicted, chances=chances)

    @property
    def figures(self) -> dict[str, float]:
        return {**self.counts, **classification_figures(self.measured, self.predicted, self.chances)}


def _table(rows: list[dict[str, float]], groups: list[_Group], by: str | Sequence[str] | None) -> pd.DataFrame:
    return pd.DataFrame(rows, index=_index([key for key, _ in groups], by))


def _index(keys: list[Any], by: str | Sequence[str] | None) -> "pd.Index[Any]":
    if by is None or isinstance(by, str):
        one: pd.Index[Any] = pd.Index(keys, name=by)
        return one
    names = list(by)
    tuples = [key if isinstance(key, tuple) else (key,) for key in keys]
    several: pd.Index[Any] = pd.MultiIndex.from_tuples(tuples, names=names)
    return several


def _stacked(
    tables: list[pd.DataFrame], groups: list[_Group], by: str | Sequence[str] | None, fill: int | None = None
) -> pd.DataFrame | None:
    if by is None:
        return tables[0]
    if not tables:
        return None
    keys = [key if isinstance(key, tuple) else (key,) for key, _ in groups]
    names = [*([by] if isinstance(by, str) else by), tables[0].index.name]
    together = pd.concat([table.reset_index(drop=True) for table in tables], ignore_index=True)
    labelled = [(*key, label) for key, table in zip(keys, tables, strict=True) for label in table.index]
    together.index = pd.MultiIndex.from_tuples(labelled, names=names)
    return together if fill is None else together.fillna(fill).astype("int64")
