"""The answer of a model with outputs of other types than float64, as a DataFrame."""

from typing import Any

import pandas as pd

from chem_endpoints.wire.answers import assemble_answer, empty_answer
from chem_endpoints.wire.cell_numbers import kind_of
from chem_endpoints.wire.manifest import Manifest, answer_columns
from chem_endpoints.wire.typed_columns import PANDAS_DTYPES
from container.server.answer import require_columns
from container.server.script_error import ScriptError


def frame_answer(
    predicted: list[tuple[list[int], pd.DataFrame]], manifest: Manifest, *, rows: int, reasons: dict[int, str]
) -> pd.DataFrame:
    """Puts predicted rows (positions, values) and reasons together."""
    parts = [part.set_axis(positions, axis="index") for positions, part in predicted]
    together = pd.concat(parts) if parts else empty_answer(manifest.outputs, 0)
    return assemble_answer(together, manifest.outputs, rows=rows, reasons=reasons)


def checked_frame(predicted: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    """What a script returned, with the declared columns in their types.

    Raises:
        ScriptError: it lacks a column, or holds something else than declared.
    """
    wanted = [output.name for output in answer_columns(manifest.outputs)]
    require_columns(manifest, predicted.columns)
    typed = predicted[[name for name in wanted if name in predicted.columns]]
    declared = {output.name: pd.api.types.pandas_dtype(PANDAS_DTYPES[output.dtype]) for output in manifest.outputs}
    present = dict(zip(typed.columns, typed.dtypes, strict=True))
    other = {name: dtype for name, dtype in declared.items() if present[name] != dtype}
    try:
        return typed.astype(other) if other else typed
    except (TypeError, ValueError):
        raise ScriptError(_misfit(typed, manifest, other)) from None


def _misfit(typed: pd.DataFrame, manifest: Manifest, other: dict[str, Any]) -> str:
    """What the first column that cannot be read as declared should hold."""
    kinds = {output.name: kind_of(output.dtype) for output in manifest.outputs}
    for name, dtype in other.items():
        try:
            typed[name].astype(dtype)
        except (TypeError, ValueError):
            return f"predict_fn's column {name!r} does not hold {kinds[name]}"
    return "predict_fn's columns do not hold what the manifest declares"
