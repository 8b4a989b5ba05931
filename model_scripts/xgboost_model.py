"""Serves an XGBoost regressor, from feature columns or from SMILES by way of the ``rdkit_2d`` descriptors.

Artifacts: ``model.ubj`` (XGBoost's own binary JSON) and ``interval.json`` (half width of the 90 % interval).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xgboost

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.columns import INTERVAL_HIGH, INTERVAL_LOW, PREDICTION, PREDICTION_ERROR, SMILES, Reason
from chem_endpoints.wire.manifest import MANIFEST_NAME, DescriptorSet, Manifest
from model_scripts.chemistry import rdkit_2d
from model_scripts.chemistry.featurise import featurise

MODEL_FILE = "model.ubj"
INTERVAL_FILE = "interval.json"


@dataclass(frozen=True, kw_only=True)
class XGBoostModel:
    """A loaded bundle.

    Attributes:
        booster: the regressor.
        columns: feature columns in the order of training; empty when the features come from SMILES.
        half_width: the 90 % interval is prediction ± this, in the target's unit.
    """

    booster: xgboost.Booster
    columns: tuple[str, ...]
    half_width: float


def model_fn(model_dir: str) -> XGBoostModel:
    """Loads the artifacts of a verified bundle.

    Raises:
        BundleError: the bundle needs descriptors that this code does not compute.
    """
    folder = Path(model_dir)
    manifest = Manifest.model_validate_json((folder / MANIFEST_NAME).read_bytes())
    if manifest.descriptors is not None:
        _check_descriptors(manifest.descriptors)
    booster = xgboost.Booster(params={"nthread": 1})
    booster.load_model(bytearray((folder / MODEL_FILE).read_bytes()))
    return XGBoostModel(
        booster=booster,
        columns=() if manifest.descriptors else tuple(feature.name for feature in manifest.features),
        half_width=json.loads((folder / INTERVAL_FILE).read_text())["half_width"],
    )


def _check_descriptors(wanted: DescriptorSet) -> None:
    here = DescriptorSet(name=rdkit_2d.NAME, version=rdkit_2d.VERSION, columns=rdkit_2d.COLUMNS)
    if wanted != here:
        raise BundleError(
            f"the model was trained on the descriptors {wanted.name} {wanted.version}, this image computes"
            f" {here.name} {here.version}: train it again, or serve it with the image of its time"
        )


def predict_fn(df: pd.DataFrame, model: XGBoostModel) -> pd.DataFrame:
    """Adds ``prediction``, ``q_05``, ``q_95`` and ``prediction_error``; rows, order and index stay."""
    matrix, reasons = _features(df, model)
    predicted = predict_matrix(matrix, model)
    predicted[list(reasons)] = np.nan
    errors = [reasons.get(row, "") for row in range(len(df))]
    added: dict[str, pd.Series[Any]] = {
        PREDICTION: pd.Series(predicted, index=df.index),
        INTERVAL_LOW: pd.Series(predicted - model.half_width, index=df.index),
        INTERVAL_HIGH: pd.Series(predicted + model.half_width, index=df.index),
        PREDICTION_ERROR: pd.Series(errors, index=df.index, dtype="str"),
    }
    return df.assign(**added)


def _features(df: pd.DataFrame, model: XGBoostModel) -> tuple[npt.NDArray[np.float32], dict[int, str]]:
    if model.columns:
        numbers = df[list(model.columns)].to_numpy(dtype=np.float64)
        beyond = np.abs(numbers) > np.finfo(np.float32).max
        told = Reason.INVALID_VALUE.because("a number does not fit the model's 32-bit floats")
        reasons = dict.fromkeys(np.flatnonzero(beyond.any(axis=1)).tolist(), told)
        return np.where(beyond, np.nan, numbers).astype(np.float32), reasons
    return featurise(df[SMILES].tolist())


def predict_matrix(matrix: npt.NDArray[np.float32], model: XGBoostModel) -> npt.NDArray[np.float64]:
    """Predictions float64 ``[rows]`` for float32 ``[rows, features]``; NaN is a missing feature."""
    if len(matrix) == 0:
        return np.empty(0)
    return np.asarray(model.booster.inplace_predict(matrix), dtype=np.float64)
