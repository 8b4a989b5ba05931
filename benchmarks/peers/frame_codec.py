"""How the peers turn bodies into DataFrames and back: pandas alone, as the Workbench endpoint article describes."""

import importlib.util
import json
import os
from io import StringIO
from types import ModuleType
from typing import Any

import pandas as pd

CSV = "text/csv"
JSON = "application/json"


def input_fn(body: bytes, content_type: str) -> pd.DataFrame:
    """Reads CSV, or JSON records."""
    if CSV in content_type:
        return pd.read_csv(StringIO(body.decode()))
    if JSON in content_type:
        return pd.DataFrame(json.loads(body))
    raise ValueError(f"{content_type} is not read here")


def output_fn(df: pd.DataFrame, accept: str) -> tuple[str, str]:
    """Writes JSON records for whoever accepts JSON, CSV for all others; gives the text and its content type."""
    if JSON in accept:
        return df.to_json(orient="records"), JSON
    return df.fillna("N/A").to_csv(index=False), CSV


def load_script() -> tuple[ModuleType, Any]:
    """Imports the script of the bundle in ``SM_MODEL_DIR`` and loads its model."""
    folder = os.environ["SM_MODEL_DIR"]
    spec = importlib.util.spec_from_file_location("inference", os.path.join(folder, "code", "inference.py"))
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script, script.model_fn(folder)
