"""Electrotopological state (E-state) indices, and their sums over surface area, equal to RDKit's.

L. H. Hall, B. Mohney and L. B. Kier, J. Chem. Inf. Comput. Sci. 1991, 31, 76; surface areas after P. Labute,
J. Mol. Graph. Model. 2000, 18, 464. RDKit computes the indices six times over, atom pair by atom pair.
"""

import numpy as np
import numpy.typing as npt
from rdkit.Chem import rdMolDescriptors
from rdkit.Chem.EState.EState_VSA import estateBins, vsaBins

from model_scripts.chemistry.molecular_graph import Floats, MolecularGraph

NAMES = (
    *("MaxAbsEStateIndex", "MaxEStateIndex", "MinAbsEStateIndex", "MinEStateIndex"),
    *(f"EState_VSA{number}" for number in range(1, len(estateBins) + 2)),
    *(f"VSA_EState{number}" for number in range(1, len(vsaBins) + 2)),
)

_APART = 1e6
"""A distance that no two atoms of one fragment have."""
_LAST_OF_SHELL = np.array([2, 10, 18, 36, 54, 86])
"""Atomic numbers that end a shell."""


def electrotopological_values(graph: MolecularGraph) -> list[float]:
    """`NAMES`."""
    states = e_states(graph)
    areas = np.array(list(rdMolDescriptors._CalcLabuteASAContribs(graph.molecule, True)[0]))
    sizes = np.abs(states)
    return [
        *(sizes.max(), states.max(), sizes.min(), states.min()),
        *_summed(areas, by=states, bins=estateBins),
        *_summed(states, by=areas, bins=vsaBins),
    ]


def e_states(graph: MolecularGraph) -> Floats:
    """E-state index of each atom, float64 ``[atoms]``; fragments do not influence one another."""
    intrinsic = _intrinsic_states(graph)
    apart = graph.distances + 1
    influence = (intrinsic - intrinsic[:, np.newaxis]) / (apart * apart)
    influence[apart >= _APART] = 0
    states: Floats = influence.sum(axis=0) + intrinsic
    return states


def _intrinsic_states(graph: MolecularGraph) -> Floats:
    """Zero for a lone atom."""
    shell = np.searchsorted(_LAST_OF_SHELL, graph.protons) + 1
    states = 4.0 / (shell * shell) * (graph.outer_electrons - graph.hydrogens) + 1
    bound_states: Floats = np.zeros(len(states))
    np.divide(states, graph.degrees, out=bound_states, where=graph.degrees > 0)
    return bound_states


def _summed(values: Floats, *, by: Floats, bins: npt.ArrayLike) -> list[float]:
    """Sum of the atoms' values per bin of another property; a bin holds its lower bound."""
    positions = np.searchsorted(bins, by, side="right")
    sums: list[float] = np.bincount(positions, weights=values, minlength=np.size(bins) + 1).tolist()
    return sums
