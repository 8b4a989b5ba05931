"""Promise: a CSV file of any of the usual forms is read cell by cell as it stands, and written back as it was."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.client.files.csv_file import SEPARATORS, CsvLayout, read_csv_file, separator_of, write_csv_file
from chem_endpoints.errors import FileError

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
WORDS = st.text("abcN/A0._é", min_size=1, max_size=6)


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    names = draw(st.lists(WORDS, min_size=2, max_size=4, unique=True))
    # A first cell that is blank would make the line blank where all the others are empty.
    rows = draw(st.lists(st.lists(TEXTS, min_size=len(names) - 1, max_size=len(names) - 1), max_size=5))
    cells = [[f"r{number}", *row] for number, row in enumerate(rows)]
    frame = pd.DataFrame({place: pd.Series([row[place] for row in cells], dtype="str") for place in range(len(names))})
    frame.columns = pd.Index(names, dtype=object)
    return frame


def read(raw: bytes) -> pd.DataFrame:
    return read_csv_file(raw, "x.csv")[0]


@given(tables(), st.sampled_from(SEPARATORS), st.booleans())
def test_every_text_comes_back_with_its_separator(frame: pd.DataFrame, separator: str, marked: bool) -> None:
    layout = CsvLayout(separator=separator, marked=marked)
    body = write_csv_file(frame, layout, own_columns=frame.shape[1])
    again, found, _ = read_csv_file(body, "x.csv")
    assert found == layout
    assert list(again.columns) == list(frame.columns)
    assert again.to_numpy().tolist() == frame.to_numpy().tolist()
    assert write_csv_file(again, found, own_columns=again.shape[1]) == body


@pytest.mark.parametrize("separator", SEPARATORS)
def test_cells_that_look_like_numbers_or_gaps_stay_texts(separator: str) -> None:
    lines = ["id|smiles|value", "007|C|1E5", "NA|CC|N/A", "null||+1"]
    frame = read("\n".join(lines).replace("|", separator).encode())
    assert frame.to_numpy().tolist() == [["007", "C", "1E5"], ["NA", "CC", "N/A"], ["null", "", "+1"]]


@pytest.mark.parametrize(
    ("header", "separator"),
    [
        (b"a,b", ","),
        (b"a;b", ";"),
        (b"a\tb", "\t"),
        (b"smiles", ","),
        (b'"a,b,c";d', ";"),
        (b'"two\nlines;;;",x', ","),
        (b"a;b\tc\td", "\t"),
        (b"\n\n a;b", ";"),
    ],
)
def test_the_header_line_tells_the_separator(header: bytes, separator: str) -> None:
    assert separator_of(header + b"\n1;2;3;4;5\n") == separator


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "latin-1"])
def test_the_encoding_is_found_and_told(encoding: str) -> None:
    text = "name;µM\nEthyl-β-x;1\n" if encoding.startswith("utf") else "name;µM\nÄther;1\n"
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    frame, layout, found = read_csv_file(mark + text.encode(encoding), "x.csv")
    assert frame["µM"].tolist() == ["1"]
    assert frame["name"].iloc[0] in text
    assert layout.marked == (encoding in ("utf-8-sig", "utf-16", "utf-16-be"))
    assert (found.note("x.csv") is None) == encoding.startswith("utf-8")
    written = write_csv_file(frame, layout, own_columns=2)
    assert written.decode("utf-8-sig") == text


def test_a_sign_that_windows_lacks_makes_the_file_latin_1() -> None:
    frame, _, found = read_csv_file(b"a,b\n\x81,\xe9\n", "x.csv")
    assert frame.iloc[0].tolist() == ["\x81", "é"]
    assert found.note("x.csv") == "x.csv is not UTF-8: it was read as Latin-1"


def test_excels_hint_is_no_row() -> None:
    frame, layout, _ = read_csv_file(b"sep=;\r\na;b\r\n1;2\r\n", "x.csv")
    assert frame.to_dict("records") == [{"a": "1", "b": "2"}]
    assert write_csv_file(frame, layout, own_columns=2) == b"a;b\n1;2\n"


def test_answers_are_quoted_where_the_separator_needs_it() -> None:
    frame = pd.DataFrame({"id": ["x;y", "z"], "p": [1.5, float("nan")], "why": ["a, b", "c; d"], "on": [[1, 2], None]})
    body = write_csv_file(frame, CsvLayout(separator=";"), own_columns=1).decode()
    assert body == 'id;p;why;on\n"x;y";1.5;a, b;[1, 2]\nz;N/A;"c; d";__NA__\n'
    assert read(body.encode()).to_numpy().tolist() == [
        ["x;y", "1.5", "a, b", "[1, 2]"],
        ["z", "N/A", "c; d", "__NA__"],
    ]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"a,b\n1,2\n3,4,5\n", r"^x\.csv: .*in line 3, saw 3"),
        (b"sep=;\na;b\n1;2;3\n", r"^x\.csv: .*in line 3, saw 3"),
        (b'a,b\n1,2\n"3,4\n5,6\n', r"^x\.csv: a quotation mark that opens in record 3 .*never closes"),
        (b"  \n", r"^x\.csv: the CSV file is empty"),
        (b"PK\x03\x04\0\0", r"^x\.csv: this is no text file\. Save a spreadsheet as CSV"),
        (b"\xff\xfea", r"^x\.csv: it begins as UTF-16 and is not"),
    ],
)
def test_what_cannot_be_read_is_told_with_file_and_line(raw: bytes, told: str) -> None:
    with pytest.raises(FileError, match=told):
        read(raw)
