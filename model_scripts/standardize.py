"""Serves the standard form of structures: what every model here sees of a molecule, and what was done to it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdkit import Chem

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.columns import (
    ORIG_SMILES,
    PREDICTION_ERROR,
    SALT,
    SMILES,
    SMILES_USED,
    STEREO_LOST,
    UNDEFINED_CHIRAL_CENTERS,
)
from chem_endpoints.wire.manifest import MANIFEST_NAME, Manifest, Output, Standardisation
from chem_endpoints.wire.rows import each_row
from model_scripts.chemistry.counterions import is_organic
from model_scripts.chemistry.normalise import binds_transition_metal
from model_scripts.chemistry.smiles import SmilesError, parse_smiles
from model_scripts.chemistry.standardise import Standardised, check_policy, standardise_molecule
from model_scripts.structure_columns import SENT_AND_USED

if TYPE_CHECKING:
    import pandas as pd

Setting = float | int | str | bool
Cell = str | int | bool | None

LIBRARIES = ("rdkit",)
DEFAULT_SETTINGS: Mapping[str, Setting] = {}
"""There is nothing to set: what is done to a structure is the bundle's standardisation policy."""

INCHIKEY = "inchikey"
STATUS = "std_status"
_PANDAS = {"text": "str", "int64": "Int64", "boolean": "boolean"}


def checked_settings(given: Mapping[str, Setting]) -> dict[str, Setting]:
    """The settings of a bundle.

    Raises:
        BundleError: any, since this script has none.
    """
    if given:
        raise BundleError(f"standardize has no setting {min(given)!r}: the policy is all that can be chosen")
    return dict(DEFAULT_SETTINGS)


def outputs(settings: Mapping[str, Setting]) -> tuple[Output, ...]:
    """The columns that are added."""
    checked_settings(settings)
    return (
        *SENT_AND_USED,
        Output(
            name=STEREO_LOST,
            dtype="boolean",
            description="whether a configuration was lost, because the charge or the double bond beside it moved",
        ),
        Output(name=INCHIKEY, dtype="text", description="InChIKey of the standard form; missing where InChI has none"),
        Output(
            name=STATUS,
            dtype="text",
            description="ok; mixture: several compounds were sent, the largest is used; metal_complex: bonds to a metal"
            " were cut; inorganic: without carbon, left as it is",
        ),
    )


def on_request(settings: Mapping[str, Setting]) -> dict[str, tuple[Output, ...]]:
    """The columns that options of a request add: none."""
    checked_settings(settings)
    return {}


def model_fn(model_dir: str) -> Standardisation:
    """The policy of the bundle.

    Raises:
        BundleError: it has none, or one that this code does not carry out.
    """
    manifest = Manifest.model_validate_json((Path(model_dir) / MANIFEST_NAME).read_bytes())
    checked_settings(manifest.settings)
    if manifest.standardisation is None:
        raise BundleError(f"{MANIFEST_NAME}: a bundle of 'standardize' must say which standardisation it carries out")
    check_policy(manifest.standardisation)
    return manifest.standardisation


def predict_fn(df: "pd.DataFrame", model: Standardisation) -> "pd.DataFrame":
    """Adds the columns of `outputs` and ``prediction_error``; rows, order and index stay."""
    import pandas as pd

    rows: list[dict[str, Cell]] = []
    errors: list[str] = []
    for _, text in each_row(enumerate(df[SMILES].tolist())):
        cells, error = _row(text, model)
        rows.append(cells)
        errors.append(error)
    added: dict[str, Any] = {
        output.name: pd.Series([cells.get(output.name) for cells in rows], index=df.index, dtype=_PANDAS[output.dtype])
        for output in outputs(DEFAULT_SETTINGS)
    }
    return df.assign(**added, **{PREDICTION_ERROR: pd.Series(errors, index=df.index, dtype="str")})


def _row(text: str, policy: Standardisation) -> tuple[dict[str, Cell], str]:
    try:
        sent = parse_smiles(text)
        standard = standardise_molecule(sent, policy)
    except SmilesError as error:
        return {}, str(error)
    return {
        ORIG_SMILES: text,
        SMILES_USED: standard.smiles,
        SALT: standard.salt,
        UNDEFINED_CHIRAL_CENTERS: standard.undefined_chiral_centers,
        STEREO_LOST: standard.stereo_lost,
        INCHIKEY: Chem.MolToInchiKey(standard.molecule) or None,
        STATUS: _status(sent, standard, policy),
    }, ""


def _status(sent: Chem.Mol, standard: Standardised, policy: Standardisation) -> str:
    if policy.policy == "none":
        return "ok"
    if not is_organic(sent):
        return "inorganic"
    if binds_transition_metal(sent):
        return "metal_complex"
    return "mixture" if standard.mixture else "ok"
