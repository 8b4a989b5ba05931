"""The smallest manifest that passes, for tests that are about something else."""

import hashlib
from collections.abc import Mapping
from typing import Any

from chem_endpoints.wire.manifest import Feature, GoldenRows, Manifest, Output, Training


def small_manifest(files: Mapping[str, bytes] | None = None, **changes: Any) -> Manifest:
    """A manifest of ``files``; any field can be replaced."""
    fields: dict[str, Any] = {
        "script": "xgboost_model",
        "framework": "test",
        "targets": (Output(name="y", dtype="float64"),),
        "features": (Feature(name="smiles", dtype="text"),),
        "outputs": (Output(name="prediction", dtype="float64"),),
        "libraries": {},
        "files": {name: hashlib.sha256(contents).hexdigest() for name, contents in (files or {}).items()},
        "training": Training(rows=1, data_sha256="0" * 64, seed=1, metrics=(), notes=()),
        "golden": GoldenRows(input={}, output={}, relative_tolerance=1e-6),
        **changes,
    }
    return Manifest(**fields)
