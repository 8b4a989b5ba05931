"""Boltzmann statistics over conformers."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

GAS_CONSTANT = 1.987204259e-3
"""kcal/mol/K, CODATA 2018."""


def within_window(energies: Floats, window: float) -> npt.NDArray[np.intp]:
    """Positions of the conformers at most ``window`` kcal/mol above the lowest, lowest first.

    Args:
        energies: kcal/mol, ``[conformers]``, at least one.
        window: kcal/mol.
    """
    order = np.argsort(energies, kind="stable")
    inside: npt.NDArray[np.intp] = order[energies[order] - energies[order[0]] <= window]
    return inside


def boltzmann_weights(energies: Floats, temperature: float) -> Floats:
    """Populations ``exp(-(E - E_min) / RT)`` divided by their sum, ``[conformers]``.

    Args:
        energies: kcal/mol, ``[conformers]``, at least one.
        temperature: K, above 0.
    """
    with np.errstate(under="ignore", over="ignore"):  # near 0 K all but the lowest have no weight
        factors = np.exp(-(energies - energies.min()) / (GAS_CONSTANT * temperature))
    return np.asarray(factors / factors.sum())


def effective_conformers(weights: Floats) -> float:
    """How many equally populated conformers would be as spread: ``1 / Σ w²``."""
    return float(1 / (weights**2).sum())


def conformational_entropy(weights: Floats) -> float:
    """``-Σ w ln w``: 0 for one conformer, ln n for n equally populated ones; times R, the entropy per mol."""
    populated = weights[weights > 0]
    return float(-(populated * np.log(populated)).sum()) + 0.0  # + 0.0: no minus zero
