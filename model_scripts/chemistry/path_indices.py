"""RDKit's chi and kappa indices over paths, from paths that were enumerated once.

L. B. Hall and L. H. Kier, Rev. Comp. Chem. 1991, 2, 367. RDKit enumerates the paths anew for each index, and there
counts a ring of three or four atoms as a path with both ends on one atom; a molecule with such rings, or with hydrogen
atoms, is left to RDKit.
"""

from collections.abc import Callable

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from model_scripts.chemistry.molecular_graph import Floats, Integers, MolecularGraph

_BY_RDKIT: dict[str, Callable[[Chem.Mol], float]] = {
    **{f"Chi{order}n": getattr(rdMolDescriptors, f"CalcChi{order}n") for order in range(5)},
    **{f"Chi{order}v": getattr(rdMolDescriptors, f"CalcChi{order}v") for order in range(5)},
    **{f"Kappa{order}": getattr(rdMolDescriptors, f"CalcKappa{order}") for order in range(1, 4)},
    "Phi": rdMolDescriptors.CalcPhi,
}
NAMES: tuple[str, ...] = tuple(_BY_RDKIT)

_FIRST_ROW = 10
"""Up to neon, a valence delta counts the electrons as they are."""


def path_indices(graph: MolecularGraph, paths: list[Integers]) -> list[float]:
    """`NAMES`, given the graph's directed paths of up to four bonds."""
    small_ring = any(len(ring) < 5 for ring in graph.molecule.GetRingInfo().AtomRings())
    if small_ring or (graph.protons == 1).any():
        return [function(graph.molecule) for function in _BY_RDKIT.values()]
    weights = _weights(graph)
    chi = [np.multiply.reduce(weights.take(path, axis=1), axis=1).sum(axis=1) for path in paths[:5]]
    chi = [chi[0], *(total / 2 for total in chi[1:])]  # each path was found from both ends
    return [*np.array(chi).T.ravel().tolist(), *_kappas(graph, [path.shape[1] // 2 for path in paths[:4]])]


def _weights(graph: MolecularGraph) -> Floats:
    """Each atom's ``delta ** -0.5``, float64 ``[2, atoms]``, by the two definitions; 0 for a delta of 0."""
    electrons = (graph.outer_electrons - graph.hydrogens).astype(np.float64)
    core = np.where(graph.protons > _FIRST_ROW, graph.protons - graph.outer_electrons - 1, 1)
    deltas = np.stack([electrons, electrons / core])
    return np.divide(1, np.sqrt(deltas), out=np.zeros_like(deltas), where=deltas != 0)


def _kappas(graph: MolecularGraph, paths: list[int]) -> list[float]:
    """Kappa 1 to 3, and their flexibility index Phi, from the numbers of paths of so many bonds."""
    atoms = len(graph.atoms)
    alpha = rdMolDescriptors.CalcHallKierAlpha(graph.molecule)
    size = atoms + alpha
    odd = atoms % 2
    numerators = (size * (size - 1) ** 2, (size - 1) * (size - 2) ** 2, (size - 2 + odd) * (size - 3) ** 2)
    squares = ((count + alpha) ** 2 for count in paths[1:])
    kappas = [above / below if below else 0.0 for above, below in zip(numerators, squares, strict=True)]
    return [*kappas, kappas[0] * kappas[1] / atoms]
