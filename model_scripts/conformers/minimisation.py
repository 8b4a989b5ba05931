"""Geometries relaxed in a force field: MMFF94s (Halgren 1999, doi 10.1002/(SICI)1096-987X(199905)20:7<720::AID-JCC7>
3.0.CO;2-X), or UFF (Rappé et al. 1992, doi 10.1021/ja00051a040) where MMFF94s has no parameters."""

from typing import Literal

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdForceFieldHelpers

from chem_endpoints.wire.columns import Reason
from model_scripts.conformers.boltzmann import Floats
from model_scripts.conformers.failure import NoEnsembleError

ForceField = Literal["MMFF94s", "UFF"]


def force_field_of(molecule: Chem.Mol) -> ForceField:
    """The force field that has parameters for every atom.

    Raises:
        NoEnsembleError: ``error:ForceField``; there is none.
    """
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(molecule):
        return "MMFF94s"
    if rdForceFieldHelpers.UFFHasAllMoleculeParams(molecule):
        return "UFF"
    raise NoEnsembleError(
        Reason.PREDICTION_FAILED, "neither MMFF94s nor UFF has parameters for its atoms", status="error:ForceField"
    )


def minimise(molecule: Chem.Mol, force_field: ForceField, *, steps: int) -> Floats:
    """Relaxes every conformer in place; their energies in kcal/mol, ``[conformers]``, NaN for one that fell apart.

    Args:
        molecule: with explicit hydrogens and any number of conformers.
        force_field: as `force_field_of` says.
        steps: most steps per conformer; one that needs more stays where it is.
    """
    if not molecule.GetNumConformers():  # RDKit raises "Bad Conformer Id"
        return np.empty(0)
    if force_field == "MMFF94s":
        relaxed = rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(
            molecule, numThreads=1, maxIters=steps, mmffVariant="MMFF94s"
        )
    else:
        relaxed = rdForceFieldHelpers.UFFOptimizeMoleculeConfs(molecule, numThreads=1, maxIters=steps)
    energies = np.array([energy for _, energy in relaxed], dtype=np.float64)
    positions = np.array([conformer.GetPositions() for conformer in molecule.GetConformers()])
    sound = np.isfinite(energies) & np.isfinite(positions).all(axis=(1, 2))
    return np.where(sound, energies, np.nan)
