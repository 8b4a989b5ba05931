"""From a structure to its weighted conformers.

Embed, minimise, drop duplicates, weigh: in this order, since pruning before minimisation deletes real conformers of
small molecules. Everything starts from the canonical SMILES, so that one compound drawn in two ways has one ensemble.
"""

import time
from dataclasses import dataclass
from typing import Literal

import numpy as np
from rdkit import Chem
from rdkit.Chem import Descriptors

from chem_endpoints.wire.columns import Reason
from model_scripts.conformers.boltzmann import Floats, boltzmann_weights, within_window
from model_scripts.conformers.duplicates import distinct
from model_scripts.conformers.embedding import chunks
from model_scripts.conformers.energies import SinglePoint, energies_of
from model_scripts.conformers.failure import NoEnsembleError
from model_scripts.conformers.limits import check_limits, conformers_wanted
from model_scripts.conformers.minimisation import ForceField, force_field_of, minimise
from model_scripts.conformers.settings import EnsembleSettings
from model_scripts.conformers.stereo import isomer_of, keeps_stereo, reflect

Status = Literal["ok", "partial"]


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """The conformers of one stereoisomer that count, lowest energy first.

    Attributes:
        molecule: with explicit hydrogens; its conformers 0, 1, … are those within the window.
        energies: above the lowest, kcal/mol, ``[conformers]``.
        weights: Boltzmann populations, ``[conformers]``; their sum is 1.
        single_points: electronic structures, one per conformer; empty for a force field.
        isomer: canonical SMILES of the stereoisomer.
        status: ``ok``, or ``partial`` where the settings' seconds ended the embedding early.
        requested: conformers that were to be embedded.
        found: distinct minima, in the window or not.
        tier: name of the `model_scripts.conformers.embedding.Tier` of the last conformers.
        force_field: what relaxed the geometries.
        energy_method: what weighs them.
        stereo_preserved: whether all that was embedded kept its stereochemistry in the minimisation; what did not is
            left out.
    """

    molecule: Chem.Mol
    energies: Floats
    weights: Floats
    single_points: tuple[SinglePoint, ...]
    isomer: str
    status: Status
    requested: int
    found: int
    tier: str
    force_field: ForceField
    energy_method: str
    stereo_preserved: bool


@dataclass(frozen=True, kw_only=True)
class _Relaxed:
    """Minimised conformers as they were embedded, and their energies in kcal/mol."""

    molecule: Chem.Mol
    energies: Floats
    force_field: ForceField
    tier: str
    requested: int
    complete: bool


@dataclass(frozen=True, kw_only=True)
class _Minima:
    """What is left without duplicates, lowest first, and whether every conformer had kept its stereochemistry."""

    molecule: Chem.Mol
    energies: Floats
    stereo_preserved: bool


def build_ensemble(smiles: str, settings: EnsembleSettings) -> Ensemble:
    """The weighted conformers of a structure.

    Args:
        smiles: canonical isomeric SMILES; of several unbonded parts the largest is embedded, since nothing says how
            the others lie beside it.
        settings: what to compute.

    Raises:
        NoEnsembleError: the structure is too large, cannot be embedded, or its energy cannot be computed.
    """
    part = largest_part(smiles)
    check_limits(Chem.MolFromSmiles(part), settings)
    isomer = isomer_of(part, settings)
    relaxed = _relax(Chem.MolFromSmiles(isomer.embedded), settings)
    minima = _minima(relaxed, settings)
    energies = energies_of(minima.molecule, relaxed.force_field, minima.energies, settings)
    inside = within_window(energies.kcal_per_mol, settings.window).tolist()
    above = energies.kcal_per_mol[inside] - energies.kcal_per_mol[inside[0]]
    counted = _with_conformers(minima.molecule, inside)
    return Ensemble(
        molecule=reflect(counted) if isomer.reflected else counted,
        energies=above,
        weights=boltzmann_weights(above, settings.temperature),
        single_points=tuple(energies.single_points[position] for position in inside if energies.single_points),
        isomer=isomer.smiles,
        status="ok" if relaxed.complete else "partial",
        requested=relaxed.requested,
        found=minima.molecule.GetNumConformers(),
        tier=relaxed.tier,
        force_field=relaxed.force_field,
        energy_method=energies.method,
        stereo_preserved=minima.stereo_preserved,
    )


def largest_part(smiles: str) -> str:
    """The unbonded part with most heavy atoms, then the heaviest, then the first by SMILES; canonical SMILES."""
    parts = {part: _size(part) for part in smiles.split(".")}
    largest = max(parts.values())
    return str(Chem.CanonSmiles(min(part for part, size in parts.items() if size == largest)))


def _size(smiles: str) -> tuple[int, float]:
    part = Chem.MolFromSmiles(smiles)
    return part.GetNumHeavyAtoms(), Descriptors.MolWt(part)


def _relax(structure: Chem.Mol, settings: EnsembleSettings) -> _Relaxed:
    """Embeds and minimises chunk by chunk, until all are there or the time is up."""
    started = time.monotonic()
    requested = conformers_wanted(structure, settings)
    molecule = Chem.AddHs(structure)
    force_field, relaxed, energies = force_field_of(molecule), Chem.Mol(molecule), []
    for chunk in chunks(molecule, requested):
        energies.append(minimise(chunk.molecule, force_field, steps=settings.steps))
        for conformer in chunk.molecule.GetConformers():
            relaxed.AddConformer(conformer, assignId=True)
        if settings.seconds and time.monotonic() - started > settings.seconds:
            break
    return _Relaxed(
        molecule=relaxed,
        energies=np.concatenate(energies),
        force_field=force_field,
        tier=chunk.tier.name,
        requested=requested,
        complete=chunk.tried >= requested,
    )


def _minima(relaxed: _Relaxed, settings: EnsembleSettings) -> _Minima:
    kept = [keeps_stereo(relaxed.molecule, conformer.GetId()) for conformer in relaxed.molecule.GetConformers()]
    positions = distinct(
        relaxed.molecule,
        np.where(kept, relaxed.energies, np.nan),
        energy_tolerance=settings.energy_tolerance,
        rmsd_tolerance=settings.rmsd_tolerance,
    )
    if not positions:
        raise NoEnsembleError(
            Reason.PREDICTION_FAILED, "every geometry lost its stereochemistry or fell apart", status="skip:embed"
        )
    return _Minima(
        molecule=_with_conformers(relaxed.molecule, positions),
        energies=relaxed.energies[positions],
        stereo_preserved=all(kept),
    )


def _with_conformers(molecule: Chem.Mol, positions: list[int]) -> Chem.Mol:
    """The molecule with these of its conformers, numbered anew in this order."""
    conformers = list(molecule.GetConformers())
    chosen = Chem.Mol(molecule)
    chosen.RemoveAllConformers()
    for position in positions:
        chosen.AddConformer(conformers[position], assignId=True)
    return chosen
