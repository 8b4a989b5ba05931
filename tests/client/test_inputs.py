"""Promise: whatever a chemist has at hand is taken: a frame, a SMILES, a list, a Series, molecules."""

from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from rdkit import Chem

from chem_endpoints.client.inputs import as_frame, with_smiles
from chem_endpoints.errors import InvalidInputError

SMILES = pd.DataFrame({"smiles": pd.Series(["CCO", "CN"], dtype="str")})


@pytest.mark.parametrize(
    "rows", [["CCO", "CN"], ("CCO", "CN"), pd.Series(["CCO", "CN"]), pd.Series(["CCO", "CN"], name="smiles"), SMILES]
)
def test_smiles_come_in_many_forms(rows: Any) -> None:
    assert_frame_equal(as_frame(rows), SMILES, check_dtype=False)


def test_one_smiles_is_one_row() -> None:
    assert as_frame("CCO")["smiles"].tolist() == ["CCO"]


def test_a_frame_is_not_copied() -> None:
    assert as_frame(SMILES) is SMILES


def test_a_series_keeps_its_index_and_name() -> None:
    series = pd.Series(["CCO"], index=["a"], name="Structure")
    assert_frame_equal(as_frame(series), pd.DataFrame({"Structure": series}))


@pytest.mark.parametrize("rows", [5, None, b"CCO", {"smiles": ["C"]}, [1, 2], [["CCO"]]])
def test_anything_else_is_refused_by_its_type(rows: Any) -> None:
    with pytest.raises(InvalidInputError, match="send a DataFrame, a Series, one SMILES, a list"):
        as_frame(rows)


def test_molecules_serve_when_there_is_no_smiles_column() -> None:
    frame = pd.DataFrame({"id": [1, 2, 3], "ROMol": [Chem.MolFromSmiles("OCC"), None, Chem.MolFromSmiles("CN")]})
    before = frame.copy()
    source, column = with_smiles(frame, None)
    assert column == "ROMol"
    assert source["ROMol"].iloc[0] == "CCO"
    assert pd.isna(source["ROMol"].iloc[1])
    assert_frame_equal(frame, before)


def test_a_smiles_column_goes_before_molecules() -> None:
    frame = pd.DataFrame({"Smiles": ["C"], "ROMol": [Chem.MolFromSmiles("OCC")]})
    assert with_smiles(frame, None) == (frame, None)
    source, column = with_smiles(frame, "ROMol")
    assert (column, source["ROMol"].tolist()) == ("ROMol", ["CCO"])


def test_a_smiles_column_that_holds_molecules_serves_too() -> None:
    source, column = with_smiles(pd.DataFrame({"smiles": [Chem.MolFromSmiles("OCC")]}), None)
    assert (column, source["smiles"].tolist()) == ("smiles", ["CCO"])


def test_two_columns_of_molecules_need_a_word() -> None:
    molecule = Chem.MolFromSmiles("C")
    with pytest.raises(InvalidInputError, match=r"the columns .*'a', 'b'.* all hold molecules; say which: smiles='a'"):
        with_smiles(pd.DataFrame({"a": [molecule], "b": [molecule]}), None)


def test_a_list_of_molecules_is_taken() -> None:
    frame = as_frame([Chem.MolFromSmiles("OCC"), None])
    source, column = with_smiles(frame, None)
    assert (column, source["smiles"].iloc[0]) == ("smiles", "CCO")


def test_molecules_may_stand_in_a_column_whose_label_is_no_text() -> None:
    source, column = with_smiles(pd.DataFrame({0: [Chem.MolFromSmiles("OCC")]}), None)
    assert (column, source[0].tolist()) == (0, ["CCO"])
