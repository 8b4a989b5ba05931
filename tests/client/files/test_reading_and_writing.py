"""Promise: whatever form a file has, the same rows come out in the same order and go back into the same form."""

import gzip
import io
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from chem_endpoints.client.files import FileRows, read_rows, rows_from, write_rows
from chem_endpoints.client.files.formats import ENDINGS
from chem_endpoints.errors import FileError

CSV = b"\xef\xbb\xbfid;smiles\n007;C\nNA;CC\n"


@pytest.mark.parametrize("ending", ["csv", "CSV", "txt", "csv.gz", "dat"])
def test_answers_go_back_in_the_form_of_the_file(tmp_path: Path, ending: str) -> None:
    source, out = tmp_path / f"in.{ending}", tmp_path / "out.csv.gz"
    source.write_bytes(gzip.compress(CSV) if ending.endswith("gz") else CSV)
    rows = read_rows(source)
    write_rows(rows.frame.assign(prediction=[1.5, None]), out, like=rows)
    assert gzip.decompress(out.read_bytes()) == b"\xef\xbb\xbfid;smiles;prediction\n007;C;1.5\nNA;CC;N/A\n"


def test_the_ending_tells_the_separator_where_no_file_does(tmp_path: Path) -> None:
    write_rows(pd.DataFrame({"a": [1], "b": ["x,y"]}), tmp_path / "out.tsv")
    assert (tmp_path / "out.tsv").read_bytes() == b"a\tb\n1\tx,y\n"


def test_parquet_keeps_types_and_index(tmp_path: Path) -> None:
    frame = pd.DataFrame({"smiles": ["C", None], "n": pd.array([1, None], dtype="Int64")}, index=["x", "y"])
    frame["when"] = pd.to_datetime(["2026-01-01", None]).tz_localize("UTC")
    frame["kind"] = pd.Categorical(["b", "a"], categories=["b", "a", "unused"], ordered=True)
    frame.to_parquet(tmp_path / "in.parquet")
    rows = read_rows(tmp_path / "in.parquet")
    write_rows(rows.frame, tmp_path / "out.pq", like=rows)
    assert_frame_equal(pd.read_parquet(tmp_path / "out.pq"), pd.read_parquet(tmp_path / "in.parquet"))


def test_some_records_of_an_sd_file_are_written_under_their_own_structures(tmp_path: Path) -> None:
    pytest.importorskip("rdkit")
    block = "\n\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n    0.0000    0.0000    0.0000 {}   0  0\nM  END\n$$$$\n"
    (tmp_path / "in.sdf").write_text("".join(block.format(atom) for atom in ("C", "N", "O")))
    rows = read_rows(tmp_path / "in.sdf")
    answered = rows.frame.assign(prediction=[1.0, 2.0, 3.0])
    write_rows(answered.iloc[[2, 1]], tmp_path / "some.sdf.gz", like=rows)
    again = read_rows(tmp_path / "some.sdf.gz").frame
    assert again[["smiles", "prediction"]].to_numpy().tolist() == [["O", "3"], ["N", "2"]]
    with pytest.raises(FileError, match="index of the frame must hold the numbers of the SD file's records"):
        write_rows(answered.set_axis([5, 6, 7]), tmp_path / "no.sdf", like=rows)
    with pytest.raises(FileError, match="only for rows that came from one"):
        write_rows(answered, tmp_path / "no.sdf")


def test_standard_input_is_csv_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def pour(raw: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))

    pour(CSV)
    assert read_rows("-").frame["id"].tolist() == ["007", "NA"]
    pour(b"CCO ethanol\n")
    assert read_rows("-", format="smi").frame.to_dict("records") == [{"smiles": "CCO", "name": "ethanol"}]
    pour(b"a,b\n1,2,3\n")
    with pytest.raises(FileError, match=r"^standard input: .*line 2"):
        read_rows("-")


def test_what_names_a_file_is_read_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(CSV)
    for value in (tmp_path / "in.csv", str(tmp_path / "in.csv")):
        assert len(rows_from(value)) == 2
    for value in ("CCO", "C/C=C/C", "", "a\nb.csv", ["in.csv"], 7, None):
        assert rows_from(value) is None
    with pytest.raises(FileError, match="there is no such file here"):
        rows_from("no.csv")
    with pytest.raises(FileError, match="the ending tells no format"):
        rows_from(tmp_path / "x.xlsx")
    (tmp_path / "old.csv").write_bytes("name\nÄ\n".encode("latin-1"))
    with pytest.warns(UserWarning, match="is not UTF-8"):
        rows_from(tmp_path / "old.csv")


def test_no_ending_is_that_of_a_valid_smiles() -> None:
    rdkit = pytest.importorskip("rdkit")
    pytest.importorskip("rdkit.Chem")
    with rdkit.rdBase.BlockLogs():
        assert not [ending for ending in ENDINGS if rdkit.Chem.MolFromSmiles(f"C{ending}") is not None]


@pytest.mark.parametrize(
    ("name", "raw", "told"),
    [
        ("x.csv.gz", gzip.compress(CSV)[:-9], "gzip file is damaged or cut short"),
        ("x.parquet", b"PAR1 nothing", "not a complete Parquet file"),
        ("x.sdf", b"", "there is no record"),
    ],
    ids=["gzip", "parquet", "sdf"],  # compressed bytes hold the time: they would name the test anew each second
)
def test_a_damaged_file_is_told_by_its_name(tmp_path: Path, name: str, raw: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(FileError, match=told) as caught:
        read_rows(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))


def test_the_rows_do_not_show_in_what_is_logged() -> None:
    rows = FileRows(frame=pd.DataFrame({"smiles": ["CSECRET"]}), format="csv", name="x")
    assert "SECRET" not in repr(rows)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(FileError, match="cannot be read"):
        read_rows(tmp_path / "x.csv")
