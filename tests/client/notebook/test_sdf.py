"""Promise: an SD file holds every row, readable by RDKit, with its answers as properties; nothing is overwritten."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import AllChem

import chem_endpoints.client.notebook.accessor  # noqa: F401 - registers frame.chem
from chem_endpoints.errors import FileError, InvalidInputError


def records(path: Path) -> list[Chem.Mol]:
    return list(Chem.SDMolSupplier(str(path)))


def test_answers_are_properties_and_rows_without_structure_stay(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "id": ["a", "b", "c"],
            "smiles": ["CCO", "not one", None],
            "prediction": [0.1 + 0.2, np.nan, np.nan],
            "flag": pd.array([True, None, False], dtype="boolean"),
            "prediction_error": ["", "invalid_smiles: no", "missing_value: empty"],
        },
        index=[7, 7, 9],
    )
    assert frame.chem.to_sdf(tmp_path / "out.sdf", name="id") == 3
    first, second, third = records(tmp_path / "out.sdf")
    assert Chem.MolToSmiles(first) == "CCO"
    assert first.GetProp("_Name") == "a"
    assert float(first.GetProp("prediction")) == 0.1 + 0.2
    assert first.GetPropsAsDict(autoConvertStrings=False)["flag"] == "true"
    assert not first.HasProp("prediction_error")
    assert (second.GetNumAtoms(), second.GetProp("prediction_error")) == (0, "invalid_smiles: no")
    assert not third.HasProp("smiles")


def test_conformers_become_records_in_three_dimensions(tmp_path: Path) -> None:
    molecule = Chem.AddHs(Chem.MolFromSmiles("CCO"))
    AllChem.EmbedMultipleConfs(molecule, 2, randomSeed=1)
    parts = [f"{Chem.MolToMolBlock(molecule, confId=n)}>  <energy>\n{n}\n\n$$$$\n" for n in range(2)]
    frame = pd.DataFrame({"smiles": ["CCO", "CC"], "conformers": ["".join(parts), None], "prediction": [1.5, 2.5]})
    assert frame.chem.to_sdf(tmp_path / "out.sdf") == 3
    one, two, flat = list(Chem.SDMolSupplier(str(tmp_path / "out.sdf"), removeHs=False))
    for number, record in enumerate((one, two)):
        assert record.GetConformer().Is3D()
        assert record.GetProp("energy") == str(number)
        assert record.GetProp("prediction") == "1.5"
        np.testing.assert_allclose(
            record.GetConformer().GetPositions(), molecule.GetConformer(number).GetPositions(), atol=1e-4
        )
    assert not flat.GetConformer().Is3D()
    assert not one.HasProp("conformers")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cell_comes_back_or_is_refused_and_never_breaks_a_record(tmp_path: Path, cell: str) -> None:
    frame = pd.DataFrame({"smiles": ["C", "CC"], "note": [cell, "second"]})
    if "\r" in cell or (any(not line.strip() or line.startswith("$$$$") for line in cell.split("\n")) and cell):
        with pytest.raises(FileError, match="'note'"):
            frame.chem.to_sdf(tmp_path / "out.sdf", name="note", overwrite=True)
        return
    frame.chem.to_sdf(tmp_path / "out.sdf", name="note", overwrite=True)
    found = records(tmp_path / "out.sdf")
    assert [Chem.MolToSmiles(record) for record in found] == ["C", "CC"]
    assert found[1].GetProp("note") == "second"
    if cell:
        assert found[0].GetProp("note") == cell


def test_a_file_is_not_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "out.sdf"
    path.write_text("mine")
    frame = pd.DataFrame({"smiles": ["C"]})
    with pytest.raises(FileError, match="already"):
        frame.chem.to_sdf(path)
    assert path.read_text() == "mine"
    frame.chem.to_sdf(path, overwrite=True)
    assert len(records(path)) == 1
    with pytest.raises(InvalidInputError, match="'z'"):
        frame.chem.to_sdf(tmp_path / "other.sdf", columns=["z"])
    assert [child.name for child in tmp_path.iterdir()] == ["out.sdf"]


def test_molecules_of_more_than_999_atoms_are_written(tmp_path: Path) -> None:
    pd.DataFrame({"smiles": ["C" * 1001]}).chem.to_sdf(tmp_path / "out.sdf")
    assert records(tmp_path / "out.sdf")[0].GetNumAtoms() == 1001
