"""Promise: the descriptor set is the same columns in the same order for ever, and one bad row costs itself alone."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rdkit.Chem import Descriptors

from chem_endpoints.wire import rows
from chem_endpoints.wire.manifest import Standardisation
from model_scripts.chemistry import rdkit_2d
from model_scripts.chemistry.descriptor_sets import describe_by
from model_scripts.chemistry.esol_equation import esol_log_s
from model_scripts.chemistry.identity import compound_key
from model_scripts.chemistry.scaffolds import scaffold_key
from model_scripts.chemistry.smiles import parse_smiles
from model_scripts.reading import Read, Reader

LEFT_OUT = {"Ipc", "AvgIpc"}


def test_the_columns_of_version_1_are_frozen() -> None:
    names = "\n".join(rdkit_2d.COLUMNS).encode()
    assert rdkit_2d.VERSION == "1"
    assert len(rdkit_2d.COLUMNS) == 215
    assert hashlib.sha256(names).hexdigest() == FROZEN


FROZEN = "9d91d97e6b517b485df944a7f490b5a9737a179594af009f0655ed3ab2cd80a9"


def test_the_installed_rdkit_offers_exactly_these() -> None:
    offered = [name for name, _ in Descriptors.descList if name not in LEFT_OUT]
    assert list(rdkit_2d.COLUMNS) == offered  # else: a new version of the set


def read(smiles: list[str]) -> Read:
    describe = describe_by("rdkit_2d")
    reader = Reader(
        policy=Standardisation(policy="none"), describe=describe, gaps=frozenset(describe.columns), features=()
    )
    return reader.read(pd.DataFrame({"smiles": smiles}))


def test_values_are_rdkits_own_and_a_bad_row_is_nan_with_a_reason() -> None:
    found = read(["c1ccccc1O", "bad", "CCO"])
    assert list(found.reasons) == [1]
    assert found.rows.tolist() == [0, 2]
    matrix = found.inputs.matrix
    for row, smiles in ((0, "c1ccccc1O"), (1, "CCO")):
        expected = Descriptors.CalcMolDescriptors(parse_smiles(smiles))
        assert matrix[row].tolist() == pytest.approx(
            [expected[name] for name in rdkit_2d.COLUMNS], rel=1e-6, nan_ok=True
        )


def test_an_undefined_descriptor_is_nan_in_its_cell_alone() -> None:
    found = read(["[Na+].[Cl-]"])
    matrix = found.inputs.matrix
    assert not found.reasons
    assert 0 < np.isnan(matrix[0]).sum() < len(rdkit_2d.COLUMNS)
    assert not np.isinf(matrix).any()


def test_each_row_is_announced_before_it_is_worked_on() -> None:
    seen: list[int] = []
    rows.listen(seen.append)
    try:
        read(["C", "bad", "CC"])
    finally:
        rows.listen(None)
    assert seen == [0, 1, 2, rows.NO_ROW]


@pytest.mark.parametrize(
    ("one", "other"),
    [("CC(=O)[O-].[Na+]", "CC(=O)O"), ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"), ("C[NH3+].[Cl-]", "CN")],
)
def test_salts_and_stereoisomers_are_one_compound(one: str, other: str) -> None:
    assert compound_key(parse_smiles(one)) == compound_key(parse_smiles(other))


def test_scaffolds_ignore_substituents_and_chirality_and_acyclic_compounds_stand_alone() -> None:
    assert scaffold_key(parse_smiles("Cc1ccccc1")) == scaffold_key(parse_smiles("Oc1ccccc1")) == "c1ccccc1"
    assert scaffold_key(parse_smiles("CCO")) != scaffold_key(parse_smiles("CCN"))


def test_the_esol_equation_repeats_the_published_predictions(reference_data: Path) -> None:
    table = pd.read_csv(reference_data / "moleculenet" / "delaney-processed.csv")
    computed = np.array([esol_log_s(parse_smiles(smiles)) for smiles in table["smiles"]])
    published, measured = table["ESOL predicted log solubility in mols per litre"], table.iloc[:, -2]
    # Another logP than Daylight's: the equation is the same, single values are not.
    assert np.corrcoef(computed, published)[0, 1] > 0.95
    assert np.sqrt(np.mean((computed - measured) ** 2)) < 1.1


def test_the_set_is_rdkits_own_numbers_for_drugs_and_odd_structures() -> None:
    odd = ["[Na+].[Cl-]", "C", "[2H]C([2H])([2H])O", "c1ccc2ccccc2c1", "OB(O)c1ccccc1", "CC(=O)Nc1ccc(O)cc1", "C#N"]
    for smiles in odd:
        molecule = parse_smiles(smiles)
        functions = dict(Descriptors.descList)
        expected = np.array([functions[name](molecule) for name in rdkit_2d.COLUMNS], dtype=np.float64)
        assert rdkit_2d.describe(molecule).tolist() == pytest.approx(expected.tolist(), rel=1e-6, nan_ok=True)
