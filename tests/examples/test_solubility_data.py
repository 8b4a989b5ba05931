"""Promise: every number of the demonstration's data was read in a cited source, and structures are what they say."""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from rdkit import Chem

from model_scripts.chemistry.identity import compound_key

COLUMNS = ["name", "smiles", "inchikey", "log_s", "source"]
FILES = ["solubility.csv", "solubility_unseen.csv"]
PRIMARY_SOURCE = "Delaney2004"


@pytest.fixture(scope="module")
def tables(root: Path) -> dict[str, pd.DataFrame]:
    return {name: pd.read_csv(root / "examples" / "data" / name) for name in FILES}


@pytest.mark.parametrize("name", FILES)
def test_structures_are_canonical_and_match_their_keys(tables: dict[str, pd.DataFrame], name: str) -> None:
    table = tables[name]
    assert table.columns.tolist() == COLUMNS
    assert table.notna().all(axis=None)
    for row in table.itertuples():
        molecule = Chem.MolFromSmiles(row.smiles)
        assert Chem.MolToSmiles(molecule) == row.smiles, row.name
        assert Chem.MolToInchiKey(molecule) == row.inchikey, row.name


def test_there_are_about_150_compounds_and_each_is_there_once(tables: dict[str, pd.DataFrame]) -> None:
    assert 140 <= len(tables["solubility.csv"]) <= 160
    assert len(tables["solubility_unseen.csv"]) >= 10
    keys = [compound_key(Chem.MolFromSmiles(smiles)) for table in tables.values() for smiles in table["smiles"]]
    assert len(set(keys)) == len(keys)  # nor is an unseen compound a salt or a stereoisomer of a training compound


def test_every_source_is_described(root: Path, tables: dict[str, pd.DataFrame]) -> None:
    told = (root / "examples/data/README.md").read_text()
    for table in tables.values():
        for source in table["source"].unique():
            assert re.search(rf"`{source}`", told), f"{source} is not described in examples/data/README.md"


def test_values_are_those_of_the_reference_table(
    reference_data: Path, tables: dict[str, pd.DataFrame], record_property: Callable[[str, object], None]
) -> None:
    reference = pd.read_csv(reference_data / "moleculenet" / "delaney-processed.csv")
    values: dict[str, list[float]] = {}
    for smiles, value in zip(reference["smiles"], reference.iloc[:, -2], strict=True):
        values.setdefault(Chem.MolToInchiKey(Chem.MolFromSmiles(smiles.strip())).split("-")[0], []).append(value)
    for name, table in tables.items():
        known = {key: values[key.split("-")[0]] for key in table["inchikey"] if key.split("-")[0] in values}
        confirmed = 0
        for row in table.itertuples():
            near = any(abs(row.log_s - value) <= 0.05 for value in known.get(row.inchikey, []))
            confirmed += near
            assert near or row.source != PRIMARY_SOURCE, f"{row.name}: {row.log_s} is not in {PRIMARY_SOURCE}"
        print(f"{name}: {confirmed} of {len(table)} rows confirmed by the reference table")
        record_property(name, f"{confirmed}/{len(table)} confirmed")
        if name == "solubility.csv":
            assert confirmed >= 0.9 * len(table)
