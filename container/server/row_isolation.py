"""Predicts rows together; when that raises, halves them until the rows at fault stand alone."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from chem_endpoints.wire.columns import Reason
from container.server.script_error import ScriptError

Announce = Callable[[list[int]], None]
"""Told which rows of the request the model is about to see; an empty list: none."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What the model returned for some rows that it saw together.

    Attributes:
        rows: their positions in the request.
        result: as the model returned it.
    """

    rows: list[int]
    result: Any


@dataclass(frozen=True, kw_only=True)
class IsolatedPrediction:
    """Results of the good rows, and the rows that raised.

    Attributes:
        pieces: in the order of the rows.
        raised: row → name of the exception's type; its text may quote the row.
    """

    pieces: list[Piece] = field(default_factory=list)
    raised: dict[int, str] = field(default_factory=dict)

    @property
    def reasons(self) -> dict[int, str]:
        """Row → the cell that tells why it has no prediction."""
        return {row: Reason.PREDICTION_FAILED.because(f"the model raised {kind}") for row, kind in self.raised.items()}


def has_rows(data: object) -> bool:
    """Whether single rows can be taken out of what ``predict_fn`` gets: a DataFrame, an array or a list."""
    return isinstance(data, pd.DataFrame | list) or (isinstance(data, np.ndarray) and data.ndim > 0)


def take_rows(data: Any, rows: list[int]) -> Any:
    """These rows as a copy of the same kind; a DataFrame is numbered from 0."""
    if isinstance(data, pd.DataFrame):
        return data.iloc[rows].reset_index(drop=True)
    return [data[row] for row in rows] if isinstance(data, list) else data[rows]


def predict_isolating(
    predict: Callable[[Any], Any], data: Any, *, skip: Collection[int], announce: Announce
) -> IsolatedPrediction:
    """Predicts the rows of ``data`` but those to skip; see `has_rows` for what it may be.

    Raises:
        ScriptError: all of several rows raise the same exception: the script is broken, not the rows.
    """
    isolated = IsolatedPrediction()
    rows = [row for row in range(len(data)) if row not in skip]
    if rows:
        _predict(predict, data, rows, isolated, announce)
    kinds = set(isolated.raised.values())
    if len(isolated.raised) > 1 and not isolated.pieces and len(kinds) == 1:
        raise ScriptError(f"predict_fn raised {kinds.pop()} for each of {len(isolated.raised)} rows")
    return isolated


def _predict(
    predict: Callable[[Any], Any], data: Any, rows: list[int], isolated: IsolatedPrediction, announce: Announce
) -> None:
    announce(rows)
    try:
        result = predict(take_rows(data, rows))
    except Exception as error:  # noqa: BLE001 - a model script may raise anything; the row carries it
        raised = type(error).__name__
    else:
        isolated.pieces.append(Piece(rows=rows, result=result))
        return
    finally:
        announce([])
    if len(rows) == 1:
        isolated.raised[rows[0]] = raised
        return
    middle = len(rows) // 2
    for half in (rows[:middle], rows[middle:]):
        _predict(predict, data, half, isolated, announce)
