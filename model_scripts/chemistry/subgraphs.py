"""Connected subgraphs of a molecule, by bonds: paths, trees, and those that hold a ring.

Each subgraph is found once, and as arrays over all subgraphs of a size, so that thousands of them take less than a
millisecond (``take`` and ``flatnonzero`` are several times faster here than indexing and ``nonzero``). A subgraph is a
set of bonds; two with the same atoms and other bonds are two.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from model_scripts.chemistry.molecular_graph import NOWHERE, Integers, MolecularGraph

Ring = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Trees:
    """Subgraphs of equally many bonds that hold no ring.

    Attributes:
        atoms: int64 ``[bonds + 1, trees]``.
        degrees: neighbours of each atom within its tree, int64 ``[bonds + 1, trees]``.
    """

    atoms: Integers
    degrees: Integers


def directed_paths(graph: MolecularGraph, most: int) -> list[Integers]:
    """Paths without repeated atoms, int64 ``[bonds + 1, paths]`` for 0 … ``most`` bonds, each in both directions."""
    paths = [np.arange(len(graph.atoms), dtype=np.int64)[np.newaxis]]
    for _ in range(most):
        paths.append(_one_bond_further(paths[-1], graph))
    return paths


def _one_bond_further(paths: Integers, graph: MolecularGraph) -> Integers:
    following = graph.neighbours.take(paths[-1], axis=0)
    choice = np.flatnonzero(following != NOWHERE)
    atom, before = following.take(choice), paths.take(choice // following.shape[1], axis=1)
    new = np.flatnonzero((before != atom).all(axis=0))
    return np.concatenate([before.take(new, axis=1), atom.take(new)[np.newaxis]])


def trees(graph: MolecularGraph, most: int) -> list[Trees]:
    """Trees of 1 … ``most`` bonds, paths among them."""
    grown = [Trees(atoms=graph.bonds.T, degrees=np.ones_like(graph.bonds.T))]
    for _ in range(most - 1):
        grown.append(_one_leaf_more(grown[-1], graph))
    return grown


def _one_leaf_more(tree: Trees, graph: MolecularGraph) -> Trees:
    """Each larger tree, made from the one tree that lacks its leaf of the highest position."""
    following = graph.neighbours.take(tree.atoms, axis=0)
    choice = np.flatnonzero(following > _highest_other_leaf(tree)[:, :, np.newaxis])
    leaf, (at, row) = following.take(choice), np.divmod(choice // following.shape[2], tree.atoms.shape[1])
    before = tree.atoms.take(row, axis=1)
    new = np.flatnonzero((before != leaf).all(axis=0))
    row = row.take(new)
    degrees = np.ones((len(tree.degrees) + 1, len(new)), dtype=np.int64)
    degrees[:-1] = tree.degrees.take(row, axis=1)
    degrees[at.take(new), np.arange(len(new))] += 1
    atoms = np.concatenate([before.take(new, axis=1), leaf.take(new)[np.newaxis]])
    return Trees(atoms=atoms, degrees=degrees)


def _highest_other_leaf(tree: Trees) -> Integers:
    """For each atom the highest leaf of its tree other than itself, int64 ``[atoms, trees]``."""
    leaves = np.where(tree.degrees == 1, tree.atoms, NOWHERE)
    highest = leaves.max(axis=0)
    is_highest = tree.atoms == highest
    second: Integers = np.where(is_highest, NOWHERE, leaves).max(axis=0)
    return np.where(is_highest, second, highest)


def ringed_subgraphs(graph: MolecularGraph, paths: list[Integers]) -> list[list[Ring]]:
    """Atoms of the subgraphs that hold at least one ring, for as many bonds as the position in the list says.

    Args:
        graph: the molecule.
        paths: `directed_paths`; the subgraphs have at most one bond more than the longest.
    """
    rings = [_rings(ordered, graph) for ordered in paths]
    if not any(rings):
        return [[] for _ in range(len(paths) + 1)]
    incident = _incident_bonds(graph)
    level: dict[int, Ring] = {}
    found: list[list[Ring]] = [[]]
    for closed in rings:
        level = dict(_one_bond_more(level, incident)) | {_ring_bonds(ring, incident): ring for ring in closed}
        found.append(list(level.values()))
    return found


def _rings(ordered: Integers, graph: MolecularGraph) -> list[Ring]:
    """Paths whose ends are bound, each ring once: from its lowest atom, towards its lower neighbour."""
    if len(ordered) < 3:
        return []
    ordered = ordered[:, (ordered[1] < ordered[-1]) & (ordered[0] < ordered[1:].min(axis=0))]
    bound = (ordered[-1] == graph.neighbours.take(ordered[0], axis=0).T).any(axis=0)
    return [tuple(ring) for ring in ordered[:, bound].T.tolist()]


def _incident_bonds(graph: MolecularGraph) -> list[dict[int, int]]:
    """Per atom: neighbour → the bond's bit."""
    incident: list[dict[int, int]] = [{} for _ in graph.atoms]
    for position, (one, other) in enumerate(graph.bonds.tolist()):
        incident[one][other] = incident[other][one] = 1 << position
    return incident


def _ring_bonds(ring: Ring, incident: list[dict[int, int]]) -> int:
    return sum(incident[one][other] for one, other in zip(ring, ring[1:] + ring[:1], strict=True))


def _one_bond_more(level: dict[int, Ring], incident: list[dict[int, int]]) -> Iterator[tuple[int, Ring]]:
    for bonds, atoms in level.items():
        for atom in atoms:
            for neighbour, bond in incident[atom].items():
                if not bonds & bond:
                    yield bonds | bond, atoms if neighbour in atoms else (*atoms, neighbour)
