"""Small real bundles as other platforms write them: a fitted scikit-learn model and a script of few lines."""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.linear_model import LinearRegression

FEATURES = np.array([[0.0, 1.0], [1.0, 0.5], [2.0, 2.0], [3.0, 0.25]])
MODEL = LinearRegression().fit(FEATURES, np.array([0.1, 1.7, 2.2, 3.9]))
"""The model of all bundles here; what it predicts is what their servers must answer."""

WORKBENCH_SCRIPT = '''
"""A script as Workbench's templates make them: all four functions, artifacts by joblib, a sibling module."""
import json, os
from io import StringIO
import joblib
import pandas as pd
from workbench_columns import as_trained

def model_fn(model_dir):
    with open(os.path.join(model_dir, "feature_columns.json")) as names:
        return joblib.load(os.path.join(model_dir, "model.joblib")), json.load(names)

def input_fn(input_data, content_type):
    if "text/csv" in content_type:
        return pd.read_csv(StringIO(input_data))
    if "application/json" in content_type:
        return pd.DataFrame(json.loads(input_data))
    raise ValueError(f"{content_type} CANARY not supported")

def predict_fn(df, model):
    estimator, features = model
    df["prediction"] = estimator.predict(as_trained(df, features).to_numpy(dtype=float))
    return df

def output_fn(output_df, accept_type):
    if "text/csv" in accept_type:
        return output_df.fillna("N/A").to_csv(index=False), "text/csv"
    if "application/json" in accept_type:
        return output_df.to_json(orient="records"), "application/json"
    raise RuntimeError(f"{accept_type} CANARY not supported")
'''

WORKBENCH_SIBLING = """
def as_trained(df, features):
    by_lower_case = {column.lower(): column for column in df.columns}
    return df[[by_lower_case[name.lower()] for name in features]]
"""

TOOLKIT_SCRIPT = '''
"""A script for the SageMaker scikit-learn toolkit: model_fn and predict_fn, the rest by the toolkit's defaults."""
import json, os
import numpy as np

class Line:
    def __init__(self, coefficients, intercept):
        self.coefficients, self.intercept = np.array(coefficients), intercept

    def predict(self, X):
        if not np.isfinite(X).all():
            raise ValueError("CANARY input contains NaN")
        return X @ self.coefficients + self.intercept

def model_fn(model_dir):
    with open(os.path.join(model_dir, "line.json")) as numbers:
        return Line(**json.load(numbers))

def predict_fn(input_data, model):
    return model.predict(input_data)
'''

LINE = json.dumps({"coefficients": MODEL.coef_.tolist(), "intercept": float(MODEL.intercept_)})


@contextlib.contextmanager
def restoring_imports(folder: Path) -> Iterator[None]:
    """Modules from below ``folder``, and the paths to find them, are gone afterwards; no compiled code is left."""
    path, without_bytecode = [*sys.path], sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = path, without_bytecode
        for name, module in [*sys.modules.items()]:
            if str(getattr(module, "__file__", None)).startswith(str(folder)):
                del sys.modules[name]


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Writes text files below a folder; returns the folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def workbench_bundle(folder: Path, *, script: str = WORKBENCH_SCRIPT, **metadata: Any) -> Path:
    """A Workbench bundle of `MODEL` with the features ``LogP`` and ``TPSA``."""
    write_files(
        folder,
        {
            "inference-metadata.json": json.dumps({"inference_script": "linear_model.py", **metadata}),
            "linear_model.py": script,
            "workbench_columns.py": WORKBENCH_SIBLING,
            "feature_columns.json": json.dumps(["LogP", "TPSA"]),
        },
    )
    joblib.dump(MODEL, folder / "model.joblib")
    return folder


def smiles_bundle(folder: Path) -> Path:
    """A Workbench bundle that reads nothing but structures: it predicts the length of their text."""
    predicted = "estimator.predict(as_trained(df, features).to_numpy(dtype=float))"
    workbench_bundle(folder, script=WORKBENCH_SCRIPT.replace(predicted, 'df["smiles"].str.len().astype(float)'))
    return write_files(folder, {"feature_columns.json": json.dumps(["smiles"])})


def toolkit_bundle(folder: Path, *, script: str = TOOLKIT_SCRIPT, **files: str) -> Path:
    """A toolkit bundle of `MODEL`, whose numbers lie in a JSON file."""
    return write_files(folder, {"code/inference.py": script, "line.json": LINE, **files})
