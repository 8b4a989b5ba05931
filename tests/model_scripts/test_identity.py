"""Promise: one compound has one key and one scaffold, whatever salt, charge, stereoisomer or isotopologue it is."""

import random
import re

import hypothesis
import pytest
from hypothesis import strategies as st
from rdkit import Chem

from model_scripts.chemistry.identity import compound_key, parent
from model_scripts.chemistry.scaffolds import scaffold_key
from model_scripts.chemistry.smiles import parse_smiles

SAME = {
    "salt": ("CC(=O)[O-].[Na+]", "CC(=O)O"),
    "hydrochloride": ("C[NH3+].[Cl-]", "CN"),
    "hydrate": ("CC(=O)Nc1ccc(O)cc1.O", "CC(=O)Nc1ccc(O)cc1"),
    "tartrate": ("CN1CCCC1c1cccnc1.OC(=O)C(O)C(O)C(=O)O", "CN1CCCC1c1cccnc1"),
    "counterion larger than the compound": ("C1N2CN3CN1CN(C2)C3.O=C(O)CNC(=O)c1ccccc1", "C1N2CN3CN1CN(C2)C3"),
    "enantiomers": ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"),
    "racemate": ("CC(N)C(=O)O", "C[C@@H](N)C(=O)O"),
    "double bond": ("C/C=C/C(=O)O", "C/C=C\\C(=O)O"),
    "zwitterion": ("[NH3+]CC(=O)[O-]", "NCC(=O)O"),
    "betaine": ("C[N+](C)(C)CC(=O)O.[Cl-]", "C[N+](C)(C)CC(=O)[O-]"),
    "deuterium": ("[2H]C([2H])([2H])Oc1ccccc1", "COc1ccccc1"),
    "carbon-13": ("[13CH3]c1ccccc1", "Cc1ccccc1"),
    "deuterium that exchanges": ("[2H]Oc1ccccn1", "O=c1cccc[nH]1"),
    "lactam": ("Oc1ccccn1", "O=c1cccc[nH]1"),
    "imidazole": ("Cc1nc[nH]c1CC", "Cc1[nH]cnc1CC"),
    "amidine": ("CNC(C)=NC", "CN=C(C)NC"),
    "labels": ("[CH3:1][CH2:2][OH:3]", "CCO"),
}
"""Why they are the same → two ways to write one compound."""

OTHERS = [
    "CCO",
    "COC",
    "CCN",
    "Oc1ccccc1",
    "c1ccncc1",
    "CC(=O)Nc1ccc(O)cc1",
    "O",
    "[Na+].[Cl-]",
    "[K+].[Cl-]",
    "N[Pt](N)(Cl)Cl",
]


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME)
def test_one_compound_has_one_key_and_one_scaffold(pair: tuple[str, str]) -> None:
    one, other = map(parse_smiles, pair)
    assert compound_key(one) == compound_key(other)
    assert scaffold_key(one) == scaffold_key(other)


def test_different_compounds_have_different_keys() -> None:
    keys = {compound_key(parse_smiles(smiles)) for smiles in OTHERS}
    assert len(keys) == len(OTHERS)
    assert "" not in keys


def test_the_key_is_the_first_block_of_the_parents_inchikey() -> None:
    assert compound_key(parse_smiles("CC(=O)Oc1ccccc1C(=O)[O-].[Na+]")) == "BSYNRYMUTXBXSQ"  # aspirin's, in PubChem
    for smiles in OTHERS[:6]:
        assert re.fullmatch(r"[A-Z]{14}", compound_key(parse_smiles(smiles)))


def test_where_inchi_has_no_key_the_structure_is_its_own() -> None:
    cisplatin = "[NH3]->[Pt](<-[NH3])([Cl])[Cl]"
    assert Chem.MolToInchiKey(parse_smiles(cisplatin)) == ""
    assert compound_key(parse_smiles(cisplatin)) == cisplatin


def test_ketone_and_enol_are_two_compounds_until_a_policy_makes_them_one() -> None:
    assert compound_key(parse_smiles("CC(=O)CC(C)=O")) != compound_key(parse_smiles("CC(O)=CC(C)=O"))


def test_the_parent_is_neutral_and_natural() -> None:
    for tautomer in (True, False):
        found = parent(parse_smiles("[13CH3][C@H]([NH3+])C(=O)[O-].Cl"), tautomer=tautomer)
        assert Chem.MolToSmiles(found) == "C[C@H](N)C(=O)O"


@hypothesis.given(pair=st.sampled_from(sorted(SAME.values())), seed=st.integers(0, 2**16))
@hypothesis.settings(max_examples=60)
def test_keys_do_not_depend_on_the_order_of_the_atoms(pair: tuple[str, str], seed: int) -> None:
    molecule = parse_smiles(pair[0])
    order = list(range(molecule.GetNumAtoms()))
    random.Random(seed).shuffle(order)
    shuffled = Chem.RenumberAtoms(molecule, order)
    assert compound_key(shuffled) == compound_key(molecule)
    assert scaffold_key(shuffled) == scaffold_key(molecule)


def test_scaffolds_are_rings_and_what_joins_them() -> None:
    for smiles, scaffold in {
        "Cc1ccccc1": "c1ccccc1",
        "Oc1ccccc1.[Na+].[Cl-]": "c1ccccc1",
        "CN[C@H]1CC[C@@H](c2ccc(Cl)c(Cl)c2)c2ccccc21.Cl": "c1ccc(C2CCCc3ccccc32)cc1",
        "CC(=O)NCCc1ccccc1-c1ccccn1": "c1ccc(-c2ccccn2)cc1",
        "O=C1CCCCC1C": "O=C1CCCCC1",
    }.items():
        assert scaffold_key(parse_smiles(smiles)) == scaffold


def test_a_counterion_with_rings_is_not_the_scaffold() -> None:
    assert scaffold_key(parse_smiles("CCCCN.Cc1ccc(S(=O)(=O)O)cc1")) == scaffold_key(parse_smiles("CCCCN"))


def test_compounds_without_rings_are_groups_of_their_own() -> None:
    assert scaffold_key(parse_smiles("CCO")) != scaffold_key(parse_smiles("CCN"))
    assert scaffold_key(parse_smiles("CCO")) == f"acyclic {compound_key(parse_smiles('CCO'))}"
