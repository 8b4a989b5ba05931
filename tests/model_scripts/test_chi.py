"""Promise: every connected subgraph of a molecule is found once, and is what Hall and Kier call it."""

from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from model_scripts.chemistry.chi import NAMES, chi_indices
from model_scripts.chemistry.descriptors_2d import DESCRIPTORS, describe
from model_scripts.chemistry.molecular_graph import molecular_graph
from model_scripts.chemistry.smiles import parse_smiles
from model_scripts.chemistry.subgraphs import directed_paths, ringed_subgraphs, trees

LARGEST = 7


def indices(molecule: Chem.Mol) -> npt.NDArray[np.float64]:
    graph = molecular_graph(molecule)
    return chi_indices(graph, directed_paths(graph, LARGEST))


@st.composite
def skeletons(draw: st.DrawFn) -> Chem.Mol:
    """Carbon skeletons of two to nine atoms with any rings that four bonds per atom allow, connected or not."""
    atoms = draw(st.integers(2, 9))
    pairs = [(one, other) for one in range(atoms) for other in range(one)]
    degrees: Counter[int] = Counter()
    skeleton = Chem.RWMol()
    for _ in range(atoms):
        skeleton.AddAtom(Chem.Atom(6))
    for one, other in draw(st.lists(st.sampled_from(pairs), unique=True, max_size=14)):
        if degrees[one] < 4 and degrees[other] < 4:
            degrees.update((one, other))
            skeleton.AddBond(one, other, Chem.BondType.SINGLE)
    molecule = skeleton.GetMol()
    Chem.SanitizeMol(molecule)
    return molecule


@given(skeletons())
def test_subgraphs_are_those_that_rdkit_enumerates_each_once(molecule: Chem.Mol) -> None:
    graph = molecular_graph(molecule)
    if not len(graph.bonds):
        return
    ringed = ringed_subgraphs(graph, directed_paths(graph, LARGEST - 1))
    grown = trees(graph, LARGEST)
    for order, bonds in enumerate(Chem.FindAllSubgraphsOfLengthMToN(molecule, 1, LARGEST), start=1):
        atoms = [tuple(sorted(set(graph.bonds[list(subgraph)].ravel().tolist()))) for subgraph in bonds]
        acyclic = Counter(tuple(sorted(tree)) for tree in grown[order - 1].atoms.T.tolist())
        assert acyclic == Counter(subgraph for subgraph in atoms if len(subgraph) == order + 1)
        with_ring = Counter(tuple(sorted(subgraph)) for subgraph in ringed[order])
        assert with_ring == Counter(subgraph for subgraph in atoms if len(subgraph) <= order)


@given(skeletons())
def test_paths_are_trees_without_a_fork_in_both_directions(molecule: Chem.Mol) -> None:
    graph = molecular_graph(molecule)
    directed = directed_paths(graph, LARGEST)
    for order, tree in enumerate(trees(graph, LARGEST), start=1):
        straight = tree.atoms[:, (tree.degrees <= 2).all(axis=0)]
        assert directed[order].shape[1] == 2 * straight.shape[1]
        neighbours = list(zip(directed[order][:-1].ravel().tolist(), directed[order][1:].ravel().tolist(), strict=True))
        assert all(other in graph.adjacent[one] for one, other in neighbours)


@settings(max_examples=60)
@given(skeletons(), st.randoms(use_true_random=False))
def test_the_order_of_atoms_does_not_matter(molecule: Chem.Mol, random: object) -> None:
    order = list(range(molecule.GetNumAtoms()))
    random.shuffle(order)  # type: ignore[attr-defined]
    other = Chem.RenumberAtoms(molecule, order)
    values, renumbered = indices(molecule), indices(other)
    np.testing.assert_allclose(renumbered, values, rtol=1e-12)


@pytest.mark.parametrize(
    ("smiles", "name", "expected"),
    [
        ("CCCC", "Xp-1d", 2 / 2**0.5 + 1 / 2),
        ("CCCC", "Xp-3d", 1 / 2),
        ("CCCC", "AXp-2d", 1 / 2**0.5 / 2**0.5),
        ("CCCC", "Xp-4d", 0),
        ("CCCC", "AXp-4d", None),  # a mean of no path
        ("CC(C)C", "Xc-3d", 1 / 3**0.5),
        ("CC(C)(C)C", "Xc-4d", 1 / 4**0.5),
        ("CCC(C)C", "Xpc-4d", 1 / 2**0.5 / 3**0.5),
        ("C1CC1", "Xch-3d", 1 / 8**0.5),
        ("c1ccccc1", "Xch-6d", 1 / 2**3),
        ("c1ccccc1", "Xch-6dv", 1 / 3**3),
        ("CO", "Xp-1dv", 1 / 5**0.5),
        ("C", "Xp-0d", None),  # its delta is 0
        ("C", "Xp-1d", 0),
        ("[Na+].[Cl-]", "Xch-3dv", 0),
    ],
)
def test_values_that_one_can_work_out(smiles: str, name: str, expected: float | None) -> None:
    value = indices(parse_smiles(smiles))[NAMES.index(name)]
    assert value == pytest.approx(np.nan if expected is None else expected, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("table", ["Chi", "Constitutional", "Aromatic", "Atom__CarbonTypes"])
def test_published_values(reference_data: Path, table: str) -> None:
    columns = [item.name for item in DESCRIPTORS]
    computed = {
        name: dict(zip(columns, describe(parse_smiles(smiles)).tolist(), strict=True))
        for smiles, name in (
            line.split() for line in (reference_data / "mordred" / "structures.smi").read_text().splitlines()
        )
    }
    compared = 0
    for block in yaml.safe_load((reference_data / "mordred" / "references" / f"{table}.yaml").read_text()):
        names = block["names"] if isinstance(block["names"], list) else [block["names"]]
        for molecule, values in block["results"].items():
            for name, value in zip(names, values if isinstance(values, list) else [values], strict=True):
                if value != "skip" and name in columns:
                    tolerance = 1.5 * 10.0 ** -(block.get("digit") or 0)
                    assert computed[molecule][name] == pytest.approx(value, abs=tolerance, nan_ok=True), (
                        molecule,
                        name,
                    )
                    compared += 1
    assert compared > 20
