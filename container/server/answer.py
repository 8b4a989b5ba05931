"""What the server answers for some rows: the added columns, each row with its outputs or its reason."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chem_endpoints.wire.cell_numbers import kind_of
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.csv_cells import float_cells, text_cell
from chem_endpoints.wire.manifest import Manifest
from container.server.script_error import ScriptError

if TYPE_CHECKING:
    import pandas as pd

Columns = dict[str, npt.NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class NumberAnswer:
    """An answer of a model all of whose outputs are float64, without the cost of a DataFrame.

    Attributes:
        columns: output → float64 ``[rows]``; NaN where a row has a reason.
        reasons: row → why it has no outputs.
    """

    columns: Columns
    reasons: dict[int, str]
    rows: int

    def frame(self) -> "pd.DataFrame":
        """The same as a DataFrame, with the error column last."""
        import pandas as pd

        errors = [self.reasons.get(row, "") for row in range(self.rows)]
        return pd.DataFrame(
            {**self.columns, PREDICTION_ERROR: pd.Series(errors, dtype="str")}, index=pd.RangeIndex(self.rows)
        )

    def cells(self) -> list[bytes]:
        """Each row's CSV cells, as `chem_endpoints.wire.csv_cells.added_cells` writes them."""
        errors = [b""] * self.rows
        for row, reason in self.reasons.items():
            errors[row] = text_cell(reason.encode("utf-8", "replace"))
        return list(map(b",".join, zip(*map(float_cells, self.columns.values()), errors, strict=True)))


def only_numbers(manifest: Manifest) -> bool:
    """Whether every output is a float64."""
    return all(output.dtype == "float64" for output in manifest.outputs)


def number_answer(
    predicted: list[tuple[list[int], Columns]], manifest: Manifest, *, rows: int, reasons: dict[int, str]
) -> NumberAnswer:
    """Puts predicted rows (positions, values) and reasons together."""
    columns = {}
    for output in manifest.outputs:
        if len(predicted) == 1 and len(predicted[0][0]) == rows and not reasons:
            columns[output.name] = predicted[0][1][output.name]
            continue
        values = np.full(rows, np.nan)
        for positions, part in predicted:
            values[positions] = part[output.name]
        values[list(reasons)] = np.nan
        columns[output.name] = values
    return NumberAnswer(columns=columns, reasons=reasons, rows=rows)


def checked_numbers(predicted: Any, manifest: Manifest, *, rows: int) -> Columns:
    """What ``predict_matrix_fn`` returned, or the columns of ``predict_fn``, as float64 arrays.

    Raises:
        ScriptError: a column is missing, of another length, or holds no numbers.
    """
    require_columns(manifest, predicted)
    columns = {}
    for output in manifest.outputs:
        try:
            values = _float64(predicted[output.name])
        except (TypeError, ValueError):
            raise ScriptError(f"the script's column {output.name!r} does not hold {kind_of(output.dtype)}") from None
        if values.shape != (rows,):
            raise ScriptError(f"the script got {rows} rows and returned {values.shape} values of {output.name!r}")
        columns[output.name] = values
    return columns


def _float64(column: Any) -> npt.NDArray[np.float64]:
    if isinstance(column, np.ndarray):
        return np.asarray(column, dtype=np.float64)
    if hasattr(column, "to_numpy"):  # a pandas column, which may say <NA>
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.asarray(column, dtype=np.float64)


def require_columns(manifest: Manifest, present: Any) -> None:
    """Checks that every output is there.

    Raises:
        ScriptError: one is not.
    """
    missing = [output.name for output in manifest.outputs if output.name not in present]
    if missing:
        raise ScriptError(f"the script did not add the declared columns {missing}")
