"""A trained bundle, loaded: what its members predict of a row, and how far to trust it, whatever the family."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.columns import PREDICTION_ERROR, SALT, SMILES_USED, UNDEFINED_CHIRAL_CENTERS, Reason
from chem_endpoints.wire.manifest import MANIFEST_NAME, Manifest
from model_scripts.inputs import Inputs
from model_scripts.member import Floats, Member
from model_scripts.reading import Read, Reader, reader_of
from model_scripts.task import Kind, Task
from model_scripts.trust.calibration import Calibration
from model_scripts.trust.columns import neighbour_columns, trust_columns
from model_scripts.trust.ensemble import mean_and_std

if TYPE_CHECKING:  # numbers are served without
    import pandas as pd

    from model_scripts.trust.feature_distance import TrainingRows
    from model_scripts.trust.neighbours import TrainingSet

CALIBRATION_FILE = "calibration.npz"
TRAINING_SET_FILE = "training_set.npz"
TRAINING_ROWS_FILE = "training_rows.npz"

_NO_NUMBER = Reason.MISSING_VALUE.because(
    "the model has no finite number for this row: a value is missing that no training row lacked, or is far beyond them"
)

Columns = dict[str, npt.NDArray[Any]]
LoadMember = Callable[[Path, str], Member]
Together = Callable[[Sequence[Member], Inputs], Floats]
Explain = Callable[["ServedModel", Read], Columns]


def one_by_one(members: Sequence[Member], inputs: Inputs) -> Floats:
    """Predictions of the members, float64 ``[members, rows, outputs]``."""
    return np.stack([member.predict(inputs) for member in members])


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A loaded bundle.

    Attributes:
        manifest: of the bundle.
        task: what is predicted.
        reader: reads rows as in training.
        refits: members trained on all rows; their mean is the prediction.
        folds: members of the cross-validation.
        calibration: errors on the rows held out; ``None`` without cross-validation.
        training_set: finds the nearest training compound; ``None`` where the bundle keeps none.
        training_rows: the same for a model without structures.
        together: predicts with several members, float64 ``[members, rows, outputs]``; families whose members share
            work have their own.
    """

    manifest: Manifest
    task: Task
    reader: Reader
    refits: tuple[Member, ...]
    folds: tuple[Member, ...]
    calibration: Calibration | None
    training_set: "TrainingSet | None" = None
    training_rows: "TrainingRows | None" = None
    together: Together = one_by_one

    def mean(self, inputs: Inputs) -> Floats:
        """The prediction alone, float64 ``[rows, outputs]``: the mean of the refits."""
        return mean_and_std(self.together(self.refits, inputs))[0]

    def number_columns(self, inputs: Inputs, refits: Floats | None = None) -> Columns:
        """What the members say, and the doubt about it, by output column; ``[rows]`` each.

        Args:
            inputs: the rows.
            refits: what the refits say of them, float64 ``[refits, rows, outputs]``, where that is known.
        """
        folds = self.together(self.folds, inputs) if self.folds else None
        predicted = self.together(self.refits, inputs) if refits is None else refits
        return trust_columns(self.task, predicted, folds, self.calibration)


def load_model(model_dir: str, load_member: LoadMember, together: Together = one_by_one) -> ServedModel:
    """Loads the artifacts of a verified bundle.

    Raises:
        BundleError: the bundle has no members, or needs structures or descriptors that this code does not compute.
    """
    folder = Path(model_dir)
    manifest = Manifest.model_validate_json((folder / MANIFEST_NAME).read_bytes())
    if manifest.ensemble is None or manifest.task == "features":
        raise BundleError(f"{MANIFEST_NAME}: a bundle of {manifest.script!r} must say how many members it holds")
    calibration = folder / CALIBRATION_FILE
    return ServedModel(
        manifest=manifest,
        task=task_of(manifest),
        reader=reader_of(manifest),
        refits=tuple(load_member(folder, f"refit_{number}") for number in range(manifest.ensemble.refits)),
        folds=tuple(load_member(folder, f"fold_{number}") for number in range(manifest.ensemble.folds)),
        calibration=Calibration.from_bytes(calibration.read_bytes()) if calibration.exists() else None,
        training_set=_training_set(folder / TRAINING_SET_FILE),
        training_rows=_training_rows(folder / TRAINING_ROWS_FILE),
        together=together,
    )


def task_of(manifest: Manifest) -> Task:
    """What a trained bundle predicts."""
    kind: Kind = "classification" if manifest.task == "classification" else "regression"
    return Task(kind=kind, targets=tuple(target.name for target in manifest.targets), classes=manifest.classes)


def predict(
    df: "pd.DataFrame", model: ServedModel, asked: Collection[str], explanations: Mapping[str, Explain]
) -> "pd.DataFrame":
    """Adds the manifest's outputs and ``prediction_error``; rows, order and index stay.

    Args:
        df: the features, typed.
        model: the bundle.
        asked: options of the request.
        explanations: option → what computes its columns.
    """
    read, columns = answer_rows(df, model)
    for option in sorted(asked):
        columns |= explanations[option](model, read)
    return with_columns(df, read, columns)


def answer_rows(df: "pd.DataFrame", model: ServedModel) -> tuple[Read, Columns]:
    """Every column that the manifest declares, of the rows that could be predicted."""
    read = model.reader.read(df)
    refits = model.together(model.refits, read.inputs)
    unknown = ~np.isfinite(refits).all(axis=(0, 2))
    if unknown.any():  # a family that cannot do without a value says so by NaN
        read, refits = read.without(np.flatnonzero(unknown), _NO_NUMBER), refits[:, ~unknown]
    columns = model.number_columns(read.inputs, refits)
    if model.manifest.standardisation is not None:
        columns |= structure_columns(read)
    if model.training_set is not None:
        columns |= _near_structures(model.task, model.training_set, read)
    if model.training_rows is not None:
        columns |= neighbour_columns(model.task, model.training_rows.nearest(read.inputs.matrix))
    return read, columns


def _near_structures(task: Task, training_set: "TrainingSet", read: Read) -> Columns:
    from model_scripts.chemistry.identity import compound_key

    molecules = read.inputs.molecules or []
    keys = [compound_key(molecule) for molecule in molecules]
    return neighbour_columns(task, training_set.nearest(molecules, keys, positions=read.rows.tolist()))


def structure_columns(read: Read) -> Columns:
    """What the model saw of each structure."""
    return {
        SMILES_USED: np.array([structure.smiles for structure in read.structures], dtype=object),
        SALT: np.array([structure.salt for structure in read.structures], dtype=object),
        UNDEFINED_CHIRAL_CENTERS: np.array(
            [structure.undefined_chiral_centers for structure in read.structures], dtype=np.int64
        ),
    }


def with_columns(df: "pd.DataFrame", read: Read, columns: Columns) -> "pd.DataFrame":
    """The frame with columns of the rows that could be read, missing elsewhere, and the reasons of the others."""
    import pandas as pd

    added = {name: _spread(values, read, len(df)) for name, values in columns.items()}
    errors = [read.reasons.get(row, "") for row in range(len(df))]
    answer = pd.DataFrame({**added, PREDICTION_ERROR: pd.Series(errors, dtype="str")}).set_axis(df.index, axis="index")
    own = df.drop(columns=[name for name in df.columns if name in answer.columns])
    return pd.concat([own, answer], axis="columns")


def _spread(values: npt.NDArray[Any], read: Read, rows: int) -> "pd.Series[Any]":
    import pandas as pd

    if values.dtype.kind == "f":
        spread = np.full(rows, np.nan)
        spread[read.rows] = values
        return pd.Series(spread)
    cells: list[Any] = [None] * rows
    for row, value in zip(read.rows.tolist(), values.tolist(), strict=True):
        cells[row] = value
    return pd.Series(cells, dtype={"b": "boolean", "i": "Int64"}.get(values.dtype.kind, "str"))


def _training_set(path: Path) -> "TrainingSet | None":
    if not path.exists():
        return None
    from model_scripts.trust.neighbours import TrainingSet

    return TrainingSet.from_bytes(path.read_bytes())


def _training_rows(path: Path) -> "TrainingRows | None":
    if not path.exists():
        return None
    from model_scripts.trust.feature_distance import TrainingRows

    return TrainingRows.from_bytes(path.read_bytes())
