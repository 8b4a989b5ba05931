"""Promise: graphs are those of chemprop's RDKit featuriser, and of the compound rather than of how it was written."""

import numpy as np
import pytest
from chemprop.featurizers import SimpleMoleculeMolGraphFeaturizer
from chemprop.featurizers.atom import get_multi_hot_atom_featurizer
from chemprop.featurizers.bond import MultiHotBondFeaturizer, RIGRBondFeaturizer
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from chemprop_models import COMPOUNDS, inputs_of, served_models
from hostile_molecules import hostile_molecules
from model_scripts.chemistry.smiles import SmilesError, parse_smiles
from model_scripts.mpnn.conversion import from_mpnn
from model_scripts.mpnn.graphs import WIDTHS, canonical_smiles, graphs_of
from model_scripts.mpnn.member import ChempropMember
from model_scripts.mpnn.network import AtomFeatures

UNUSUAL = ("C$C", "[Re]$[Re]", "N->[Pt](Cl)Cl", "C->[Fe]", "F[P](F)(F)(F)F", "F[As-](F)(F)(F)(F)F", "[U]", "C[At]")


def readable(texts: list[str]) -> list[str]:
    """Canonical SMILES of those that the script accepts."""
    found = []
    for text in texts:
        try:
            found += canonical_smiles([parse_smiles(text)])
        except SmilesError:
            continue
    return found


def every_element() -> list[str]:
    table = Chem.GetPeriodicTable()
    symbols = [table.GetElementSymbol(number) for number in range(1, 119)]
    return [f"[{symbol}{charge}]" for symbol in symbols for charge in ("", "+", "+2", "+3", "-", "-2")]


@pytest.mark.parametrize("features", WIDTHS)
def test_features_and_bonds_are_those_of_chemprops_rdkit_featuriser(features: AtomFeatures) -> None:
    bonds = RIGRBondFeaturizer() if features == "RIGR" else MultiHotBondFeaturizer()
    chemprops = SimpleMoleculeMolGraphFeaturizer(get_multi_hot_atom_featurizer(features), bonds)
    hostile = [molecule.text for molecule in hostile_molecules() if molecule.expected == "value"]
    smiles = readable([*COMPOUNDS, *UNUSUAL, *every_element(), *hostile])
    assert len(smiles) > 600
    graphs = graphs_of(smiles, features)
    assert graphs.atoms.shape[1] + graphs.bonds.shape[1] == WIDTHS[features]
    expected = [chemprops(Chem.MolFromSmiles(text)) for text in smiles]
    atoms = np.concatenate([graph.V for graph in expected])
    np.testing.assert_allclose(graphs.atoms.numpy(), atoms, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(graphs.bonds.numpy(), np.concatenate([graph.E for graph in expected]))
    first = np.cumsum([0] + [len(graph.V) for graph in expected[:-1]])
    source, target = np.hstack([graph.edge_index + start for graph, start in zip(expected, first, strict=True)])
    np.testing.assert_array_equal(graphs.source.numpy(), source)
    np.testing.assert_array_equal(graphs.target.numpy(), target)
    np.testing.assert_array_equal(graphs.molecule.numpy(), np.repeat(range(len(smiles)), [len(g.V) for g in expected]))
    np.testing.assert_array_equal(graphs.reverse.numpy(), np.arange(len(source)) ^ 1)


@pytest.mark.parametrize("smiles", [["CCO", "C(C", "CC"], ["CCO", "C(C"], ["C(C"], ["CCO", ""], ["", "CCO"]])
def test_what_is_no_molecule_gets_no_numbers(smiles: list[str]) -> None:
    with pytest.raises(ValueError, match="left out a molecule"):
        graphs_of(smiles, "V2")


@pytest.fixture(scope="module")
def member() -> ChempropMember:
    return from_mpnn(served_models()["regression"]())


@settings(max_examples=60)
@given(data=st.data())
def test_a_compound_gets_the_same_bits_however_it_is_written(member: ChempropMember, data: st.DataObject) -> None:
    smiles = data.draw(st.sampled_from(COMPOUNDS))
    order = data.draw(st.permutations(range(parse_smiles(smiles).GetNumAtoms())))
    rewritten = Chem.MolToSmiles(Chem.RenumberAtoms(parse_smiles(smiles), order), canonical=False)
    one, other = member.predict(inputs_of([smiles])), member.predict(inputs_of([rewritten]))
    assert np.array_equal(one, other)
