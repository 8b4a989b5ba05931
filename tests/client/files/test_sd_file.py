"""Promise: every record of an SD file is a row and keeps its bytes; RDKit reads the answers as its properties."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.client.files.sd_file import SdRows, read_sd_file, write_sd_file
from chem_endpoints.errors import FileError, NoRdkitError

Chem = pytest.importorskip("rdkit.Chem")
rdBase = pytest.importorskip("rdkit.rdBase")  # noqa: N816 - as RDKit calls it
SMILES = ["CCO", "c1ccccc1", "C[C@H](N)C(=O)O", "C/C=C/C", "[Na+].[Cl-]"]
BLOCKS = [Chem.MolToMolBlock(Chem.MolFromSmiles(smiles)).split("\n", 1)[1] for smiles in SMILES]
BROKEN = "\n  x\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n    0.0    oops\nM  END\n"
PENTAVALENT = Chem.MolToMolBlock(Chem.MolFromSmiles("C(C)(C)(C)(C)C", sanitize=False), kekulize=False)

LETTERS = st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="$<>")
NAMES = st.text(LETTERS, min_size=1, max_size=8)
LINES = st.lists(st.text(LETTERS, min_size=1, max_size=8), max_size=3)
RECORDS = st.tuples(st.text(LETTERS, max_size=8), st.sampled_from(BLOCKS), st.dictionaries(NAMES, LINES, max_size=3))


def sd_text(records: list[tuple[str, str, dict[str, list[str]]]], *, end: str = "\n") -> bytes:
    text = ""
    for title, block, properties in records:
        told = "".join("\n".join([f">  <{name}>", *lines, "", ""]) for name, lines in properties.items())
        text += f"{title}\n{block}{told}$$$$\n"
    return text.replace("\n", end).encode()


def read(raw: bytes) -> SdRows:
    return read_sd_file(raw, "x.sdf")


def by_rdkit(raw: bytes) -> list[Any]:
    supplier = Chem.SDMolSupplier()
    supplier.SetData(raw.decode())
    with rdBase.BlockLogs():
        return list(supplier)


@given(st.lists(RECORDS, min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]))
def test_records_come_back_byte_for_byte(records: list[tuple[str, str, dict[str, list[str]]]], end: str) -> None:
    raw = sd_text(records, end=end)
    rows = read(raw)
    assert len(rows.frame) == len(records)
    assert write_sd_file(rows.frame, rows.layout, "x.sdf", added=[]) == raw
    for row, (molecule, (title, _, properties)) in enumerate(zip(by_rdkit(raw), records, strict=True)):
        cells = rows.frame.iloc[row]
        if "smiles" not in properties:
            assert cells["smiles"] == Chem.MolToSmiles(molecule)
        assert cells["_Name" if any("name" in one[2] for one in records) else "name"] == title
        for name, lines in properties.items():
            if name not in ("smiles", "name", "_Name"):
                assert cells[name] == "\n".join(lines)


@given(st.lists(RECORDS, min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]), st.data())
def test_rdkit_reads_the_answers_and_all_that_was_there(
    records: list[tuple[str, str, dict[str, list[str]]]], end: str, data: st.DataObject
) -> None:
    raw = sd_text(records, end=end)
    rows = read(raw)
    answers = data.draw(st.lists(st.floats(allow_nan=True), min_size=len(records), max_size=len(records)))
    errors = data.draw(st.lists(st.sampled_from(["", "timeout: why"]), min_size=len(records), max_size=len(records)))
    answered = rows.frame.assign(prediction=answers, prediction_error=errors)
    written = write_sd_file(answered, rows.layout, "x.sdf", added=["prediction", "prediction_error"])
    assert len(by_rdkit(written)) == len(records)
    for before, after, value, error in zip(by_rdkit(raw), by_rdkit(written), answers, errors, strict=True):
        assert Chem.MolToMolBlock(after) == Chem.MolToMolBlock(before)
        told = dict(after.GetPropsAsDict(False, False, False))
        assert value != value or float(told.pop("prediction")) == value
        assert told.pop("prediction_error", "") == error
        assert told == before.GetPropsAsDict(False, False, False)
    # Answers that come again replace the first.
    again = read(written)
    replaced = write_sd_file(again.frame.assign(prediction=1.5), again.layout, "x.sdf", added=["prediction"])
    assert [molecule.GetProp("prediction") for molecule in by_rdkit(replaced)] == ["1.5"] * len(records)
    assert replaced.count(b"<prediction>") == len(records)


def test_a_record_that_rdkit_cannot_read_is_a_row_with_its_reason() -> None:
    good = sd_text([("a", BLOCKS[0], {"x": ["1"]})])
    raw = good + BROKEN.encode() + b"$$$$\n" + PENTAVALENT.encode() + b">  <x>\n3\n\n$$$$\n" + good
    rows = read(raw)
    assert rows.frame["smiles"].tolist() == ["CCO", "", "", "CCO"]
    assert rows.frame["x"].tolist() == ["1", "", "3", "1"]
    line = good.count(b"\n") + 1
    told = f"invalid_smiles: RDKit cannot read the molecule block of record 2 (line {line} of the SD file)"
    assert rows.reasons[1] == told
    assert set(rows.reasons) == {1, 2}
    assert rows.notes == ("x.sdf: RDKit cannot read the structures of 2 of 4 records",)
    assert write_sd_file(rows.frame, rows.layout, "x.sdf", added=[]) == raw


def test_the_last_record_may_lack_its_end_and_a_record_its_structure() -> None:
    raw = b"only a name\n$$$$\n\n\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n> 12 <x> (2)\n5"
    rows = read(raw)
    assert rows.frame["name"].tolist() == ["only a name", ""]
    assert rows.frame["x"].tolist() == ["", "5"]
    assert set(rows.reasons) == {0}  # the second is empty, not broken
    written = write_sd_file(rows.frame.assign(p=["1", "2"]), rows.layout, "x.sdf", added=["p"])
    assert read(written).frame[["name", "x", "p"]].to_numpy().tolist() == [["only a name", "", "1"], ["", "5", "2"]]


def test_a_latin_1_file_stays_one() -> None:
    raw = sd_text([("Äther", BLOCKS[0], {"µ": ["ü"]})]).decode().encode("latin-1")
    rows = read(raw)
    assert rows.frame.iloc[0].tolist() == ["CCO", "Äther", "ü"]
    assert write_sd_file(rows.frame, rows.layout, "x.sdf", added=[]) == raw
    written = write_sd_file(rows.frame.assign(p="λ"), rows.layout, "x.sdf", added=["p"])
    assert b"\\u03bb" in written
    assert written.startswith("Äther".encode("latin-1"))


def test_properties_of_our_names_are_told_apart() -> None:
    rows = read(sd_text([("title", BLOCKS[0], {"smiles": ["theirs"], "name": ["n"]})]))
    assert rows.frame.to_dict("records") == [{"smiles": "CCO", "_Name": "title", "name": "n"}]
    assert "holds the drawn structures" in rows.notes[0]


def test_without_rdkit_the_properties_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(_: object) -> list[str | None]:
        raise NoRdkitError("not installed")

    monkeypatch.setattr("chem_endpoints.client.files.sd_file.smiles_of_blocks", without)
    rows = read(sd_text([("t", BLOCKS[0], {"SMILES": ["CCO"]})]))
    assert rows.frame.to_dict("records") == [{"name": "t", "SMILES": "CCO"}]
    assert "RDKit is not installed" in rows.notes[0]


@pytest.mark.parametrize("cell", ["a\n\nb", "a\n$$$$\nb", "$$$$", "a\r\nb"])
def test_a_cell_that_would_end_the_record_is_refused(cell: str) -> None:
    rows = read(sd_text([("t", BLOCKS[0], {})]))
    with pytest.raises(FileError, match="'conformers' holds blank lines or lines that SD files give a meaning"):
        write_sd_file(rows.frame.assign(conformers=cell), rows.layout, "x.sdf", added=["conformers"])


def test_a_file_without_records_is_told() -> None:
    with pytest.raises(FileError, match=r"^x\.sdf: there is no record in this SD file"):
        read(b"\n\n")


def test_structures_of_a_public_file_are_those_that_rdkit_reads(reference_data: Path) -> None:
    raw = (reference_data / "mordred" / "structures.sdf").read_bytes()
    rows = read(raw)
    assert rows.frame["smiles"].tolist() == [Chem.MolToSmiles(molecule) for molecule in by_rdkit(raw)]
    assert not rows.reasons
    assert write_sd_file(rows.frame, rows.layout, "x.sdf", added=[]) == raw
