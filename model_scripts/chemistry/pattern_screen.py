"""Which SMARTS patterns a molecule could match at all, judged by its elements.

Matching two hundred patterns takes most of a millisecond, and most of them ask for elements that the molecule does not
hold, or not so often. The screen never drops a pattern that would match.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from rdkit import Chem

from model_scripts.chemistry.molecular_graph import MolecularGraph

_AROMATIC = 128
"""Added to the atomic number of an aromatic atom, which makes its type."""
_TYPES = 256

Types = frozenset[int]
ANY: Types = frozenset(range(_TYPES))


class PatternScreen:
    """Screens a fixed list of patterns.

    Args:
        patterns: SMARTS queries.
    """

    def __init__(self, patterns: Sequence[Chem.Mol]) -> None:
        needs = [Counter(map(_types, pattern.GetAtoms())) for pattern in patterns]
        groups = sorted({types for need in needs for types in need if types != ANY}, key=sorted)
        self._members = np.array([[kind in types for kind in range(_TYPES)] for types in groups], dtype=np.int64)
        self._needs = np.array([[need[types] for types in groups] for need in needs], dtype=np.int64)

    def possible(self, graph: MolecularGraph) -> list[int]:
        """Positions of the patterns that may match, in order."""
        held = np.bincount(graph.protons + _AROMATIC * graph.aromatic, minlength=_TYPES)
        enough = (self._members @ held >= self._needs).all(axis=1)
        return np.flatnonzero(enough).tolist()


def _types(atom: Chem.Atom) -> Types:
    """Types of atoms that a query atom may match; recursive and negated parts of it count as matching any."""
    lines = atom.DescribeQuery().rstrip("\n").split("\n")
    return _types_of_tree([(len(line) - len(line.lstrip()), line.strip()) for line in lines])


def _types_of_tree(lines: list[tuple[int, str]]) -> Types:
    """RDKit describes a query as an indented tree, a line per node."""
    depth, node = lines[0]
    children: list[list[tuple[int, str]]] = []
    for line in lines[1:]:
        if line[0] == depth + 2:
            children.append([])
        children[-1].append(line)
    types = [_types_of_tree(child) for child in children]
    if node == "AtomOr":
        return frozenset().union(*types)
    if node == "AtomAnd":
        return ANY.intersection(*types)
    return _types_of_leaf(node.split())


def _types_of_leaf(words: list[str]) -> Types:
    if len(words) != 4 or words[2:] != ["=", "val"]:
        return ANY
    number = int(words[1])
    if words[0] == "AtomAtomicNum":
        return frozenset({number, number + _AROMATIC})
    if words[0] == "AtomType":  # 1000 stands for aromatic
        return frozenset({number % 1000 + _AROMATIC * (number > 1000)})
    return ANY
