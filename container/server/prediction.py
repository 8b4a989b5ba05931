"""Rows through the model: which of its functions, in slices of about a quarter of a second, bad rows apart."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.manifest import Manifest
from chem_endpoints.wire.matrix import to_float32
from container.server.answer import (
    Columns,
    NumberAnswer,
    checked_frame,
    checked_numbers,
    frame_answer,
    number_answer,
    only_numbers,
)
from container.server.isolation import predict_isolating
from container.server.published import PublishedWork
from container.server.row_group import RowGroup
from container.server.script import Script
from container.server.script_error import ScriptError

SLICE_SECONDS = 0.25
"""What the model should need for the rows that it gets at once: little is lost when one of them kills it."""

FIRST_ROWS = 64
_GROWTH = 16
_INSTRUCTIVE_ROWS = 16
_INSTRUCTIVE_SECONDS = 0.05


class Pace:
    """How fast the model is, learnt from the slices that it has predicted."""

    def __init__(self) -> None:
        self._seconds_per_row: float | None = None
        self._last_rows = FIRST_ROWS

    @property
    def rows(self) -> int:
        """Rows for the next slice."""
        if self._seconds_per_row is None:
            return FIRST_ROWS
        fitting = int(SLICE_SECONDS / max(self._seconds_per_row, 1e-9))
        return max(1, min(fitting, self._last_rows * _GROWTH))

    def learn(self, rows: int, seconds: float) -> None:
        """A slice of so many rows took so long; a few quick rows teach nothing, as calling the model costs too."""
        if rows < _INSTRUCTIVE_ROWS and seconds < _INSTRUCTIVE_SECONDS:
            return
        self._last_rows = max(rows, FIRST_ROWS)
        self._seconds_per_row = seconds / rows


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """A model and the functions of its script.

    Attributes:
        script: the functions.
        model: what ``model_fn`` returned.
        manifest: the columns that go in and come out.
    """

    script: Script
    model: Any
    manifest: Manifest

    @property
    def takes_matrix(self) -> bool:
        """Whether features go in as a matrix and outputs come back as arrays."""
        numbers = all(feature.dtype == "float64" for feature in self.manifest.features)
        return self.script.predict_matrix_fn is not None and numbers and only_numbers(self.manifest)

    def answer(
        self, group: RowGroup, start: int, stop: int, *, offset: int, reasons: dict[int, str], work: PublishedWork
    ) -> NumberAnswer | pd.DataFrame:
        """The answer for the rows ``start`` to ``stop`` of a group that begins at row ``offset`` of the request.

        ``reasons`` (positions in the group) are of rows that the model must not see.

        Raises:
            ScriptError: the script breaks its contract.
        """
        known = {row - start: reason for row, reason in reasons.items() if start <= row < stop}
        rows = (
            list(range(start, stop)) if not known else [row for row in range(start, stop) if row - start not in known]
        )
        if group.matrix is not None and self.takes_matrix:
            return self._from_matrix(group.matrix, rows, start, stop, offset, known, work)
        isolated = predict_isolating(rows, offset, lambda part: self._call(group.frame, part), work)
        told = {**known, **{row - start: reason for row, reason in isolated.reasons.items()}}
        predicted = [([row - start for row in part], frame) for part, frame in isolated.predicted]
        if only_numbers(self.manifest):
            return self._numbers(predicted, stop - start, told)
        return frame_answer(
            [(part, checked_frame(frame, self.manifest)) for part, frame in predicted],
            self.manifest,
            rows=stop - start,
            reasons=told,
        )

    def _call(self, frame: pd.DataFrame, rows: list[int]) -> pd.DataFrame:
        consecutive = rows[-1] - rows[0] + 1 == len(rows)
        taken = frame.iloc[rows[0] : rows[-1] + 1] if consecutive else frame.iloc[rows]
        if rows[0] != 0 or not consecutive:
            taken = taken.reset_index(drop=True)
        return _same_rows(self.script.predict_fn(taken, self.model), len(rows))

    def _numbers(
        self, predicted: list[tuple[list[int], pd.DataFrame]], rows: int, reasons: dict[int, str]
    ) -> NumberAnswer:
        columns, told = [], dict(reasons)
        for part, frame in predicted:
            columns.append((part, checked_numbers(frame, self.manifest, rows=len(part))))
            if PREDICTION_ERROR in frame:
                errors = frame[PREDICTION_ERROR].fillna("").tolist()
                told.update({row: str(error) for row, error in zip(part, errors, strict=True) if error})
        return number_answer(columns, self.manifest, rows=rows, reasons=told)

    def _from_matrix(
        self,
        matrix: npt.NDArray[np.float64],
        rows: list[int],
        start: int,
        stop: int,
        offset: int,
        known: dict[int, str],
        work: PublishedWork,
    ) -> NumberAnswer:
        narrow, beyond = to_float32(matrix[start:stop])
        known = {**beyond, **known}
        rows = [row for row in rows if row - start not in beyond] if beyond else rows
        isolated = predict_isolating(
            rows, offset, lambda part: self.call_matrix(narrow, [row - start for row in part]), work
        )
        told = {**known, **{row - start: reason for row, reason in isolated.reasons.items()}}
        columns = []
        for part, (values, reasons) in isolated.predicted:
            positions = [row - start for row in part]
            columns.append((positions, values))
            told.update({positions[row]: reason for row, reason in reasons.items()})
        return number_answer(columns, self.manifest, rows=stop - start, reasons=told)

    def call_matrix(
        self, matrix: npt.NDArray[np.float32], rows: list[int] | None = None
    ) -> tuple[Columns, dict[int, str]]:
        """Outputs and reasons of these rows of a matrix, or of all.

        Raises:
            ScriptError: the script breaks its contract.
        """
        if self.script.predict_matrix_fn is None:
            raise ScriptError("the script has no predict_matrix_fn")
        taken = matrix if rows is None or len(rows) == len(matrix) else matrix[rows]
        columns, reasons = self.script.predict_matrix_fn(taken, self.model)
        return checked_numbers(columns, self.manifest, rows=len(taken)), dict(reasons)


def _same_rows(predicted: Any, rows: int) -> pd.DataFrame:
    if not isinstance(predicted, pd.DataFrame):
        raise ScriptError(f"predict_fn returned a {type(predicted).__name__}, not a DataFrame")
    if not (len(predicted) == rows and predicted.index.equals(pd.RangeIndex(rows))):
        raise ScriptError(
            f"predict_fn got {rows} rows and returned {len(predicted)}, or changed their index; it must return the same"
            " rows in the same order"
        )
    return predicted
