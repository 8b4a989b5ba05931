"""Whether two answers to the same rows say the same."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.check.outcome import BrokenPromiseError

Flags = npt.NDArray[np.bool_]

ROUNDING = 1e-6
"""Of matrix products, whose order of summation depends on the number of rows: relative, and absolute below 1."""

EXACT_SCRIPTS = ("xgboost_model", "smiles_to_2d", "smiles_to_fingerprints", "standardize")
"""Built-in scripts that compute each row by itself: the same bits, whatever is beside it."""


def tolerance_of(script: str | None) -> float:
    """How far answers to the same row may differ: not at all for `EXACT_SCRIPTS`, else by `ROUNDING`."""
    return 0.0 if script in EXACT_SCRIPTS else ROUNDING


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Where two answers differ.

    Attributes:
        row: the first row that differs, counted from 0.
        column: the first column of it that does.
        rows: how many rows differ.
        by: the largest difference of that column's numbers; ``None``: it holds other things.
    """

    row: int
    column: str
    rows: int
    by: float | None

    def __str__(self) -> str:
        by = "" if self.by is None else f" by up to {self.by:.3g}"
        return f"row {self.row}: {self.column!r} differs{by} ({self.rows} row{'s' * (self.rows != 1)} in all)"


def difference(expected: pd.DataFrame, got: pd.DataFrame, tolerance: float) -> Difference | None:
    """The first difference, or nothing where the answers agree; both have the same rows, by position."""
    if list(expected.columns) != list(got.columns):
        column = next((name for name in expected.columns if name not in got.columns), str(got.columns[-1]))
        return Difference(row=0, column=str(column), rows=len(expected), by=None)
    apart = {str(name): _apart(expected[name], got[name], tolerance) for name in expected.columns}
    rows = np.logical_or.reduce(list(apart.values()))
    if not rows.any():
        return None
    row = int(rows.argmax())
    column = next(name for name, differs in apart.items() if differs[row])
    return Difference(row=row, column=column, rows=int(rows.sum()), by=_distance(expected[column], got[column]))


def require_agreement(expected: pd.DataFrame, got: pd.DataFrame, tolerance: float, *, when: str, remedy: str) -> None:
    """Raises where the answers differ.

    Raises:
        BrokenPromiseError: says ``when`` they differ, and where.
    """
    if found := difference(expected, got, tolerance):
        raise BrokenPromiseError(f"{when}, {found}", remedy)


def _apart(expected: "pd.Series[Any]", got: "pd.Series[Any]", tolerance: float) -> Flags:
    ours, theirs = expected.reset_index(drop=True), got.reset_index(drop=True)
    absent = ours.isna().to_numpy() & theirs.isna().to_numpy()
    if _is_float(ours) and _is_float(theirs):
        one, other = ours.to_numpy(dtype=float), theirs.to_numpy(dtype=float)
        with np.errstate(invalid="ignore"):
            near = np.abs(one - other) <= tolerance * np.maximum(1.0, np.abs(one))
        apart: Flags = ~(near | (one == other) | absent)
        return apart
    pairs = zip(ours.astype(object), theirs.astype(object), strict=True)
    same = np.array([pd.api.types.is_bool(equal := a == b) and bool(equal) for a, b in pairs], dtype=bool)
    return np.logical_not(same | absent)


def _distance(expected: "pd.Series[Any]", got: "pd.Series[Any]") -> float | None:
    if not (_is_float(expected) and _is_float(got)):
        return None
    apart = np.abs(expected.to_numpy(dtype=float) - got.to_numpy(dtype=float))
    return float(np.nanmax(apart)) if np.isfinite(apart).any() else None


def _is_float(column: "pd.Series[Any]") -> bool:
    return bool(pd.api.types.is_float_dtype(column.dtype))
