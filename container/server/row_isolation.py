"""Isolation for bodies of which only the script knows the columns: frames, arrays and lists alike."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from chem_endpoints.wire.rows import NO_ROW
from container.server import isolation
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
        reasons: row → the cell that tells why it has no prediction.
    """

    pieces: list[Piece]
    reasons: dict[int, str]


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
    rows = [row for row in range(len(data)) if row not in skip]
    isolated = isolation.predict_isolating(
        rows, 0, lambda part: predict(take_rows(data, part)), _Announced(expect=announce)
    )
    announce([])
    reasons = set(isolated.reasons.values())
    if len(isolated.reasons) > 1 and not isolated.predicted and len(reasons) == 1:
        raise ScriptError(f"predict_fn fails for each of {len(isolated.reasons)} rows ({reasons.pop()})")
    return IsolatedPrediction(
        pieces=[Piece(rows=part, result=result) for part, result in isolated.predicted], reasons=isolated.reasons
    )


@dataclass(frozen=True, kw_only=True)
class _Announced:
    """Work that is announced from here only."""

    expect: Announce
    last: int = NO_ROW
