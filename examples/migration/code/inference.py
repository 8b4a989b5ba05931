"""What remains of a classic container's predictor: the model is read, and rows are predicted."""

from pathlib import Path
from typing import Any

import pandas as pd
from skops.io import load

TRUSTED = ["numpy.dtype", "sklearn.tree._tree.Tree"]
"""Types that reading the model may make, beside those that skops trusts by itself."""


def model_fn(model_dir: str) -> Any:
    """The forest."""
    return load(Path(model_dir) / "model.skops", trusted=TRUSTED)


def predict_fn(df: pd.DataFrame, model: Any) -> pd.DataFrame:
    """Adds the prediction; the columns come in the order of the manifest."""
    return df.assign(prediction=model.predict(df.to_numpy(dtype=float)))
