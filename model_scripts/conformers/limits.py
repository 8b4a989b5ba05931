"""Which structures are too large, too flexible or too entangled to embed; counted before anything is embedded."""

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from chem_endpoints.wire.columns import Reason
from model_scripts.conformers.failure import NoEnsembleError
from model_scripts.conformers.settings import EnsembleSettings

_FEW, _MANY = 7, 12
"""Rotatable bonds up to which 50, and up to which 200 conformers cover the space; Ebejer et al. 2012."""


def conformers_wanted(molecule: Chem.Mol, settings: EnsembleSettings) -> int:
    """How many conformers are embedded."""
    if settings.conformers != "auto":
        return settings.conformers
    rotatable = rdMolDescriptors.CalcNumRotatableBonds(molecule)
    return 50 if rotatable <= _FEW else 200 if rotatable <= _MANY else 300


def check_limits(molecule: Chem.Mol, settings: EnsembleSettings) -> None:
    """Refuses a structure that would take too long.

    Args:
        molecule: without explicit hydrogens.
        settings: holds the limits.

    Raises:
        NoEnsembleError: ``skip:`` and ``heavy_atoms``, ``rot_bonds``, ``rings``, ``ring_complexity`` or ``cost``.
    """
    heavy, rings = molecule.GetNumHeavyAtoms(), molecule.GetRingInfo().NumRings()
    _limit("heavy atoms", heavy, settings.max_heavy_atoms, "heavy_atoms")
    rotatable = rdMolDescriptors.CalcNumRotatableBonds(molecule)
    _limit("rotatable bonds", rotatable, settings.max_rotatable_bonds, "rot_bonds")
    _limit("rings", rings, settings.max_rings, "rings")
    joints = rdMolDescriptors.CalcNumBridgeheadAtoms(molecule) + rdMolDescriptors.CalcNumSpiroAtoms(molecule)
    complexity = rings + joints
    _limit("rings, bridgeheads and spiro atoms", complexity, settings.max_ring_complexity, "ring_complexity")
    cost = heavy * conformers_wanted(molecule, settings)
    _limit("heavy atoms times conformers", cost, settings.max_cost, "cost")


def _limit(what: str, count: int, most: int, word: str) -> None:
    if count > most:
        raise NoEnsembleError(Reason.TOO_LARGE, f"{count} {what}, at most {most} are embedded", status=f"skip:{word}")
