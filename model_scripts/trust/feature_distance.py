"""The nearest training rows of a model that reads features alone, and whether a row lies in the domain they span.

The distance of two rows is Euclidean, over columns made comparable: a number's difference is divided by the column's
interquartile range among the training rows (by its standard deviation where that range is zero; a constant column's
numbers say nothing and are left out), and two different categories differ by 1. A missing number stands at the column's
median, and a missing value of either kind differs from a present one by 1 besides; so a row far from all others is not
near to those that lack what makes it far. Two random rows of a normally distributed column differ by 1.05 interquartile
ranges (root mean square), so that each kind of difference weighs about the same.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from model_scripts.inputs import MatrixColumn
from model_scripts.member import Floats
from model_scripts.trust.arrays import array_to_texts, pack, texts_to_array, unpack
from model_scripts.trust.nearest import Nearest, id_order, ids_at, values_at

NEIGHBOURS = 5
"""Their mean distance is ``nn_distance``; of fewer training rows, all."""
PERCENTILE = 95
"""Of the training rows' distances to each other, beyond which a row is outside the domain."""
MOST_ROWS = 5_000
"""Training rows kept for comparison; of more, a sample with a fixed seed."""

_FARTHEST = np.float32(1e15)
"""In scales; the square of a difference still fits a float32."""

Matrix = npt.NDArray[np.float32]
Digests = npt.NDArray[np.uint64]


@dataclass(frozen=True, kw_only=True)
class ScaledColumn:
    """One column of the kept training rows.

    Attributes:
        values: float32 ``[rows]``: numbers in units of their scale, `centre` where one is missing; or categories, NaN
            where one is missing.
        missing: the rows without a value.
        centre: where a missing number stands; NaN for categories.
    """

    values: Matrix
    missing: npt.NDArray[np.intp]
    centre: np.float32

    @classmethod
    def of(cls, scaled: Matrix, centre: np.float32) -> Self:
        """The column of these values, NaN where one is missing."""
        missing = np.isnan(scaled)
        return cls(values=np.where(missing, centre, scaled), missing=np.flatnonzero(missing), centre=centre)

    def scaled(self) -> Matrix:
        """The values of `of`."""
        scaled = self.values.copy()
        scaled[self.missing] = np.nan
        return scaled

    def squares(self, value: np.float32) -> Matrix:
        """Squared difference of each row from a value, float32 ``[rows]``."""
        absent = np.isnan(value)
        if np.isnan(self.centre):
            squares = np.asarray(self.values != value, dtype=np.float32)  # NaN differs from everything
            squares[self.missing] = 0 if absent else 1
            return squares
        squares = np.asarray(np.square(self.values - (self.centre if absent else value)))
        if absent:
            squares += 1
        squares[self.missing] += -1 if absent else 1
        return squares


@dataclass(frozen=True, kw_only=True)
class TrainingRows:
    """The training rows, by ascending id.

    Attributes:
        columns: of the kept rows.
        scales: float32 ``[columns]``: of a number its interquartile range, of categories 1, of a constant column
            infinity, which makes its differences zero.
        ids: of each kept row, text.
        digests: uint64 ``[kept rows]``: of each row's contents.
        known: uint64, ascending: the digests of *all* training rows, so that ``in_training`` misses none.
        values: float64 ``[kept rows]``: what was measured; ``None`` for several targets.
        threshold: a row whose mean distance to its `NEIGHBOURS` nearest training rows is at most this is in the domain:
            the 95th percentile (the higher of two neighbouring values) of the kept rows' own. NaN, so that none is in
            the domain, when all rows are equal.
    """

    columns: tuple[ScaledColumn, ...]
    scales: Matrix
    ids: tuple[str, ...]
    digests: Digests
    known: Digests
    values: Floats | None
    threshold: float

    @classmethod
    def build(cls, matrix: Matrix, columns: Sequence[MatrixColumn], ids: Sequence[str], values: Floats | None) -> Self:
        """The set of these rows.

        Args:
            matrix: float32 ``[rows, columns]``, NaN where a value is missing; no infinities.
            columns: what the columns are.
            ids: what callers know the rows by; ties between neighbours go to the smallest, see `id_order`.
            values: float64 ``[rows]``; for a classification the positions of the classes.
        """
        digests = _digests(matrix)
        scales = np.array([_scale(*pair) for pair in zip(matrix.T, columns, strict=True)], dtype=np.float32)
        centres = np.array([_centre(*pair) for pair in zip(matrix.T, columns, strict=True)], dtype=np.float32)
        kept = np.array(id_order(ids), dtype=np.intp)[_sample(len(ids))]
        rows = cls(
            columns=_columns(np.ascontiguousarray(_scaled(matrix[kept], scales).T), _scaled(centres, scales)),
            scales=scales,
            ids=tuple(ids[row] for row in kept),
            digests=digests[kept],
            known=np.unique(digests),
            values=None if values is None else values[kept],
            threshold=float("nan"),
        )
        return replace(rows, threshold=_threshold(rows.nearest(matrix[kept]).scores))

    def nearest(self, matrix: Matrix) -> Nearest:
        """The nearest training rows of each row, other than rows equal to it.

        Each row is worked on by itself, so that its numbers do not depend on the rows beside it.

        Args:
            matrix: float32 ``[rows, columns]``, NaN where a value is missing; no infinities.
        """
        digests = _digests(matrix)
        in_training = _among(digests, self.known)
        rows = zip(_scaled(matrix, self.scales), digests, in_training, strict=True)
        found = [
            self._nearest(row, np.flatnonzero(self.digests == digest) if known else ()) for row, digest, known in rows
        ]
        scores = np.array([score for score, _ in found], dtype=np.float64)
        places = [place for _, place in found]
        return Nearest(
            measure="distance",
            scores=scores,
            ids=ids_at(self.ids, places),
            values=values_at(self.values, places),
            in_training=in_training,
            in_domain=scores <= self.threshold,
        )

    def _nearest(self, row: Matrix, equal: npt.NDArray[np.intp] | tuple[()]) -> tuple[float, int | None]:
        """Mean distance of the nearest, and the position of the first nearest; NaN and None where all are equal."""
        squares = np.zeros(len(self.ids), dtype=np.float32)
        for value, column in zip(row, self.columns, strict=True):
            squares += column.squares(value)
        squares[list(equal)] = np.inf
        few = min(NEIGHBOURS, len(squares) - len(equal))
        if not few:
            return float("nan"), None
        closest = np.sort(np.partition(squares, few - 1)[:few]).astype(np.float64)
        return float(np.sqrt(closest).mean()), int(np.argmin(squares))

    def to_bytes(self) -> bytes:
        """The file for the bundle, a ``.npz`` without pickle; the same rows always give the same bytes."""
        arrays = {
            "scaled": np.stack([column.scaled() for column in self.columns]),
            "centres": np.array([column.centre for column in self.columns]),
            "scales": self.scales,
            "ids": texts_to_array(self.ids),
            "digests": self.digests,
            "known": self.known,
            "threshold": np.array(self.threshold),
        }
        return pack(arrays if self.values is None else {**arrays, "values": self.values})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The rows of `to_bytes`."""
        arrays = unpack(data)
        return cls(
            columns=_columns(arrays["scaled"], arrays["centres"]),
            scales=arrays["scales"],
            ids=array_to_texts(arrays["ids"]),
            digests=arrays["digests"],
            known=arrays["known"],
            values=arrays.get("values"),
            threshold=float(arrays["threshold"]),
        )


def _columns(scaled: Matrix, centres: Matrix) -> tuple[ScaledColumn, ...]:
    return tuple(ScaledColumn.of(values, centre) for values, centre in zip(scaled, centres, strict=True))


def _scale(values: Matrix, column: MatrixColumn) -> float:
    """What differences are divided by."""
    known = values[~np.isnan(values)].astype(np.float64)
    if column.categories:
        return 1
    if not len(known) or known.min() == known.max():
        return float("inf")
    low, high = np.percentile(known, (25, 75))
    return float((high - low) or known.std())


def _centre(values: Matrix, column: MatrixColumn) -> float:
    """The median of numbers, 0 where none is known; NaN of categories."""
    known = values[~np.isnan(values)].astype(np.float64)
    if column.categories:
        return float("nan")
    return float(np.median(known)) if len(known) else 0.0


def _threshold(distances: Floats) -> float:
    known = distances[~np.isnan(distances)]
    return float(np.percentile(known, PERCENTILE, method="higher")) if len(known) else float("nan")


def _scaled(matrix: Matrix, scales: Matrix) -> Matrix:
    """Rows in units of the scales, float32 ``[…, columns]``, within ± `_FARTHEST`."""
    with np.errstate(over="ignore"):
        return np.asarray(np.clip(matrix / scales, -_FARTHEST, _FARTHEST))


def _sample(rows: int) -> npt.NDArray[np.intp]:
    """Positions to keep, ascending."""
    if rows <= MOST_ROWS:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False))


def _among(digests: Digests, known: Digests) -> npt.NDArray[np.bool_]:
    """Whether each is among the known ones, which ascend; `numpy.isin` would sort them for every request."""
    places = np.minimum(np.searchsorted(known, digests), len(known) - 1)
    return np.asarray(known[places] == digests)


def _digests(matrix: Matrix) -> Digests:
    """64 bits of BLAKE2b of each row; -0 counts as 0, and every NaN as the same."""
    plain = matrix + np.float32(0)
    plain[np.isnan(plain)] = np.nan
    hashes = b"".join(hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in plain)
    return np.frombuffer(hashes, dtype="<u8").astype(np.uint64)
