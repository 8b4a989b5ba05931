"""Connectivity (chi) indices of chains, clusters, path-clusters and paths, over simple and valence deltas.

L. B. Hall and L. H. Kier, Reviews in Computational Chemistry 2, 367 (1991): the sum over subgraphs of the product of
``delta ** -0.5`` over the subgraph's atoms. A subgraph with a ring is a *chain*; without ring, it is a *path* where no
atom has more than two neighbours, a *cluster* where some have and none has two, else a *path-cluster*. Names, orders,
deltas and undefined cells are those of Mordred's module ``Chi`` (H. Moriwaki et al., J. Cheminform. 2018, 10, 4); a
test holds the two against each other.
"""

import numpy as np

from model_scripts.chemistry.molecular_graph import Floats, Integers, MolecularGraph
from model_scripts.chemistry.subgraphs import Trees, ringed_subgraphs, trees

CHAIN_ORDERS = range(3, 8)
CLUSTER_ORDERS = range(3, 7)
PATH_CLUSTER_ORDERS = range(4, 7)
PATH_ORDERS = range(8)
DELTAS = ("d", "dv")

NAMES: tuple[str, ...] = tuple(
    [f"Xch-{order}{delta}" for delta in DELTAS for order in CHAIN_ORDERS]
    + [f"Xc-{order}{delta}" for delta in DELTAS for order in CLUSTER_ORDERS]
    + [f"Xpc-{order}{delta}" for delta in DELTAS for order in PATH_CLUSTER_ORDERS]
    + [f"{kind}-{order}{delta}" for delta in DELTAS for kind in ("Xp", "AXp") for order in PATH_ORDERS]
)
"""In the order of `chi_indices`."""

_ENDS = np.cumsum([len(CHAIN_ORDERS), len(CLUSTER_ORDERS), len(PATH_CLUSTER_ORDERS)])


def chi_indices(graph: MolecularGraph, directed: list[Integers]) -> Floats:
    """The indices `NAMES` of a molecule whose plain hydrogens are implicit, float64 ``[56]``.

    Bonds to hydrogen atoms do not count. NaN: a subgraph holds an atom whose delta is not positive (a lone atom,
    methane's carbon, a hydrogen), or a mean is taken of no path.

    Args:
        graph: the molecule.
        directed: `directed_paths` of up to seven bonds of the graph without bonds to hydrogen atoms.
    """
    skeleton = graph.without_hydrogen_bonds
    ringed = ringed_subgraphs(skeleton, directed[: CHAIN_ORDERS[-1]])
    forked = [_clusters_and_path_clusters(grown) for grown in trees(skeleton, CLUSTER_ORDERS[-1])]
    paths = [_in_one_direction(ordered) for ordered in directed]
    chains = [_padded(ringed[order], len(graph.atoms)) for order in CHAIN_ORDERS]
    clusters = [forked[order - 1][0] for order in CLUSTER_ORDERS]
    path_clusters = [forked[order - 1][1] for order in PATH_CLUSTER_ORDERS]
    totals = _totals([*chains, *clusters, *path_clusters, *paths], _deltas(graph))
    counts = np.array([ordered.shape[1] or np.nan for ordered in paths])
    of_chains, of_clusters, of_path_clusters, of_paths = np.split(totals, _ENDS, axis=1)
    by_group = (of_chains, of_clusters, of_path_clusters, np.concatenate([of_paths, of_paths / counts], axis=1))
    return np.concatenate([values.ravel() for values in by_group])


def _deltas(graph: MolecularGraph) -> Floats:
    """Simple and valence deltas float64 ``[2, atoms + 1]``; the last ones are 1, for subgraphs padded with them."""
    hydrogens = graph.hydrogens + graph.degrees - graph.heavy_neighbours
    core = graph.protons - graph.outer_electrons - 1
    deltas = np.ones((2, len(core) + 1))
    deltas[0, :-1] = graph.heavy_neighbours
    with np.errstate(divide="ignore", invalid="ignore"):
        deltas[1, :-1] = (graph.outer_electrons - graph.charges - hydrogens) / core
    deltas[1, :-1][graph.protons == 1] = 0
    return deltas


def _in_one_direction(directed: Integers) -> Integers:
    return directed.take(np.flatnonzero(directed[0] <= directed[-1]), axis=1)


def _clusters_and_path_clusters(grown: Trees) -> tuple[Integers, Integers]:
    forked = grown.degrees.max(axis=0, initial=0) > 2
    straight = (grown.degrees == 2).any(axis=0)
    clusters, path_clusters = np.flatnonzero(forked & ~straight), np.flatnonzero(forked & straight)
    return grown.atoms.take(clusters, axis=1), grown.atoms.take(path_clusters, axis=1)


def _padded(subgraphs: list[tuple[int, ...]], filler: int) -> Integers:
    """Int64 ``[most atoms, subgraphs]``; a subgraph with several rings has fewer atoms than bonds."""
    width = max(map(len, subgraphs), default=0)
    rows = [[*atoms, *[filler] * (width - len(atoms))] for atoms in subgraphs]
    return np.array(rows, dtype=np.int64).reshape(len(subgraphs), width).T


def _totals(groups: list[Integers], deltas: Floats) -> Floats:
    """Sum of each group's terms, float64 ``[2, groups]``; NaN where a product of deltas is not positive."""
    counts = [atoms.shape[1] for atoms in groups]
    starts = np.concatenate([[0], np.cumsum(counts)])
    together = np.full((max(map(len, groups)), starts[-1] + 1), deltas.shape[1] - 1)
    for atoms, start, count in zip(groups, starts.tolist(), counts, strict=False):
        together[: len(atoms), start : start + count] = atoms
    products = np.multiply.reduce(deltas.take(together, axis=1), axis=1)
    products[products <= 0] = np.nan
    totals = np.add.reduceat(1 / np.sqrt(products), starts, axis=1)[:, :-1]
    return np.where(np.array(counts) > 0, totals, 0.0)  # reduceat takes one term for an empty group
