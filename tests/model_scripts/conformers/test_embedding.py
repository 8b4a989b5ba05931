"""Promise: a conformer depends on its number alone, and a structure without a geometry is said to have none."""

import numpy as np
import pytest
from rdkit import Chem

from hostile_molecules import CANNOT_BE_EMBEDDED
from model_scripts.conformers.embedding import CHUNK, PROBE, TIERS, chunks, embed, first_conformers
from model_scripts.conformers.failure import NoEnsembleError

IBUPROFEN = "CC(C)Cc1ccc([C@H](C)C(=O)O)cc1"
CUBANE = "C12C3C4C1C5C2C3C45"
TWISTED_CUBANE = "C12C3C4C1C5C3C2C45"
"""As many rings and bonds, joined as no carbon can be."""


def molecule(smiles: str) -> Chem.Mol:
    return Chem.AddHs(Chem.MolFromSmiles(smiles))


def positions(embedded: Chem.Mol) -> np.ndarray:
    return np.array([conformer.GetPositions() for conformer in embedded.GetConformers()])


@pytest.mark.parametrize("tier", TIERS, ids=lambda tier: tier.name)
def test_chunks_give_the_conformers_of_one_call(tier) -> None:
    whole = positions(embed(molecule(IBUPROFEN), tier, start=0, count=7))
    parts = [positions(embed(molecule(IBUPROFEN), tier, start=start, count=n)) for start, n in ((0, 2), (2, 1), (3, 4))]
    assert len(whole) == 7
    assert np.array_equal(whole, np.concatenate(parts))


def test_conformers_differ_from_each_other() -> None:
    found = positions(embed(molecule(IBUPROFEN), TIERS[0], start=0, count=4))
    assert all(np.abs(one - other).max() > 0.1 for i, one in enumerate(found) for other in found[:i])


@pytest.mark.parametrize("count", [1, PROBE, PROBE + 1, PROBE + CHUNK, 25])
def test_chunks_bring_as_many_as_are_wanted_and_count_what_was_tried(count: int) -> None:
    given = list(chunks(molecule("CCO"), count))
    assert sum(chunk.molecule.GetNumConformers() for chunk in given) == count
    assert given[-1].tried == count
    assert {chunk.tier.name for chunk in given} == {"standard"}


def test_nothing_is_pruned_before_minimisation() -> None:
    assert embed(molecule("C"), TIERS[0], start=0, count=9).GetNumConformers() == 9


def test_a_cage_can_be_embedded() -> None:
    _, found = first_conformers(molecule(CUBANE), 10)
    assert found.GetNumConformers() == PROBE


def test_a_structure_without_a_geometry_is_refused() -> None:
    with pytest.raises(NoEnsembleError, match=r"prediction_failed: .*\(skip:embed\)") as refused:
        first_conformers(molecule(TWISTED_CUBANE), 10)
    assert refused.value.status == "skip:embed"


@pytest.mark.chemistry
def test_a_structure_on_which_embedding_has_no_end_is_given_up() -> None:
    with pytest.raises(NoEnsembleError, match="skip:embed"):
        first_conformers(molecule(CANNOT_BE_EMBEDDED), 50)
