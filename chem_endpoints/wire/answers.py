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
    # Columns are put together at once: hundreds of insertions into a frame take seconds.
    missing: dict[bool, Any] = {True: float("nan"), False: None}
    columns = {
        output.name: pd.Series([missing[output.dtype == "float64"]] * rows, dtype=PANDAS_DTYPES[output.dtype])
        for output in outputs
    }
    errors = pd.Series([""] * rows, dtype="str")
    return pd.DataFrame({**columns, PREDICTION_ERROR: errors}, index=pd.RangeIndex(rows))


def assemble_answer(
    predicted: pd.DataFrame, outputs: Sequence[Output], *, rows: int, reasons: Mapping[int, str]
) -> pd.DataFrame:
    """Puts predicted rows (index: positions in the request) and reasons together, one per row asked for.

    A row with a reason has no outputs, whatever the model said of it.
    """
    told: dict[int, str] = {}
    if PREDICTION_ERROR in predicted:
        told.update(zip(predicted.index, predicted[PREDICTION_ERROR].fillna(""), strict=True))
    told.update(reasons)
    errors = pd.Series([told.get(row, "") for row in range(rows)], dtype="str")
    failed = errors != ""
    # Numbers as one block: handled column by column, hundreds of them take longer than the model.
    names = [output.name for output in outputs if output.dtype == "float64"]
    numbers = predicted[names].reindex(errors.index).to_numpy(dtype="float64", copy=True, na_value=float("nan"))
    numbers[failed.to_numpy()] = float("nan")
    others: dict[str, pd.Series[Any]] = {}
    for output in outputs:
        if output.dtype != "float64":
            values = predicted[output.name].astype(pd.api.types.pandas_dtype(PANDAS_DTYPES[output.dtype]))
            others[output.name] = values.reindex(errors.index).mask(failed)
    others[PREDICTION_ERROR] = errors
    blocks = [pd.DataFrame(numbers, columns=names, index=errors.index), pd.DataFrame(others, index=errors.index)]
    return pd.concat(blocks, axis=1)[[*(output.name for output in outputs), PREDICTION_ERROR]]


def restore_answer(frame: pd.DataFrame, outputs: Sequence[Output]) -> pd.DataFrame:
    """The added columns of an answer that travelled, in their declared types and order.

    Raises:
        WireError: a column is absent or holds something else than declared.
    """
    restored: dict[str, pd.Series[Any]] = {}
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
    return pd.DataFrame(restored, index=frame.index)
