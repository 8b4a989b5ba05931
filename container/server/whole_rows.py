"""Puts the model's pieces and the rows at fault together again: one answer row per row, whatever its kind."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.wire.columns import PREDICTION_ERROR
from container.server.row_isolation import Piece
from container.server.script_error import ScriptError


def whole_result(pieces: list[Piece], sent: Any, reasons: Mapping[int, str]) -> Any:
    """The prediction for all rows of ``sent``, of the kind that the model returns.

    A DataFrame has `PREDICTION_ERROR` as its last column; where that tells a reason, what the model added is missing.
    An array or list has NaN or ``None`` in the place of a row with a reason.

    Raises:
        ScriptError: ``predict_fn`` returned other rows than it got, or other kinds for one half than for the other.
    """
    results = [piece.result for piece in pieces]
    if not pieces:
        return _with_errors(sent, reasons) if isinstance(sent, pd.DataFrame) else [None] * len(sent)
    if all(isinstance(result, pd.DataFrame) for result in results):
        return _with_errors(_whole_frame(pieces, sent, reasons), reasons)
    if len(pieces) == 1 and not reasons:
        return results[0]
    if all(isinstance(result, np.ndarray | list) for result in results):
        return _whole_array(pieces, rows=len(sent))
    raise ScriptError(f"predict_fn returned a {type(results[0]).__name__}, from which no single row can be left out")


def _whole_frame(pieces: list[Piece], sent: Any, reasons: Mapping[int, str]) -> pd.DataFrame:
    for piece in pieces:
        if len(piece.result) != len(piece.rows) or not _numbered(piece.result):
            raise ScriptError(
                f"predict_fn got {len(piece.rows)} rows and returned {len(piece.result)}, or changed their index; it"
                " must return the same rows in the same order"
            )
    good: pd.DataFrame = pd.concat([piece.result.set_axis(piece.rows, axis="index") for piece in pieces])
    whole = good.reindex(pd.RangeIndex(len(sent))) if reasons else good.set_axis(pd.RangeIndex(len(good)), axis="index")
    if isinstance(sent, pd.DataFrame) and sent.columns.is_unique and whole.columns.is_unique:
        for name in whole.columns.intersection(sent.columns):
            if same_cells(good[name], sent[name].loc[good.index]):  # the caller's own, also in a row at fault
                whole[name] = sent[name].set_axis(whole.index)
    return whole


def _numbered(frame: pd.DataFrame) -> bool:
    return len(frame) == 0 or frame.index.equals(pd.RangeIndex(len(frame)))


def same_cells(left: "pd.Series[Any]", right: "pd.Series[Any]") -> bool:
    """Whether two columns hold the same values of the same type, row by row; missing equals missing."""
    return bool(left.reset_index(drop=True).equals(right.reset_index(drop=True)))


def _with_errors(frame: pd.DataFrame, reasons: Mapping[int, str]) -> pd.DataFrame:
    told = [""] * len(frame)
    if PREDICTION_ERROR in frame.columns:
        told = ["" if pd.isna(text) else str(text) for text in frame[PREDICTION_ERROR]]
    for row, reason in reasons.items():
        told[row] = reason
    errors = pd.Series(told, index=frame.index, dtype="str")
    return frame.drop(columns=PREDICTION_ERROR, errors="ignore").assign(**{PREDICTION_ERROR: errors})


def _whole_array(pieces: list[Piece], *, rows: int) -> Any:
    for piece in pieces:
        if len(piece.result) != len(piece.rows):
            raise ScriptError(f"predict_fn got {len(piece.rows)} rows and returned {len(piece.result)} predictions")
    if not all(isinstance(piece.result, np.ndarray) for piece in pieces):
        cells: list[Any] = [None] * rows
        for piece in pieces:
            for row, cell in zip(piece.rows, piece.result, strict=True):
                cells[row] = cell
        return cells
    values = np.concatenate([piece.result for piece in pieces])
    missing, dtype = (np.nan, values.dtype) if values.dtype.kind == "f" else (None, np.dtype(object))
    whole: npt.NDArray[Any] = np.full((rows, *values.shape[1:]), missing, dtype)
    whole[[row for piece in pieces for row in piece.rows]] = values
    return whole
