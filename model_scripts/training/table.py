"""The training table: read from a CSV file, checked row by row, never silently shortened."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.wire.columns import INTERVAL_HIGH, INTERVAL_LOW, PREDICTION, PREDICTION_ERROR
from chem_endpoints.wire.csv_format import read_csv
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.manifest import Feature
from chem_endpoints.wire.typed_columns import typed
from model_scripts.chemistry.featurise import featurise
from model_scripts.chemistry.identity import compound_key
from model_scripts.chemistry.scaffolds import scaffold_key
from model_scripts.chemistry.smiles import parse_smiles


class TrainingError(Exception):
    """Why no model can be trained; names the file, the row or the column, and what to do."""


MIN_ROWS = 20
MAX_FLOAT32 = float(np.finfo(np.float32).max)
RESERVED = {PREDICTION, INTERVAL_LOW, INTERVAL_HIGH, PREDICTION_ERROR}


@dataclass(frozen=True, kw_only=True)
class TrainingTable:
    """What a family trains on.

    Attributes:
        inputs: the columns that the served model will read, as they were in the file, one row per usable row.
        matrix: features float32 ``[rows, features]``.
        target: float64 ``[rows]``.
        compounds: group of each row for random splits: rows of one compound share it.
        scaffolds: group of each row for scaffold splits; ``None`` without SMILES.
        skipped: line in the file → why the row is not used.
        sha256: digest of the file.
    """

    inputs: pd.DataFrame
    matrix: npt.NDArray[np.float32]
    target: npt.NDArray[np.float64]
    compounds: list[str]
    scaffolds: list[str] | None
    skipped: dict[int, str]
    sha256: str


def read_table(path: Path, *, target: str, smiles: str | None, features: Sequence[str]) -> TrainingTable:
    """Reads a CSV file with a target and either a SMILES column or numeric feature columns.

    Rows without a finite target or with an unusable input are listed in ``skipped``.

    Raises:
        TrainingError: the file or a column is missing, or fewer than `MIN_ROWS` usable rows remain.
    """
    frame, sha256 = _read_file(path)
    wanted = [target, *([smiles] if smiles else features)]
    absent = [name for name in wanted if name not in frame.columns]
    if absent:
        raise TrainingError(f"{path}: no column {absent}; the file has {list(frame.columns)}")
    doubled = sorted({name for name in wanted if wanted.count(name) + list(frame.columns).count(name) > 2})
    if doubled:
        raise TrainingError(f"{path}: the columns {doubled} are named twice; name each column once")
    reserved = sorted(RESERVED.intersection(features))
    if reserved:
        raise TrainingError(f"{path}: {reserved} are names of the model's answers; rename these features")
    measured = typed(frame[target], "float64")
    unmeasured = np.flatnonzero(measured.values.isna()).tolist()
    matrix, reasons = featurise(frame[smiles].tolist()) if smiles else _numeric_matrix(frame[list(features)])
    skipped = {**reasons, **dict.fromkeys(unmeasured, f"no number in {target!r}")}
    used = [row for row in range(len(frame)) if row not in skipped]
    if len(used) < MIN_ROWS:
        raise TrainingError(f"{path}: {len(used)} usable rows, at least {MIN_ROWS} are needed")
    inputs = frame.loc[used, [smiles] if smiles else list(features)].reset_index(drop=True)
    molecules = [parse_smiles(text) for text in inputs[smiles]] if smiles else []
    return TrainingTable(
        inputs=inputs,
        matrix=matrix[used],
        target=measured.values.to_numpy()[used],
        compounds=[compound_key(m) for m in molecules] if smiles else [str(row) for row in used],
        scaffolds=[scaffold_key(m) for m in molecules] if smiles else None,
        skipped={row + 2: reason for row, reason in sorted(skipped.items())},  # line 1 is the header
        sha256=sha256,
    )


def _read_file(path: Path) -> tuple[pd.DataFrame, str]:
    try:
        body = path.read_bytes()
        return read_csv(body), hashlib.sha256(body).hexdigest()
    except FileNotFoundError:
        raise TrainingError(f"{path}: no such file") from None
    except OSError as error:
        raise TrainingError(f"{path}: {error.strerror}") from None
    except WireError as error:
        raise TrainingError(f"{path}: {error}") from None


def _numeric_matrix(frame: pd.DataFrame) -> tuple[npt.NDArray[np.float32], dict[int, str]]:
    columns = {name: typed(frame[name], "float64") for name in frame.columns}
    reasons = {
        row: f"no number in {name!r} that fits a 32-bit float"
        for name, column in columns.items()
        for row in np.flatnonzero(column.malformed | (column.values.abs() > MAX_FLOAT32)).tolist()
    }
    matrix = np.column_stack([column.values.to_numpy() for column in columns.values()])
    return np.where(np.abs(matrix) > MAX_FLOAT32, np.nan, matrix).astype(np.float32), reasons


def numeric_features(table: TrainingTable) -> tuple[Feature, ...]:
    """Declares each column; one that was complete in training must be complete when served."""
    return tuple(
        Feature(
            name=str(name),
            dtype="float64",
            missing="allow" if any(math.isnan(value) for value in table.matrix[:, position]) else "error",
        )
        for position, name in enumerate(table.inputs.columns)
    )
