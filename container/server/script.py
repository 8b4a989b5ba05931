"""Model scripts: found by the name in the manifest, checked for what the server will call."""

import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import pandas as pd

from chem_endpoints.wire.bundle import BundleError

OWN_SCRIPT = "code/inference.py"
"""Value of the manifest's ``script`` for a bundle that brings its own; else it names one of `model_scripts`."""


class PredictFn(Protocol):
    """``predict_fn(df, model)``: the same rows, order and index, with the output columns added."""

    def __call__(self, df: pd.DataFrame, model: Any) -> pd.DataFrame: ...


class ModelFn(Protocol):
    """``model_fn(model_dir)``: loads the artifacts."""

    def __call__(self, model_dir: str) -> Any: ...


@dataclass(frozen=True, kw_only=True)
class Script:
    """The functions of a script that the server calls."""

    model_fn: ModelFn
    predict_fn: PredictFn


def load_script(name: str, model_dir: Path) -> Script:
    """Imports a built-in script, or the bundle's own.

    Raises:
        BundleError: there is no such script, it lacks a function, or a library that it imports is missing.
    """
    try:
        module = _own_module(model_dir) if name == OWN_SCRIPT else importlib.import_module(f"model_scripts.{name}")
    except ModuleNotFoundError as error:
        raise BundleError(
            f"script {name!r} cannot be imported: {error.name} is not installed in this image. Nothing is installed at"
            " start; add it to the image, or train for the image that has it"
        ) from None
    missing = [function for function in ("model_fn", "predict_fn") if not callable(getattr(module, function, None))]
    if missing:
        raise BundleError(f"script {name!r} lacks {' and '.join(missing)}; see docs on model scripts")
    return Script(model_fn=module.model_fn, predict_fn=module.predict_fn)


def _own_module(model_dir: Path) -> ModuleType:
    path = model_dir / OWN_SCRIPT
    spec = importlib.util.spec_from_file_location("bundle_inference", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise BundleError(f"{path}: the manifest names the bundle's own script, but there is none")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
