"""Promise: a CSV file cut into blocks loses and changes nothing, wherever its cells hold line ends and quotes."""

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chem_endpoints.wire import csv_blocks as module
from chem_endpoints.wire.csv_blocks import csv_blocks
from chem_endpoints.wire.csv_format import BOM
from chem_endpoints.wire.errors import WireError

sizes = st.integers(1, 40)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """CSV as people and programs write it: quotes where needed and where not, blank lines, a byte-order mark."""
    end = draw(st.sampled_from([b"\n", b"\r\n"]))
    plain = st.sampled_from([b"", b"C", b"CCO", b"1.5", b"N/A", b" x ", "é".encode(), b'a"b', b'"x"y', b"x\x00y"])
    inside = st.sampled_from([b"a", b",", b'""', b"\n", b"\r\n", b"\r", "é".encode(), b" "])
    quoted = st.lists(inside, max_size=6).map(lambda parts: b'"' + b"".join(parts) + b'"')
    width = draw(st.integers(1, 4))
    names = draw(st.lists(st.sampled_from([b"smiles", b"a", b'"b,"', b'"x\ny"']), min_size=width, max_size=width))
    row = st.lists(plain | quoted, min_size=width, max_size=width).map(b",".join)
    rows = draw(st.lists(row | st.just(b""), max_size=12))
    lead = draw(st.sampled_from([b"", BOM, b"\n", BOM + b" \r\n\n"]))
    return lead + end.join([b",".join(names), *rows]) + draw(st.sampled_from([b"", end, end * 3]))


@given(bodies() | st.binary(max_size=80), sizes)
@example(b'\xef\xbb\xbf"a\nb",c\n1,2\n', 1)
@example(b'a\n"x"\r\r\n', 1)
@example(b"a\r\rb\r", 1)
def test_the_blocks_joined_are_the_file(body: bytes, size: int) -> None:
    blocks = list(csv_blocks(io.BytesIO(body), block_bytes=size))
    assert {block.header for block in blocks} == {blocks[0].header}
    assert blocks[0].header + b"".join(block.rows for block in blocks) == body
    assert all(block.rows for block in blocks[1:])


@given(bodies(), sizes)
def test_a_block_ends_where_a_record_does(body: bytes, size: int) -> None:
    for block in list(csv_blocks(io.BytesIO(body), block_bytes=size))[:-1]:
        assert block.rows.endswith((b"\n", b"\r"))
        assert block.rows.rstrip(b"\r\n") in (block.rows[:-1], block.rows[:-2])  # no blank line at the end


@pytest.mark.parametrize(
    ("body", "header", "rows"),
    [
        (b"", b"", []),
        (b"smiles", b"smiles", []),
        (b"smiles\r\n", b"smiles\r\n", []),
        (b'"a\nb",c\n1,2\n3,4\n', b'"a\nb",c\n', [b"1,2\n", b"3,4\n"]),
        (b'a,b\n"1\n",2\n3,"\n"\n4,5', b"a,b\n", [b'"1\n",2\n', b'3,"\n"\n', b"4,5"]),
        (b'a,b\n5" pipe,1\n6" pipe,2\n', b"a,b\n", [b'5" pipe,1\n', b'6" pipe,2\n']),  # no cell that is quoted
        (b"a\n1\n\n\n2\n\n", b"a\n", [b"1\n", b"\n\n2\n", b"\n"]),
    ],
)
def test_the_smallest_blocks(body: bytes, header: bytes, rows: list[bytes]) -> None:
    blocks = list(csv_blocks(io.BytesIO(body), block_bytes=1))
    assert [block.rows for block in blocks] == (rows or [b""])
    assert {block.header for block in blocks} == {header}


def test_a_quote_that_is_never_closed_is_refused_before_it_is_all_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_RECORD_BYTES", 1_000)
    source = io.BytesIO(b'a,b\n1,"2\n' + b"3,4\n" * 10_000)
    with pytest.raises(WireError, match="a record of more than 1000 bytes; is a quotation mark never closed"):
        list(csv_blocks(source, block_bytes=100))
    assert source.tell() < 3_000
