"""Which rows of a frame can be judged: those with a prediction and a measured value; the others are counted."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.columns import PREDICTION, PREDICTION_ERROR

Task = Literal["regression", "classification"]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class AnswerColumns:
    """The columns that belong to one prediction.

    Side by side in one frame, answers of several models are called ``<model>_prediction``, ``<model>_q_05``,
    ``<model>_error`` and so on.

    Attributes:
        prediction: the column of predictions.
        prefix: what its sister columns begin with; empty for a single model.
    """

    prediction: str
    prefix: str

    @classmethod
    def of(cls, prediction: str) -> "AnswerColumns":
        """The columns beside ``prediction``."""
        prefix = prediction.removesuffix(PREDICTION) if prediction.endswith(PREDICTION) else ""
        return cls(prediction=prediction, prefix=prefix)

    @property
    def error(self) -> str:
        """The column of reasons."""
        return f"{self.prefix}error" if self.prefix else PREDICTION_ERROR

    def named(self, column: str) -> str:
        """What a column of a single model is called here."""
        return f"{self.prefix}{column}"

    def chance(self, label: str) -> str:
        """The column of a class's chance."""
        return f"{self.prefix}{label}_proba"


@dataclass(frozen=True, kw_only=True)
class MeasuredRows:
    """A frame, and what can be said of each row.

    Attributes:
        frame: the caller's frame.
        columns: the answer's columns.
        target: the column of measured values.
        failed: bool ``[rows]``: no prediction.
        unmeasured: bool ``[rows]``: a prediction, but nothing measured.
    """

    frame: pd.DataFrame
    columns: AnswerColumns
    target: str
    failed: Mask
    unmeasured: Mask

    @property
    def usable(self) -> Mask:
        """Bool ``[rows]``: a prediction and a measured value."""
        return ~(self.failed | self.unmeasured)

    @property
    def counts(self) -> dict[str, int]:
        """``rows`` = ``support`` + ``failed`` + ``unmeasured``."""
        return {
            "rows": len(self.frame),
            "support": int(self.usable.sum()),
            "failed": int(self.failed.sum()),
            "unmeasured": int(self.unmeasured.sum()),
        }

    def among(self, rows: Mask) -> "MeasuredRows":
        """Some of the rows."""
        return MeasuredRows(
            frame=self.frame.loc[rows],
            columns=self.columns,
            target=self.target,
            failed=self.failed[rows],
            unmeasured=self.unmeasured[rows],
        )


def find_measured(frame: pd.DataFrame, *, target: str, prediction: str) -> MeasuredRows:
    """Sorts the rows.

    Raises:
        InvalidInputError: a column is absent, or there are several of its name.
    """
    columns = AnswerColumns.of(prediction)
    predicted, measured = column(frame, prediction), column(frame, target)
    failed = predicted.isna().to_numpy(dtype=bool)
    if columns.error in frame.columns:
        errors = column(frame, columns.error)
        failed = failed | (errors.notna() & (errors.astype(object) != "")).to_numpy(dtype=bool)
    empty = measured.isna() | (measured.astype(object) == "")  # cells of a CSV file are text
    unmeasured = empty.to_numpy(dtype=bool) & ~failed
    return MeasuredRows(frame=frame, columns=columns, target=target, failed=failed, unmeasured=unmeasured)


def column(frame: pd.DataFrame, name: str) -> "pd.Series[Any]":
    """The one column of that name.

    Raises:
        InvalidInputError: it is absent, or there are several.
    """
    found = int((frame.columns == name).sum())
    if found != 1:
        what = "no column" if not found else f"{found} columns"
        raise InvalidInputError(f"the frame has {what} {name!r}; exactly one is needed")
    series: pd.Series[Any] = frame[name]
    return series


def numbers(frame: pd.DataFrame, name: str) -> npt.NDArray[np.float64]:
    """The column as float64 ``[rows]``; NaN where it is empty.

    Raises:
        InvalidInputError: a cell is no number, such as a censored value with a ``>``.
    """
    series = column(frame, name)
    read = pd.to_numeric(series, errors="coerce")
    wrong = (read.isna() & series.notna()).to_numpy(dtype=bool)
    if wrong.any():
        raise InvalidInputError(
            f"column {name!r} holds no number in {int(wrong.sum())} rows, first in row {int(wrong.argmax())}; remove"
            " censored values (> or <) and text, or pass task='classification'"
        )
    values: npt.NDArray[np.float64] = read.to_numpy(dtype=np.float64, na_value=np.nan)
    return values


def task_of(frame: pd.DataFrame, prediction: str) -> Task:
    """``regression`` where the predictions are numbers; class labels are text or booleans."""
    dtype = column(frame, prediction).dtype
    number = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
    return "regression" if number else "classification"
