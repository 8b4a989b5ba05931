"""How rows travel to an endpoint that is not ours and come back: all columns as CSV, answers taken as they come.

Nobody has declared such an endpoint's columns, and it knows no row numbers. So each answer must have one row for each
row that was sent, or it is none. A column that it repeats is the caller's own and stays as the caller has it; the
others are read with the placeholders of Workbench's containers (``N/A``, ``__NA__``), and typed when all answers are
there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chem_endpoints.client.foreign_cells import is_missing, plain_cells, recovered, repeated, shuffled
from chem_endpoints.client.sent_columns import all_columns
from chem_endpoints.errors import AnswerMismatchError, InvalidInputError
from chem_endpoints.wire import codec
from chem_endpoints.wire.columns import PREDICTION_ERROR, Reason
from chem_endpoints.wire.content_types import CSV, JSON, READABLE
from chem_endpoints.wire.errors import WireError

Cells = NDArray[np.object_]

ANSWERED = "__answered__"
"""Column of what `ForeignRows.read` returns that tells a row with an answer from one without; `finish` drops it."""

NO_VALUE = Reason.PREDICTION_FAILED.because("the endpoint returned this row without a value; check its inputs")
"""The reason of a row in which every column that the answer adds is empty."""


def foreign_rows(frame: pd.DataFrame, renamed: Mapping[Any, str]) -> "ForeignRows":
    """The rows of a frame for a foreign endpoint.

    A column ``prediction_error`` does not travel: it is what an earlier answer said of the rows.

    Args:
        frame: the caller's frame; not changed.
        renamed: column of the caller → the name under which it travels; a column that has that name stays behind.

    Raises:
        InvalidInputError: there is no column, or CSV cannot carry one exactly; names each.
    """
    absent = [name for name in renamed if name not in frame.columns]
    if absent:
        raise InvalidInputError(
            f"the frame has no column {absent}; it has {[str(name) for name in frame.columns[:10]]}"
        )
    taken = {*renamed.values(), PREDICTION_ERROR}
    travels = [name in renamed or name not in taken for name in frame.columns]
    travelling = frame.loc[:, travels]
    travelling = travelling.set_axis([renamed.get(name, name) for name in travelling.columns], axis="columns")
    if not travelling.shape[1]:
        raise InvalidInputError("the frame has no column to send; give it the columns that the endpoint reads")
    return ForeignRows(sent=all_columns(travelling, (), {}, content_type=CSV, row_number=False).frame)


@dataclass(frozen=True, kw_only=True)
class ForeignRows:
    """The rows of one run.

    Attributes:
        sent: the columns that travel; a plain index.
        accept: the format of answers that is asked for; others are read too.
    """

    sent: pd.DataFrame
    accept: str = CSV

    @property
    def reasons(self) -> dict[int, str]:
        """None: what cannot travel is refused by its column's name."""
        return {}

    @property
    def outputs(self) -> None:
        """Nobody knows."""
        return

    def encode(self, rows: NDArray[np.int64]) -> tuple[bytes, str]:
        """The request for these rows: body and format. A missing cell is empty, as pandas writes it."""
        part = self.sent.iloc[rows].reset_index(drop=True)
        return codec.encode(part, CSV, own_columns=part.shape[1]), CSV

    def read(self, rows: NDArray[np.int64], body: bytes, content_type: str) -> pd.DataFrame:
        """What an answer adds and changes, one row for each row asked, its cells as they came.

        `finish` types them. ``prediction_error`` is there in any case, and is text without a gap.

        Raises:
            AnswerMismatchError: not one row for each row sent, in their order, or not readable.
        """
        answer, typed = _decoded(body, content_type, rows)
        if len(answer) != len(rows):
            raise AnswerMismatchError(f"{len(rows)} rows were sent, but {len(answer)} came back; nothing was attached")
        sent = self._texts(rows)
        changed: dict[str, Cells] = {}
        added: dict[str, Cells] = {}
        for place, name in enumerate(answer.columns):
            cells = plain_cells(answer.iloc[:, place], typed=typed)
            if name not in sent:
                _put(added, name, cells)
            elif (other := _changed(name, sent[name], cells)) is not None:
                _put(changed, name, other)
        errors = _errors(added, changed, sent, rows=len(rows))
        columns = {**changed, **added, ANSWERED: np.ones(len(rows), dtype=object)}
        objects = {name: pd.Series(cells, dtype=object) for name, cells in columns.items()}
        return pd.DataFrame({**objects, PREDICTION_ERROR: errors})

    def finish(self, joined: pd.DataFrame) -> pd.DataFrame:
        """The columns of all answers together, typed (`foreign_cells.recovered`); the caller's changed ones first.

        Args:
            joined: what `read` returned, put together, one row for each row of the caller's, in their order; a row
                without an answer has only ``prediction_error``.
        """
        answered = joined[ANSWERED].notna().to_numpy() if ANSWERED in joined else np.zeros(len(joined), dtype=bool)
        changed = [name for name in self.sent.columns if name in joined]
        others = [name for name in joined.columns if name not in (*changed, ANSWERED, PREDICTION_ERROR)]
        columns = {name: recovered(self._filled(joined[name], answered)) for name in changed}
        columns |= {name: recovered(joined[name].tolist()) for name in others}
        return pd.DataFrame({**columns, PREDICTION_ERROR: joined[PREDICTION_ERROR]}, index=joined.index)

    def _filled(self, column: "pd.Series[Any]", answered: NDArray[np.bool_]) -> list[Any]:
        """A changed column; with what was sent, where an answer repeated it: NaN here, a cell without value is None."""
        cells = column.tolist()
        absent = np.flatnonzero(
            answered & np.array([isinstance(cell, float) and cell != cell for cell in cells], dtype=bool)
        )
        if len(absent):
            own = self._texts(absent)[str(column.name)]
            for row, text in zip(absent, own, strict=True):
                cells[row] = text
        return cells

    def _texts(self, rows: NDArray[np.int64]) -> dict[str, list[str]]:
        """The cells of some rows as they travel."""
        if not len(rows):
            return {str(name): [] for name in self.sent.columns}
        body, content_type = self.encode(rows)
        texts = codec.decode(body, content_type)
        return {str(name): texts.iloc[:, place].tolist() for place, name in enumerate(self.sent.columns)}


def _decoded(body: bytes, content_type: str, rows: NDArray[np.int64]) -> tuple[pd.DataFrame, bool]:
    """The answer as a frame, and whether its format has types; a format with another name is told by its first sign."""
    named = content_type.partition(";")[0].strip().lower()
    if named not in READABLE:
        named = JSON if body.lstrip()[:1] in (b"[", b"{") else CSV
    try:
        answer = codec.decode(body, named)
        if named == JSON and answer.shape[1] == 1 and all(isinstance(cell, dict) for cell in answer.iloc[:, 0]):
            answer = pd.DataFrame(answer.iloc[:, 0].tolist(), index=answer.index, dtype=object)  # {"predictions": […]}
    except WireError as error:
        raise AnswerMismatchError(f"the answer for {len(rows)} rows cannot be read: {error}") from error
    return answer.set_axis([str(name) for name in answer.columns], axis="columns"), named != CSV


def _put(columns: dict[str, Cells], name: str, cells: Cells) -> None:
    if not name:  # pandas writes an index as a column without a name
        return
    if name in columns:
        raise AnswerMismatchError(f"the answer has two columns {name!r}, and none repeats what was sent")
    columns[name] = cells


def _changed(name: str, sent: list[str], cells: Cells) -> Cells | None:
    """The cells of a column that was sent, with the text as sent where it is repeated; ``None``: everywhere."""
    same = repeated(sent, cells)
    if same.all():
        return None
    if shuffled(sent, cells):
        raise AnswerMismatchError(f"the rows came back in another order (see column {name!r}); nothing was attached")
    return np.where(same, np.array(sent, dtype=object), cells)


def _errors(
    added: dict[str, Cells], changed: Mapping[str, Cells], sent: Mapping[str, list[str]], *, rows: int
) -> "pd.Series[str]":
    """Takes ``prediction_error`` out of the added columns; a row that got no value has a reason too."""
    told = added.pop(PREDICTION_ERROR, [None] * rows)
    errors = ["" if is_missing(cell) else str(cell) for cell in told]
    if added:
        empty = np.array([all(map(is_missing, cells)) for cells in zip(*added.values(), strict=True)], dtype=bool)
        for name, cells in changed.items():
            empty &= [cell is text or cell == text for cell, text in zip(cells, sent[name], strict=True)]
        errors = [error or (NO_VALUE if none else "") for error, none in zip(errors, empty, strict=True)]
    return pd.Series(errors, dtype="str")
