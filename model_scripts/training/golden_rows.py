"""Golden rows: what the bundle itself, unpacked and loaded as it will be, says of a few rows."""

import importlib
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from chem_endpoints.wire.answers import assemble_answer
from chem_endpoints.wire.bundle import unpack, write_bundle
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.manifest import Cell, GoldenRows, Manifest

UNKNOWN = GoldenRows(input={}, output={}, relative_tolerance=1)
"""Of a draft, before its golden rows are known."""


class GoldenRowError(RuntimeError):
    """A bundle that cannot predict its own golden rows: a fault of the script, told before anybody serves it."""


def golden_rows(draft: Manifest, files: dict[str, bytes], rows: pd.DataFrame, relative_tolerance: float) -> GoldenRows:
    """Predicts ``rows`` (the draft's features, typed) with the bundle.

    Raises:
        GoldenRowError: the bundle's script raises, or does not return what the manifest declares.
    """
    script = importlib.import_module(f"model_scripts.{draft.script}")
    with tempfile.TemporaryDirectory() as folder:
        packed, unpacked = Path(folder) / "model.tar.gz", Path(folder) / "model"
        write_bundle(packed, draft, files)
        unpack(packed, unpacked)
        predicted = script.predict_fn(rows, script.model_fn(str(unpacked)))
    missing = [output.name for output in draft.outputs if output.name not in predicted.columns]
    if missing:
        raise GoldenRowError(f"the script {draft.script!r} did not add the declared columns {missing}")
    answer = assemble_answer(predicted, draft.outputs, rows=len(rows), reasons={})
    return GoldenRows(
        input={name: _cells(rows[name]) for name in rows.columns},
        output={name: _cells(answer[name]) for name in (*(o.name for o in draft.outputs), PREDICTION_ERROR)},
        relative_tolerance=relative_tolerance,
    )


def _cells(column: "pd.Series[Any]") -> list[Cell]:
    return [None if cell is pd.NA or cell != cell else cell for cell in column.tolist()]
