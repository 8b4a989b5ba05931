"""The rows that a bundle is asked with: its golden rows, well-known compounds, and what the caller brings."""

from pathlib import Path

import pandas as pd

from chem_endpoints.client.files import read_rows
from chem_endpoints.client.signature import Signature
from chem_endpoints.wire.columns import SMILES
from chem_endpoints.wire.features import read_features
from chem_endpoints.wire.manifest import Feature, Manifest

MOST_ROWS = 200

COMPOUNDS = (
    "CCO",
    "CC(=O)O",
    "c1ccccc1",
    "Cc1ccccc1",
    "Oc1ccccc1",
    "Nc1ccccc1",
    "Clc1ccccc1",
    "O=C(O)c1ccccc1",
    "CC(C)O",
    "CCCCCC",
    "C1CCCCC1",
    "CCN(CC)CC",
    "CC(=O)Nc1ccc(O)cc1",
    "CC(=O)Oc1ccccc1C(=O)O",
    "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "c1ccc2ccccc2c1",
    "O=C(N)c1cccnc1",
    "C[C@H](N)C(=O)O",
    "OCC(O)CO",
)
"""Structures that everybody may know, for models of structures: golden rows alone are few."""


def sample_rows(manifest: Manifest | None, rows: Path | None) -> pd.DataFrame:
    """Different rows, at most `MOST_ROWS`; none where a bundle without a manifest comes without ``rows``.

    Args:
        manifest: the bundle's; ``None``: it has none, and nobody knows what it reads.
        rows: a file of rows that the model answers.

    Raises:
        FileError: the file cannot be read.
        FeatureMismatchError: its columns do not fit the model.
    """
    brought = read_rows(rows).frame if rows is not None else None
    if manifest is None:
        return pd.DataFrame() if brought is None else _numbers_recovered(brought).head(MOST_ROWS)
    golden = Signature.of(manifest).example()
    parts = [golden, _compounds(golden, manifest)]
    if brought is not None:
        parts.insert(0, read_features(brought, manifest.features).frame)
    together = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return together.drop_duplicates(ignore_index=True).head(MOST_ROWS)


def structure_feature(manifest: Manifest | None) -> Feature | None:
    """The feature that holds structures, if the model reads any."""
    features = manifest.features if manifest is not None else ()
    return next((one for one in features if one.dtype == "text" and one.name.casefold() == SMILES), None)


def _compounds(golden: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    """Well-known structures; what else the model reads is taken from the golden rows, in turn."""
    structure = structure_feature(manifest)
    if structure is None or golden.empty:
        return golden.head(0)
    taken = golden.iloc[[number % len(golden) for number in range(len(COMPOUNDS))]].reset_index(drop=True)
    taken[structure.name] = pd.Series(COMPOUNDS, dtype=taken[structure.name].dtype)
    return taken


def _numbers_recovered(frame: pd.DataFrame) -> pd.DataFrame:
    """With numbers in columns that hold nothing else: a file of text does not tell."""
    columns = {name: pd.to_numeric(frame[name], errors="coerce") for name in frame.columns}
    return frame.assign(**{str(name): column for name, column in columns.items() if column.notna().all()})
