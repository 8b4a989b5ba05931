"""Serves an XGBoost regressor, from feature columns or from SMILES by way of the ``rdkit_2d`` descriptors.

Artifacts: ``model.ubj`` (XGBoost's own binary JSON) and ``interval.json`` (half width of the 90 % interval).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.columns import INTERVAL_HIGH, INTERVAL_LOW, PREDICTION, PREDICTION_ERROR, SMILES
from chem_endpoints.wire.manifest import MANIFEST_NAME, DescriptorSet, Manifest
from chem_endpoints.wire.matrix import to_float32
from model_scripts.lean_xgboost import xgboost

if TYPE_CHECKING:  # numbers are served without
    import pandas as pd

MODEL_FILE = "model.ubj"
INTERVAL_FILE = "interval.json"


Featurise = Callable[[Sequence[str]], tuple[npt.NDArray[np.float32], dict[int, str]]]
"""SMILES → features float32 ``[rows, features]``, and row → reason."""


@dataclass(frozen=True, kw_only=True)
class XGBoostModel:
    """A loaded bundle.

    Attributes:
        booster: the regressor.
        columns: feature columns in the order of training; empty when the features come from SMILES.
        featurise: where they come from SMILES, how.
        half_width: the 90 % interval is prediction ± this, in the target's unit.
    """

    booster: xgboost.Booster
    columns: tuple[str, ...]
    half_width: float
    featurise: Featurise | None = None


def model_fn(model_dir: str) -> XGBoostModel:
    """Loads the artifacts of a verified bundle.

    Raises:
        BundleError: the bundle needs descriptors that this code does not compute.
    """
    folder = Path(model_dir)
    manifest = Manifest.model_validate_json((folder / MANIFEST_NAME).read_bytes())
    booster = xgboost.Booster(params={"nthread": 1})
    booster.load_model(bytearray((folder / MODEL_FILE).read_bytes()))
    return XGBoostModel(
        booster=booster,
        columns=() if manifest.descriptors else tuple(feature.name for feature in manifest.features),
        half_width=json.loads((folder / INTERVAL_FILE).read_text())["half_width"],
        featurise=_featuriser(manifest.descriptors) if manifest.descriptors is not None else None,
    )


def _featuriser(wanted: DescriptorSet) -> Featurise:
    # Not at the top: a model of plain numbers needs no chemistry, and starts the sooner without.
    from model_scripts.chemistry import rdkit_2d
    from model_scripts.chemistry.featurise import featurise

    here = DescriptorSet(name=rdkit_2d.NAME, version=rdkit_2d.VERSION, columns=rdkit_2d.COLUMNS)
    if wanted != here:
        raise BundleError(
            f"the model was trained on the descriptors {wanted.name} {wanted.version}, this image computes"
            f" {here.name} {here.version}: train it again, or serve it with the image of its time"
        )
    return featurise


def predict_fn(df: "pd.DataFrame", model: XGBoostModel) -> "pd.DataFrame":
    """Adds ``prediction``, ``q_05``, ``q_95`` and ``prediction_error``; rows, order and index stay."""
    import pandas as pd

    matrix, reasons = _features(df, model)
    columns, _ = predict_matrix_fn(matrix, model)
    errors = [reasons.get(row, "") for row in range(len(df))]
    added = {name: pd.Series(values, index=df.index) for name, values in columns.items()}
    for values in added.values():
        values.iloc[list(reasons)] = np.nan
    return df.assign(**added, **{PREDICTION_ERROR: pd.Series(errors, index=df.index, dtype="str")})


def _features(df: "pd.DataFrame", model: XGBoostModel) -> tuple[npt.NDArray[np.float32], dict[int, str]]:
    if model.featurise is not None:
        return model.featurise(df[SMILES].tolist())
    return to_float32(df[list(model.columns)].to_numpy(dtype=np.float64))


def predict_matrix_fn(
    matrix: npt.NDArray[np.float32], model: XGBoostModel
) -> tuple[dict[str, npt.NDArray[np.float64]], dict[int, str]]:
    """Outputs float64 ``[rows]`` for float32 ``[rows, features]``, where NaN is a missing feature; no row fails."""
    predicted = np.empty(0)
    if len(matrix):
        predicted = np.asarray(model.booster.inplace_predict(matrix), dtype=np.float64)
    return {
        PREDICTION: predicted,
        INTERVAL_LOW: predicted - model.half_width,
        INTERVAL_HIGH: predicted + model.half_width,
    }, {}
