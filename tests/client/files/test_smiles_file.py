"""Promise: each line of a SMILES file is a row, and is written back as it stood; answers go into further columns."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.client.files.smiles_file import SmilesLayout, read_smiles_file, write_smiles_file
from chem_endpoints.errors import FileError

WORD = st.text("CNO()=[]@/\\1", min_size=1, max_size=8)
REST = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=10)
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n\t"), max_size=8)


def read(raw: bytes) -> tuple[pd.DataFrame, SmilesLayout]:
    frame, layout, _ = read_smiles_file(raw, "x.smi")
    return frame, layout


@given(
    st.lists(st.tuples(WORD, st.sampled_from(["", " ", "\t"]), REST), max_size=6),
    st.sampled_from(["", "SMILES Name\n", "smiles\n", "smiles a long name\n"]),
)
def test_lines_come_back_byte_for_byte(rows: list[tuple[str, str, str]], header: str) -> None:
    lines = [smiles + (gap + name if gap else "") for smiles, gap, name in rows]
    raw = (header + "".join(f"{line}\n" for line in lines)).encode()
    frame, layout = read(raw)
    assert frame.iloc[:, 0].tolist() == [smiles for smiles, _, _ in rows]
    assert frame.iloc[:, 1].tolist() == [name if gap else "" for _, gap, name in rows]
    if rows:
        assert write_smiles_file(frame, layout, "x.smi") == raw


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=5))
def test_a_table_under_a_header_line_comes_back(rows: list[tuple[str, str, str]]) -> None:
    frame = pd.DataFrame(rows, columns=["smiles", "name", "prediction"], dtype="str")
    again, _ = read(write_smiles_file(frame, SmilesLayout(), "x.smi"))
    assert again.to_numpy().tolist() == frame.to_numpy().tolist()
    alone, _ = read(write_smiles_file(frame[["smiles"]], SmilesLayout(), "x.smi"))
    assert alone["smiles"].tolist() == frame["smiles"].tolist()


def test_answers_stand_in_columns_that_rdkit_reads() -> None:
    frame, layout = read(b"CCO ethanol\nc1ccccc1\tbenzene, pure\n")
    answered = frame.assign(prediction=[-0.25, float("nan")], in_domain=pd.array([True, None], dtype="boolean"))
    written = write_smiles_file(answered, layout, "x.smi").decode()
    assert written == "smiles\tname\tprediction\tin_domain\nCCO\tethanol\t-0.25\ttrue\nc1ccccc1\tbenzene, pure\t\t\n"
    Chem = pytest.importorskip("rdkit.Chem")  # noqa: N806 - as RDKit's own documents call it
    supplier = Chem.SmilesMolSupplierFromText(written, "\t", 0, 1, True)
    assert [molecule.GetProp("_Name") for molecule in supplier] == ["ethanol", "benzene, pure"]
    assert supplier[0].GetProp("prediction") == "-0.25"


def test_some_rows_keep_their_own_gaps() -> None:
    frame, layout = read(b"C a\nCC\tb\nCCC\n")
    assert write_smiles_file(frame.iloc[[2, 1]], layout, "x.smi") == b"CCC\nCC\tb\n"


def test_blank_lines_and_comments_are_no_rows_and_an_empty_molecule_is_one() -> None:
    frame, _ = read("# from the store\r\n\r\nSMILES Name \r\nCCO Äther\r\n\r\n nothing\r\n".encode())
    assert frame.columns.tolist() == ["SMILES", "Name "]
    assert frame.to_numpy().tolist() == [["CCO", "Äther"], ["", "nothing"]]


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        ({"id": ["1"], "smiles": ["C"]}, "first column must be called smiles"),
        ({"smiles": ["C"], "name": ["a\tb"], "p": ["1"]}, "'name' holds a tab or a line end"),
        ({"smiles": ["C"], "sdf": ["a\nb"]}, "'sdf' holds a tab or a line end"),
    ],
)
def test_what_the_format_cannot_carry_is_refused(frame: dict[str, list[str]], told: str) -> None:
    with pytest.raises(FileError, match=told):
        write_smiles_file(pd.DataFrame(frame), SmilesLayout(), "x.smi")


def test_a_row_with_too_many_cells_is_told_with_its_line() -> None:
    with pytest.raises(FileError, match=r"x\.smi, line 4: 3 cells, but the header line names 2"):
        read(b"# c\nsmiles\tname\nC\ta\nC\ta\tb\n")
