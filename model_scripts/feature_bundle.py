"""Bundles of feature endpoints: no training, only what is to be computed, and golden rows of well-known compounds."""

import importlib
import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from chem_endpoints.wire.bundle import write_bundle
from chem_endpoints.wire.bundle_contents import version_of
from chem_endpoints.wire.columns import SMILES
from chem_endpoints.wire.manifest import Feature, Manifest, Standardisation
from model_scripts.training.golden_rows import UNKNOWN, golden_rows

SCRIPTS = ("smiles_to_2d", "smiles_to_fingerprints", "smiles_to_3d", "standardize")
"""Model scripts that compute features."""

WELL_KNOWN = {
    "ethanol": "CCO",
    "sodium acetate": "CC(=O)[O-].[Na+]",
    "2-hydroxypyridine": "Oc1ccccn1",
    "ibuprofen": "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "L-alanine": "C[C@H](N)C(=O)O",
}
"""Structures of the golden rows, by name."""

RELATIVE_TOLERANCE = 1e-6


def write_feature_bundle(script: str, settings: Mapping[str, Any], policy: Standardisation, out: Path) -> str:
    """Writes the bundle of a feature endpoint and returns its model digest.

    Raises:
        BundleError: the script knows no such setting, or not such a value.
    """
    module = importlib.import_module(f"model_scripts.{script}")
    checked = module.checked_settings(settings)
    draft = Manifest(
        script=script,
        framework=f"rdkit {importlib.metadata.version('rdkit')}",
        task="features",
        features=(Feature(name=SMILES, dtype="text", description="structure of one compound"),),
        outputs=module.outputs(checked),
        on_request=module.on_request(checked),
        descriptors=module.descriptor_set() if hasattr(module, "descriptor_set") else None,
        standardisation=policy,
        libraries={name: version_of(name) for name in module.LIBRARIES},
        settings=checked,
        row_seconds=module.longest_row(checked) if hasattr(module, "longest_row") else None,
        files={},
        golden=UNKNOWN,
    )
    rows = pd.DataFrame({SMILES: pd.Series(list(WELL_KNOWN.values()), dtype="str")})
    golden = golden_rows(draft, {}, rows, getattr(module, "RELATIVE_TOLERANCE", RELATIVE_TOLERANCE))
    return write_bundle(out, draft.model_copy(update={"golden": golden}), {})
