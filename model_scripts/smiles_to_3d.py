"""Computes Boltzmann-weighted 3D descriptors from SMILES, and on request returns the conformers.

Columns have the names of Workbench's endpoint ``smiles-to-3d-v2``. Left out is its ``desc3d_compute_time_s``: a number
that differs from run to run would make equal rows unequal, and so defeat caches and comparisons; times are in the
server's log. For the same reason limits are counts. Only the setting ``seconds`` reads a clock: what it cuts short says
``partial``, and must not be cached.

A structure that is not embedded comes back with a reason whose last word, in parentheses, is its ``desc3d_status``.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chem_endpoints.wire import options
from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.columns import (
    ORIG_SMILES,
    PREDICTION_ERROR,
    SALT,
    SMILES,
    SMILES_USED,
    UNDEFINED_CHIRAL_CENTERS,
    Reason,
)
from chem_endpoints.wire.manifest import MANIFEST_NAME, Manifest, Output, Standardisation
from chem_endpoints.wire.rows import each_row
from chem_endpoints.wire.typed_columns import PANDAS_DTYPES
from model_scripts.chemistry.smiles import SmilesError
from model_scripts.chemistry.standardise import check_policy
from model_scripts.conformers.boltzmann import effective_conformers
from model_scripts.conformers.energies import load_xtb
from model_scripts.conformers.ensemble import Ensemble, build_ensemble
from model_scripts.conformers.failure import NoEnsembleError
from model_scripts.conformers.sdf import ensemble_sdf
from model_scripts.conformers.settings import EnsembleSettings, Setting, read_settings
from model_scripts.descriptors_3d.registry import columns, describe
from model_scripts.reading import Structures
from model_scripts.structure_columns import SENT_AND_USED

if TYPE_CHECKING:
    import pandas as pd

CONFORMERS = options.CONFORMERS_KEY
"""Option of a request, and the column that it adds."""
LIBRARIES = ("numpy", "pandas", "rdkit")
DEFAULT_SETTINGS: Mapping[str, Setting] = asdict(EnsembleSettings())
RELATIVE_TOLERANCE = 1e-2
"""Of golden rows on another machine: minimisations end within a tolerance, not on a point."""

_DIAGNOSTICS = (
    Output(name="desc3d_status", dtype="text", description="ok, or partial where the time limit ended the search"),
    Output(name="desc3d_isomer", dtype="text", description="SMILES of the stereoisomer that was embedded"),
    Output(name="desc3d_confs_requested", dtype="int64", description="conformers that were to be embedded"),
    Output(name="desc3d_conf_count", dtype="int64", description="distinct minima found; mirror images count apart"),
    Output(name="desc3d_confs_in_window", dtype="int64", description="minima within the energy window"),
    Output(name="desc3d_effective_confs", dtype="float64", description="1 / sum of squared Boltzmann weights"),
    Output(name="desc3d_embed_tier", dtype="text", description="standard, random_coordinates or without_knowledge"),
    Output(name="desc3d_force_field", dtype="text", description="what relaxed the geometries: MMFF94s or UFF"),
    Output(name="desc3d_energy_method", dtype="text", description="what weighs them: MMFF94s, UFF or GFN2-xTB"),
    Output(
        name="desc3d_stereo_preserved",
        dtype="boolean",
        description="whether every minimised conformer kept its stereochemistry; one that did not is left out",
    ),
)


def longest_row(settings: Mapping[str, Setting]) -> float:
    """Seconds that an honest molecule may take on a slow machine: the largest that are let through, 300 conformers.

    Extrapolated from 24 CPU s for eicosanoic acid (300 conformers, MMFF94s), and 0.25 CPU s for a GFN2-xTB energy of 68
    atoms.
    """
    return 900.0 if read_settings(settings).energy == "gfn2-xtb" else 120.0


def checked_settings(given: Mapping[str, Setting]) -> dict[str, Setting]:
    """All settings of a bundle, see `EnsembleSettings`: those given, as values or their texts, and the defaults.

    Raises:
        BundleError: no such setting, or not such a value.
    """
    return asdict(read_settings(given))


def outputs(settings: Mapping[str, Setting]) -> tuple[Output, ...]:
    """Every column that the endpoint adds, ``prediction_error`` apart."""
    return (*SENT_AND_USED, *columns(read_settings(settings)), *_DIAGNOSTICS)


def on_request(settings: Mapping[str, Setting]) -> dict[str, tuple[Output, ...]]:
    """The columns that options of a request add."""
    read_settings(settings)
    description = "SD file of the conformers within the window, lowest first, with their energies and weights"
    return {CONFORMERS: (Output(name=CONFORMERS, dtype="text", description=description),)}


@dataclass(frozen=True, kw_only=True)
class ConformerModel:
    """A loaded bundle."""

    policy: Standardisation
    settings: EnsembleSettings
    structures: Structures = field(default_factory=Structures)


def model_fn(model_dir: str) -> ConformerModel:
    """Reads the settings of a verified bundle; imports xTB, which starts no thread, where they ask for it.

    Raises:
        BundleError: a setting, the standardisation or the energy is not one that this image computes.
    """
    manifest = Manifest.model_validate_json((Path(model_dir) / MANIFEST_NAME).read_bytes())
    settings = read_settings(manifest.settings)
    if manifest.standardisation is None:
        raise BundleError("an endpoint of 3D descriptors reads structures: its manifest needs a standardisation")
    check_policy(manifest.standardisation)
    if settings.energy == "gfn2-xtb":
        load_xtb()
    return ConformerModel(policy=manifest.standardisation, settings=settings)


def predict_fn(df: "pd.DataFrame", model: ConformerModel, *, asked: frozenset[str] = frozenset()) -> "pd.DataFrame":
    """Adds the columns of `outputs`, those asked for, and ``prediction_error``; rows, order and index stay."""
    import pandas as pd

    rows = [_row(text, model, asked) for _, text in each_row(enumerate(df[SMILES].tolist()))]
    settings = asdict(model.settings)
    added = list(outputs(settings))
    for option in sorted(asked):
        added.extend(on_request(settings)[option])
    series = {
        output.name: pd.Series(
            [row.get(output.name) for row in rows], index=df.index, dtype=PANDAS_DTYPES[output.dtype]
        )
        for output in added
    }
    errors = [row.get(PREDICTION_ERROR, "") for row in rows]
    return df.assign(**series, **{PREDICTION_ERROR: pd.Series(errors, index=df.index, dtype="str")})


def _row(text: str, model: ConformerModel, asked: frozenset[str]) -> dict[str, Any]:
    """The cells of one row; those without a value are absent."""
    cells: dict[str, Any] = {}
    try:
        structure, _ = model.structures.read(text, model.policy, None)
        cells |= {
            ORIG_SMILES: text,
            SMILES_USED: structure.smiles,
            SALT: structure.salt,
            UNDEFINED_CHIRAL_CENTERS: structure.undefined_chiral_centers,
        }
        ensemble = build_ensemble(structure.smiles, model.settings)
        cells |= describe(ensemble, model.settings) | _diagnostics(ensemble)
        if CONFORMERS in asked:
            cells[CONFORMERS] = ensemble_sdf(ensemble)
    except SmilesError as error:
        cells |= {PREDICTION_ERROR: str(error), "desc3d_status": "skip:parse" if text.strip() else "skip:empty"}
    except NoEnsembleError as error:
        cells |= {PREDICTION_ERROR: str(error), "desc3d_status": error.status}
    except (RuntimeError, ValueError) as error:  # RDKit's invariants, whose texts may quote the structure
        status = f"error:{type(error).__name__}"
        reason = Reason.PREDICTION_FAILED.because(f"this structure broke the computation ({status})")
        cells |= {PREDICTION_ERROR: reason, "desc3d_status": status}
    return cells


def _diagnostics(ensemble: Ensemble) -> dict[str, Any]:
    return {
        "desc3d_status": ensemble.status,
        "desc3d_isomer": ensemble.isomer,
        "desc3d_confs_requested": ensemble.requested,
        "desc3d_conf_count": ensemble.found,
        "desc3d_confs_in_window": len(ensemble.weights),
        "desc3d_effective_confs": effective_conformers(ensemble.weights),
        "desc3d_embed_tier": ensemble.tier,
        "desc3d_force_field": ensemble.force_field,
        "desc3d_energy_method": ensemble.energy_method,
        "desc3d_stereo_preserved": ensemble.stereo_preserved,
    }
