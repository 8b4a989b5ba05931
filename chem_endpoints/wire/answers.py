"""The columns that an answer adds: made by the server, restored by the client, of one fixed type each."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from chem_endpoints.wire.cell_numbers import kind_of
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.manifest import Output, answer_columns
from chem_endpoints.wire.typed_columns import PANDAS_DTYPES, typed


def empty_answer(outputs: Sequence[Output], rows: int) -> pd.DataFrame:
    """An answer without values: each output missing, each error empty."""
    index = pd.RangeIndex(rows)
    answer = pd.DataFrame(index=index)
    for output in outputs:
        missing: Any = float("nan") if output.dtype == "float64" else None
        answer[output.name] = pd.Series([missing] * rows, index=index, dtype=PANDAS_DTYPES[output.dtype])
    answer[PREDICTION_ERROR] = pd.Series([""] * rows, index=index, dtype="str")
    return answer


def assemble_answer(
    predicted: pd.DataFrame, outputs: Sequence[Output], *, rows: int, reasons: Mapping[int, str]
) -> pd.DataFrame:
    """Puts predicted rows (index: positions in the request) and reasons together, one per row asked for.

    A row with a reason has no outputs, whatever the model said of it.
    """
    answer = empty_answer(outputs, rows)
    for output in outputs:
        values = predicted[output.name].astype(pd.api.types.pandas_dtype(PANDAS_DTYPES[output.dtype]))
        answer[output.name] = values.reindex(answer.index)
    told: dict[int, str] = {}
    if PREDICTION_ERROR in predicted:
        told.update(zip(predicted.index, predicted[PREDICTION_ERROR].fillna(""), strict=True))
    told.update(reasons)
    answer[PREDICTION_ERROR] = pd.Series([told.get(row, "") for row in range(rows)], dtype="str")
    failed = answer[PREDICTION_ERROR] != ""
    for output in outputs:
        answer.loc[failed, output.name] = float("nan") if output.dtype == "float64" else pd.NA
    return answer


def restore_answer(frame: pd.DataFrame, outputs: Sequence[Output]) -> pd.DataFrame:
    """The added columns of an answer that travelled, in their declared types and order.

    Raises:
        WireError: a column is absent or holds something else than declared.
    """
    restored = pd.DataFrame(index=frame.index)
    for output in answer_columns(outputs):
        if output.name not in frame.columns:
            raise WireError(f"the answer lacks the column {output.name!r} that the manifest declares")
        if output.name == PREDICTION_ERROR:
            restored[output.name] = frame[output.name].fillna("").astype("str")
            continue
        column = typed(frame[output.name], output.dtype, infinite=True)
        if column.malformed.any():
            row = int(column.malformed.argmax())
            raise WireError(f"row {row} of the answer's column {output.name!r} does not hold {kind_of(output.dtype)}")
        restored[output.name] = column.values
    return restored
