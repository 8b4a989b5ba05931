"""Numbers and categories as a network takes them: no gaps, and a column for each category."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class EncodedColumn:
    """How one column is encoded.

    Attributes:
        categories: their number; 0: the column holds numbers.
        gaps: whether a value may be missing; it then has a column of its own that says so, which is trained.
        fill: what stands in the number's place beside that mark: the mean of the training rows.
    """

    categories: int = 0
    gaps: bool = False
    fill: float = 0.0

    @property
    def width(self) -> int:
        """Columns that it becomes."""
        return (self.categories or 1) + self.gaps

    def encode(self, values: npt.NDArray[np.float32]) -> Matrix:
        """float32 ``[rows, width]`` of float32 ``[rows]``; NaN only where a value is missing that may not be."""
        missing = np.isnan(values)
        encoded: Matrix
        if self.categories:
            encoded = (values[:, None] == np.arange(self.categories)).astype(np.float32)
        else:
            encoded = np.where(missing & self.gaps, np.float32(self.fill), values)[:, None]
        if self.gaps:
            marked: Matrix = np.column_stack([encoded, missing.astype(np.float32)])
            return marked
        encoded[missing] = np.nan
        return encoded


def encode(columns: tuple[EncodedColumn, ...], matrix: Matrix) -> Matrix:
    """float32 ``[rows, sum of the columns' widths]`` of float32 ``[rows, columns]``.

    Raises:
        ValueError: the matrix has another number of columns.
    """
    if matrix.shape[1] != len(columns):
        raise ValueError(f"{matrix.shape[1]} descriptor columns, the model reads {len(columns)}")
    encoded = [column.encode(matrix[:, number]) for number, column in enumerate(columns)]
    return np.column_stack([np.empty((len(matrix), 0), dtype=np.float32), *encoded])
