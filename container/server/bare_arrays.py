"""Rows without column names, as the SageMaker toolkits exchange them: CSV without a header, JSON lists of numbers.

Source: aws/sagemaker-inference-toolkit, ``decoder.py`` and ``encoder.py``.
"""

import csv
import io
import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.wire.columns import Reason
from chem_endpoints.wire.content_types import CSV, JSON
from chem_endpoints.wire.errors import NotAcceptableError, WireError
from chem_endpoints.wire.typed_columns import typed
from container.server.script_error import ScriptError


@dataclass(frozen=True, kw_only=True)
class BareRows:
    """Rows without names, as ``predict_fn`` gets them.

    Attributes:
        data: float64 array ``[rows, columns]``, a missing number being NaN; or the DataFrame as it came.
        reasons: position of a row that cannot be predicted → why.
    """

    data: "npt.NDArray[np.float64] | pd.DataFrame"
    reasons: dict[int, str]


def as_array(frame: pd.DataFrame) -> BareRows:
    """The array of a body without names; a body with names, or one whose every row holds text, stays as it came.

    Raises:
        WireError: the first row holds text alone, the others numbers: a header line, which would count as a row.
    """
    if len(frame) == 0 or list(frame.columns) != [str(position) for position in range(frame.shape[1])]:
        return BareRows(data=frame, reasons={})
    columns = [typed(frame.iloc[:, position], "float64", infinite=True) for position in range(frame.shape[1])]
    text: npt.NDArray[np.bool_] = np.column_stack([column.malformed for column in columns])
    texts: npt.NDArray[np.bool_] = np.any(text, axis=1)
    if texts.all():
        return BareRows(data=frame, reasons={})
    if np.all(text[0]) and not texts[1:].any():
        raise WireError("the first row holds text, the others numbers: this model reads rows without a header line")
    numbers = [column.values.to_numpy(dtype="float64", na_value=math.nan) for column in columns]
    reason = Reason.INVALID_VALUE.because("every cell must hold a number")
    return BareRows(data=np.column_stack(numbers), reasons={int(row): reason for row in np.flatnonzero(texts)})


def write_array(result: Any, content_type: str, *, rows: int) -> bytes:
    """Writes one prediction per row, without names; a missing number is JSON's ``null`` or an empty cell.

    Raises:
        ScriptError: there are not as many predictions as rows, or one of them has no text form.
        NotAcceptableError: the format needs column names.
    """
    if content_type not in (CSV, JSON):
        raise NotAcceptableError(f"the model returns numbers without names, which {content_type} cannot carry")
    cells = result.tolist() if hasattr(result, "tolist") else result  # arrays, Series and tensors
    if not isinstance(cells, list) or len(cells) != rows:
        told = f"{len(cells)} predictions" if isinstance(cells, list) else f"a {type(result).__name__}"
        raise ScriptError(f"predict_fn got {rows} rows and returned {told}; output_fn could say what that means")
    plain = [_plain(cell) for cell in cells]
    return _csv_lines(plain) if content_type == CSV else _json_list(plain)


def _plain(cell: Any) -> Any:
    """Python's own values, lists for tuples and arrays, ``None`` for NaN, JSON's texts for the infinities."""
    if isinstance(cell, list | tuple | np.ndarray):
        return [_plain(item) for item in cell]
    value = cell.item() if isinstance(cell, np.generic) else cell
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    return value


def _csv_lines(cells: list[Any]) -> bytes:
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows(cell if isinstance(cell, list) else [cell] for cell in cells)
    return lines.getvalue().encode()


def _json_list(cells: list[Any]) -> bytes:
    try:
        return json.dumps(cells, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise ScriptError(f"a prediction cannot be written as JSON ({type(error).__name__})") from None
