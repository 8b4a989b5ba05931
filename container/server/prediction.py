"""Rows through the model: which of its functions, in slices of about a quarter of a second, bad rows apart."""

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.manifest import Manifest
from chem_endpoints.wire.matrix import to_float32
from container.server.answer import (
    Columns,
    NumberAnswer,
    checked_numbers,
    number_answer,
    only_numbers,
)
from container.server.isolation import predict_isolating
from container.server.published import PublishedWork
from container.server.script import ASKED, Script
from container.server.script_error import ScriptError

if TYPE_CHECKING:  # a model that takes a matrix is served without
    import pandas as pd

    from container.server.row_group import RowGroup

SLICE_SECONDS = 0.25
"""What the model should need for the rows that it gets at once: little is lost when one of them kills it."""

_GROWTH = 16


class Pace:
    """How many rows the model gets at once: one at first, then as many as it has time for.

    Attributes:
        rows: rows for the next slice.
    """

    def __init__(self) -> None:
        self.rows = 1

    def learn(self, rows: int, seconds: float) -> None:
        """A slice of so many rows took so long."""
        fitting = max(1, min(rows * _GROWTH, int(rows * SLICE_SECONDS / max(seconds, 1e-6))))
        # A quick slice that was shorter than it might have been does not make the next one short.
        self.rows = fitting if seconds > SLICE_SECONDS else max(self.rows, fitting)


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

    @cached_property
    def takes_numbers(self) -> bool:
        """Whether all that goes in and all that comes out is float64."""
        return all(feature.dtype == "float64" for feature in self.manifest.features) and only_numbers(self.manifest)

    @cached_property
    def takes_matrix(self) -> bool:
        """Whether features go in as a matrix and outputs come back as arrays."""
        return self.script.predict_matrix_fn is not None and self.takes_numbers

    def asked(self, options: tuple[str, ...]) -> "Predictor":
        """The same model with the outputs that these options of a request add.

        Raises:
            OptionNotOfferedError: the model does not offer one.
        """
        manifest = self.manifest.asked(options)
        predict_fn = partial(self.script.predict_fn, **{ASKED: frozenset(options)})
        return Predictor(
            script=replace(self.script, predict_fn=predict_fn, predict_matrix_fn=None),
            model=self.model,
            manifest=manifest,
        )

    def answer(
        self, group: "RowGroup", start: int, stop: int, *, offset: int, reasons: dict[int, str], work: PublishedWork
    ) -> "NumberAnswer | pd.DataFrame":
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
        isolated = predict_isolating(rows, offset, lambda part: work.timed(lambda: self._call(group.frame, part)), work)
        told = {**known, **{row - start: reason for row, reason in isolated.reasons.items()}}
        predicted = [([row - start for row in part], frame) for part, frame in isolated.predicted]
        if only_numbers(self.manifest):
            return self._numbers(predicted, stop - start, told)
        from container.server.frame_answer import checked_frame, frame_answer

        return frame_answer(
            [(part, checked_frame(frame, self.manifest)) for part, frame in predicted],
            self.manifest,
            rows=stop - start,
            reasons=told,
        )

    def answer_numbers(self, matrix: npt.NDArray[np.float64], reasons: dict[int, str]) -> NumberAnswer:
        """The answer for all rows of a matrix in one call, except those that have a reason already.

        Raises:
            Exception: whatever the model raises; nothing is isolated here.
        """
        narrow, beyond = to_float32(matrix) if self.takes_matrix else (None, {})
        told = {**beyond, **reasons}
        rows = [row for row in range(len(matrix)) if row not in told]
        if not rows:
            return number_answer([], self.manifest, rows=len(matrix), reasons=told)
        if narrow is None:
            import pandas as pd

            names = [feature.name for feature in self.manifest.features]
            frame = pd.DataFrame(matrix if len(rows) == len(matrix) else matrix[rows], columns=names)
            predicted = _same_rows(self.script.predict_fn(frame, self.model), len(rows))
            return self._numbers([(rows, predicted)], len(matrix), told)
        columns, failed = self.call_matrix(narrow, rows)
        told.update({rows[row]: reason for row, reason in failed.items()})
        return number_answer([(rows, columns)], self.manifest, rows=len(matrix), reasons=told)

    def _call(self, frame: "pd.DataFrame", rows: list[int]) -> "pd.DataFrame":
        consecutive = rows[-1] - rows[0] + 1 == len(rows)
        taken = frame.iloc[rows[0] : rows[-1] + 1] if consecutive else frame.iloc[rows]
        if rows[0] != 0 or not consecutive:
            taken = taken.reset_index(drop=True)
        return _same_rows(self.script.predict_fn(taken, self.model), len(rows))

    def _numbers(
        self, predicted: "list[tuple[list[int], pd.DataFrame]]", rows: int, reasons: dict[int, str]
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
            rows, offset, lambda part: work.timed(lambda: self.call_matrix(narrow, [row - start for row in part])), work
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


def _same_rows(predicted: Any, rows: int) -> "pd.DataFrame":
    import pandas as pd

    if not isinstance(predicted, pd.DataFrame):
        raise ScriptError(f"predict_fn returned a {type(predicted).__name__}, not a DataFrame")
    if not (len(predicted) == rows and predicted.index.equals(pd.RangeIndex(rows))):
        raise ScriptError(
            f"predict_fn got {rows} rows and returned {len(predicted)}, or changed their index; it must return the same"
            " rows in the same order"
        )
    return predicted
