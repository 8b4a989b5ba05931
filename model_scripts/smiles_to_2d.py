"""Computes the 313 descriptors of ``descriptors_2d`` from SMILES, after standardisation.

A descriptor that is undefined for a structure is missing in its cell alone; a SMILES that cannot be read has a reason.
Rows stay, in their order, whatever the rows beside them hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.manifest import MANIFEST_NAME, DescriptorSet, Manifest, Output, Standardisation
from model_scripts.chemistry.described_rows import described_rows, policy_of
from model_scripts.chemistry.descriptor_sets import describe_as_trained, describe_by
from model_scripts.chemistry.descriptors_2d import COLUMNS, DESCRIPTORS, NAME, VERSION
from model_scripts.reading import Structures
from model_scripts.structure_columns import SENT_AND_USED

if TYPE_CHECKING:
    import pandas as pd

Setting = float | int | str | bool

LIBRARIES = ("numpy", "pandas", "rdkit")
DEFAULT_SETTINGS: Mapping[str, Setting] = {}
"""There is nothing to set: the descriptors are a fixed set, and the bundle's policy says what is described."""


def checked_settings(given: Mapping[str, Setting]) -> dict[str, Setting]:
    """The settings of a bundle.

    Raises:
        BundleError: any, since this script has none.
    """
    if given:
        raise BundleError(f"smiles_to_2d has no setting {min(given)!r}: its descriptors are a fixed set")
    return dict(DEFAULT_SETTINGS)


def outputs(settings: Mapping[str, Setting]) -> tuple[Output, ...]:
    """The columns that are added."""
    checked_settings(settings)
    described = (
        Output(name=item.column, dtype="float64", unit=item.unit or None, description=item.description)
        for item in DESCRIPTORS
    )
    return (*SENT_AND_USED, *described)


def descriptor_set() -> DescriptorSet:
    """What a bundle records, so that an image which computes another version refuses it."""
    return DescriptorSet(name=NAME, version=VERSION, columns=COLUMNS)


def on_request(settings: Mapping[str, Setting]) -> dict[str, tuple[Output, ...]]:
    """The columns that options of a request add: none."""
    checked_settings(settings)
    return {}


@dataclass(frozen=True, kw_only=True)
class DescriptorModel:
    """A loaded bundle."""

    policy: Standardisation
    structures: Structures = field(default_factory=Structures)


def model_fn(model_dir: str) -> DescriptorModel:
    """Reads the manifest of a verified bundle.

    Raises:
        BundleError: it asks for a standardisation, a setting or descriptors that this code does not know.
    """
    manifest = Manifest.model_validate_json((Path(model_dir) / MANIFEST_NAME).read_bytes())
    checked_settings(manifest.settings)
    if manifest.descriptors is not None:
        describe_as_trained(manifest.descriptors)
    return DescriptorModel(policy=policy_of(manifest))


def predict_fn(df: "pd.DataFrame", model: DescriptorModel) -> "pd.DataFrame":
    """Adds the columns of `outputs` and ``prediction_error``; rows, order and index stay."""
    import pandas as pd

    rows = described_rows(
        df, model.policy, describe_by(NAME), structures=model.structures, blank=np.full(len(COLUMNS), np.nan)
    )
    return rows.added_to(df, pd.DataFrame(rows.matrix, columns=list(COLUMNS), index=df.index))
