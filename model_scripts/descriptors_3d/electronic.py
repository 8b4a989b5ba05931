"""Electronic descriptors of one conformer, from a GFN2-xTB single point."""

import numpy as np

from model_scripts.conformers.boltzmann import Floats
from model_scripts.conformers.energies import SinglePoint

EV_PER_HARTREE = 27.211386245988
DEBYE_PER_AU = 2.541746473
DEBYE_ANGSTROM_PER_AU = DEBYE_PER_AU * 0.529177210903
"""Of a quadrupole moment, e·a0² in Debye·Å."""
_OCCUPIED = 0.5
"""Electrons from which an orbital counts as occupied; at 300 K tails of the occupation reach far."""


def electronic(point: SinglePoint) -> dict[str, float]:
    """``elec_*`` of one conformer; an orbital that does not exist (a proton, helium) leaves NaN in its cells."""
    homo, lumo = frontier_orbitals(point)
    hardness, potential = (lumo - homo) / 2, (homo + lumo) / 2
    return {
        "elec_dipole": float(np.linalg.norm(point.dipole)) * DEBYE_PER_AU,
        "elec_quadrupole": _frobenius(point.quadrupole) * DEBYE_ANGSTROM_PER_AU,
        "elec_homo": homo,
        "elec_lumo": lumo,
        "elec_gap": lumo - homo,
        "elec_hardness": hardness,
        "elec_electrophilicity": potential**2 / (2 * hardness) if hardness > 0 else float("nan"),
        "elec_qmax": float(point.charges.max()),
        "elec_qmin": float(point.charges.min()),
        "elec_qabs_mean": float(np.abs(point.charges).mean()),
    }


def frontier_orbitals(point: SinglePoint) -> tuple[float, float]:
    """Energies in eV of the highest occupied and the lowest unoccupied orbital, NaN for one that does not exist."""
    occupied = point.orbital_energies[point.occupations >= _OCCUPIED]
    empty = point.orbital_energies[point.occupations < _OCCUPIED]
    homo = float(occupied.max()) * EV_PER_HARTREE if len(occupied) else float("nan")
    lumo = float(empty.min()) * EV_PER_HARTREE if len(empty) else float("nan")
    return homo, lumo


def _frobenius(packed: Floats) -> float:
    """Norm of a symmetric tensor given as xx, xy, yy, xz, yz, zz."""
    return float(np.sqrt(packed**2 @ np.array([1.0, 2.0, 1.0, 2.0, 2.0, 1.0])))
