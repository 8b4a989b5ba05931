"""What is told of a row's nearest training rows, whether they are near by structure or by features."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from model_scripts.member import Floats

Measure = Literal["similarity", "distance"]

_INTEGER = re.compile(r"-?[0-9]+")


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """Of each row asked about, its nearest training row.

    Attributes:
        measure: whether ``scores`` are similarities (1 is the same) or distances (0 is the same).
        scores: float64 ``[rows]``; NaN where the training set holds nothing else.
        ids: object ``[rows]``: the nearest one's id, text; None where there is none. Of several as near, the smallest.
        values: float64 ``[rows]``: its measured value, or the position of its class; ``None``: none are kept, as for
            several targets.
        in_training: boolean ``[rows]``: whether the row is itself in the training set; the rest is then about the
            nearest *other* one.
        in_domain: boolean ``[rows]``: whether the row is as near to the training set as all but the most remote
            twentieth of the training rows are to the others. A training row of that twentieth is outside, too.
    """

    measure: Measure
    scores: Floats
    ids: npt.NDArray[np.object_]
    values: Floats | None
    in_training: npt.NDArray[np.bool_]
    in_domain: npt.NDArray[np.bool_]


def id_order(ids: Sequence[str]) -> list[int]:
    """Positions of the ids from the smallest to the largest.

    As numbers when every one is a whole number, else as text; equal ones stay in the order given.
    """
    if all(_INTEGER.fullmatch(one) for one in ids):
        return sorted(range(len(ids)), key=lambda position: (int(ids[position]), ids[position]))
    return sorted(range(len(ids)), key=lambda position: ids[position])


def ids_at(ids: Sequence[str], places: Sequence[int | None]) -> npt.NDArray[np.object_]:
    """The ids at these positions, an object array ``[places]``; None where there is no position."""
    array: npt.NDArray[Any] = np.empty(len(places), dtype=object)
    array[:] = [None if place is None else ids[place] for place in places]
    return array


def values_at(values: Floats | None, places: Sequence[int | None]) -> Floats | None:
    """The values at these positions, float64 ``[places]``, NaN where there is no position; ``None`` of ``None``."""
    if values is None:
        return None
    return np.array([np.nan if place is None else values[place] for place in places], dtype=np.float64)
