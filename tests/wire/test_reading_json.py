"""Promise: JSON is read as Python's own parser reads it, whatever reads it here, and what is too large is told so."""

import contextlib
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chem_endpoints.wire import codec, json_cells, json_format
from chem_endpoints.wire.content_types import CSV, JSON, JSON_LINES
from chem_endpoints.wire.errors import BodyTooLargeError, FeatureMismatchError, WireError
from chem_endpoints.wire.manifest import Feature
from chem_endpoints.wire.matching import match_columns

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


@given(documents, st.booleans())
@example(2**64, False)
@example([-(2**63) - 1, 10**300, 1.5e300, 10**18], True)
def test_documents_come_as_they_are(document: object, ascii_only: bool) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    with contextlib.suppress(UnicodeDecodeError):
        assert repr(json_cells.parse(text)) == repr(json.loads(text))


@pytest.mark.parametrize("place", [0, 1, 17, 999_970, 999_981, 999_990, 1_000_000])
def test_a_long_number_is_found_wherever_it_stands(place: int) -> None:
    text = b'["' + b"x" * place + b'",18446744073709551617]'
    assert json_cells.parse(text)[1] == 18446744073709551617


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'"\\ud800"', "\ufffd"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b"1e400", float("inf")),
        (b"-0.0", -0.0),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        ("\ufeff[1]".encode(), [1]),
        ('["é"]'.encode("utf-16"), ["é"]),
    ],
)
def test_what_the_fast_parser_does_not_read(text: bytes, value: object) -> None:
    assert repr(json_cells.parse(text)) == repr(value)


@pytest.mark.parametrize("text", [b"NaN", b"[Infinity]", b"[1,]", b"", b"9" * 5_000, b"[" * 1_000_000])
def test_what_is_no_json(text: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        json_cells.parse(text)
    for content_type in (JSON, JSON_LINES):
        if text:
            with pytest.raises(WireError):
                codec.decode(text, content_type)


def test_a_cell_nested_to_the_parsers_limit_costs_no_process() -> None:
    cell = b"[" * 800 + b"]" * 800
    for content_type in (JSON, JSON_LINES):
        frame = codec.decode(
            b'{"a": ' + cell + b"}" if content_type == JSON_LINES else b'[{"a": ' + cell + b"}]", content_type
        )
        for written in (CSV, JSON, JSON_LINES):
            with contextlib.suppress(WireError):
                codec.encode(frame, written, own_columns=1)


def test_a_json_body_that_is_too_large_is_told_what_to_send(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_format, "MAX_JSON_BYTES", 20)
    assert len(codec.decode(b'[{"a": 1}]'.ljust(20), JSON)) == 1
    with pytest.raises(BodyTooLargeError, match=r"more than the 20 bytes .* send application/jsonlines instead"):
        codec.decode(b'[{"a": 1}]'.ljust(21), JSON)


def test_lines_by_other_programs() -> None:
    body = b'\xef\xbb\xbf{"a": 1}\r\n\r\n  \n{"b": 2, "a": null}'
    assert codec.decode(body, JSON_LINES).to_numpy().tolist() == [[1, None], [None, 2]]
    assert len(codec.decode(b"\n", JSON_LINES)) == 0


@pytest.mark.parametrize(
    ("body", "content_type", "rows"),
    [
        (b"1.0,2.0\n3.0,4.0\n", CSV, [["1.0", "2.0"], ["3.0", "4.0"]]),
        (b"\n1.0\n\n2.0\n", CSV, [["1.0"], [""], ["2.0"]]),
        (b'{"instances": [[1.0, "x"], [2.0, null]]}', JSON, [[1.0, "x"], [2.0, None]]),
        (b'{"instances": [{"0": 1.0}]}', JSON, [[1.0]]),
    ],
)
def test_rows_without_names(body: bytes, content_type: str, rows: list[list[object]]) -> None:
    frame = codec.decode(body, content_type, positional=True)
    assert frame.columns.tolist() == [str(place) for place in range(len(rows[0]))]
    assert frame.to_numpy().tolist() == rows


def test_rows_without_names_of_different_lengths_are_refused() -> None:
    with pytest.raises(WireError, match="row 1"):
        codec.decode(b'{"instances": [[1.0], [1.0, 2.0]]}', JSON, positional=True)
    with pytest.raises(WireError, match="row 0 of the JSON body is no object"):
        codec.decode(b'{"instances": [[1.0]]}', JSON)


def test_a_csv_body_without_header_line_is_refused_before_its_first_row_is_lost() -> None:
    frame = codec.decode(b"CCO,1.5\nCC,2.5\n", CSV)
    with pytest.raises(FeatureMismatchError, match="does the file have a header line"):
        match_columns(frame.columns.tolist(), [Feature(name="smiles", dtype="text")])
