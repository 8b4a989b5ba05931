"""Indices of the molecular graph, equal to RDKit's functions of the same names.

RDKit computes these in Python, atom pair by atom pair, and each from the beginning; here they are sums over arrays that
the indices share. Tests hold them against RDKit's own.
"""

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np
from rdkit import Chem
from rdkit.ML.InfoTheory import entropy

from model_scripts.chemistry.molecular_graph import Floats, MolecularGraph

NAMES = ("AvgIpc", "BalabanJ", "BertzCT", "Chi0", "Chi1")

_DISTANT_VERTICES = 100
"""Two atoms are equivalent to Bertz' index if their distances to this many others are equal."""


def topological_indices(graph: MolecularGraph) -> list[float]:
    """`NAMES`."""
    distances = np.asarray(Chem.GetDistanceMatrix(graph.molecule, useBO=True, force=True, prefix="Balaban"))
    return [
        average_information_content(graph),
        balaban_j(graph, distances),
        bertz_complexity(graph, distances),
        *connectivity(graph),
    ]


def average_information_content(graph: MolecularGraph) -> float:
    """Bits per unit of the population that the characteristic polynomial's coefficients are.

    Equation 7 of D. Bonchev and N. Trinajstić, J. Chem. Phys. 1977, 67, 4517; the coefficients by Le Verrier, Faddeev
    and Frame.
    """
    atoms = len(graph.atoms)
    adjacency = np.zeros((atoms, atoms))
    adjacency[graph.bonds[:, 0], graph.bonds[:, 1]] = adjacency[graph.bonds[:, 1], graph.bonds[:, 0]] = 1
    power = adjacency.copy()
    diagonal = power.reshape(-1)[:: atoms + 1]
    coefficients = np.ones(atoms + 1)
    for order in range(1, atoms + 1):
        coefficients[order] = 1 / order * diagonal.sum()
        diagonal -= coefficients[order]
        power[...] = adjacency @ power
    return float(entropy.InfoEntropy(np.abs(coefficients)))


def balaban_j(graph: MolecularGraph, distances: Floats) -> float:
    """A. T. Balaban, Chem. Phys. Lett. 1982, 89, 399, over distances weighted by bond orders."""
    bonds, rings = len(graph.bonds), len(graph.bonds) - len(graph.atoms) + 1
    if rings == -1:
        return 0.0
    sums = distances.sum(axis=0)[graph.bonds].prod(axis=1)
    return float(bonds / (rings + 1) * (1 / np.sqrt(sums)).sum())


def connectivity(graph: MolecularGraph) -> tuple[float, float]:
    """Chi indices of orders 0 and 1 over degrees; lone atoms do not count.

    L. B. Hall and L. H. Kier, Rev. Comp. Chem. 1991, 2, 367, equations 1 and 9 to 12.
    """
    bound = graph.degrees[graph.degrees > 0]
    return float(np.sqrt(1 / bound).sum()), float(np.sqrt(1 / graph.degrees[graph.bonds].prod(axis=1)).sum())


def bertz_complexity(graph: MolecularGraph, distances: Floats) -> float:
    """S. H. Bertz, J. Am. Chem. Soc. 1981, 103, 3599; aromatic bonds count one and a half."""
    if len(graph.atoms) < 2:
        return 0.0
    connections: Counter[tuple[int, ...]] = Counter()
    for kind, count in _connections(graph, _equivalent_atoms(distances)):
        connections[kind] += count  # type: ignore[assignment]  # counts of aromatic bonds are fractions
    counts = np.array([*connections.values()] or [1], dtype=np.float64)
    elements = np.array(list(Counter(graph.protons.tolist()).values()), dtype=np.float64)
    bonding = counts.sum() * (entropy.InfoEntropy(counts) + math.log2(counts.sum()))
    return float(bonding + len(graph.atoms) * entropy.InfoEntropy(elements))


def _equivalent_atoms(distances: Floats) -> list[int]:
    """A class per atom: the same for atoms whose sorted distances agree to four decimals."""
    nearest = np.rint(np.sort(distances, axis=1)[:, :_DISTANT_VERTICES] * 1e4).astype(np.int64)
    classes: dict[bytes, int] = {}
    return [classes.setdefault(row.tobytes(), len(classes)) for row in nearest]


def _connections(graph: MolecularGraph, classes: list[int]) -> Iterator[tuple[tuple[int, ...], float]]:
    """Kinds of multiple bonds and of pairs of bonds that share an atom, with their numbers of connections."""
    bound: list[list[tuple[int, float]]] = [[] for _ in classes]
    for bond, (one, other) in zip(graph.molecule.GetBonds(), graph.bonds.tolist(), strict=True):
        order = 1.5 if bond.GetIsAromatic() else float(bond.GetBondType())
        bound[one].append((classes[other], order))
        bound[other].append((classes[one], order))
        if order > 1:
            yield _ordered(classes[one], classes[other]), order * (order - 1) / 2
    for hinge, neighbours in zip(classes, bound, strict=True):
        for position, (one_class, one_order) in enumerate(neighbours):
            for other_class, other_order in neighbours[position + 1 :]:
                low, high = _ordered(one_class, other_class)
                yield (low, hinge, high), one_order * other_order


def _ordered(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)
