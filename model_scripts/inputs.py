"""What a model computes from: rows as numbers, as molecules, or both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, kw_only=True)
class MatrixColumn:
    """A column of `Inputs.matrix`.

    Attributes:
        name: of the feature or descriptor.
        categories: what the column holds positions (0, 1, …) of; empty: it holds numbers.
        missing: whether a row may lack a value.
    """

    name: str
    categories: tuple[str, ...] = ()
    missing: bool = False


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Rows that a model can take, in order.

    Attributes:
        matrix: float32 ``[rows, columns]``, NaN where a value is missing; may have no column.
        columns: what the matrix' columns are.
        molecules: one sanitised, standardised RDKit molecule per row; ``None``: the model reads no structure.
    """

    matrix: npt.NDArray[np.float32]
    columns: tuple[MatrixColumn, ...]
    molecules: Sequence[Any] | None = None

    def __len__(self) -> int:
        return len(self.matrix)

    def take(self, rows: npt.NDArray[np.intp]) -> "Inputs":
        """These rows, in this order."""
        molecules = None if self.molecules is None else [self.molecules[row] for row in rows]
        return Inputs(matrix=self.matrix[rows], columns=self.columns, molecules=molecules)
