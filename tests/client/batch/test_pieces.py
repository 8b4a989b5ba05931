"""Promise: whatever the row groups, blocks, separators and compression of the files are, their pieces are all their
rows in order, exactly as they stand there; which pieces are wanted changes none of them; a broken file is told with its
place.
"""

import gzip
import io
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.client.batch import csv_pieces, pieces
from chem_endpoints.client.batch.csv_pieces import BLOCK_BYTES
from chem_endpoints.client.batch.parquet_pieces import parquet_pieces
from chem_endpoints.client.batch.pieces import read_pieces, shape_of
from chem_endpoints.client.batch.sources import find_source
from chem_endpoints.client.files import read_rows
from chem_endpoints.errors import FileError

MANY_BYTES = 1_000_000_000


def table(rows: int) -> pa.Table:
    numbers = range(rows)
    return pa.table(
        {
            "n": pa.array(numbers, pa.int32()),
            "s": pa.array([None if number % 3 else f"é{number}" for number in numbers], pa.large_string()),
            "d": pa.array([f"s{number % 5}" for number in numbers], pa.string()).dictionary_encode(),
            "at": pa.array(numbers, pa.timestamp("ns", tz="Europe/Berlin")),
        },
        metadata={"made by": "hand"},
    )


def cut(source: BinaryIO, *, rows: int, wanted: Any = lambda number: True, most_bytes: int = MANY_BYTES) -> list[Any]:
    return list(parquet_pieces(source, "f", most_rows=rows, most_bytes=most_bytes, wanted=wanted))


@given(total=st.integers(0, 60), group=st.integers(1, 25), rows=st.integers(1, 30), wanted=st.sets(st.integers(0, 60)))
def test_parquet_pieces_are_its_rows(total: int, group: int, rows: int, wanted: set[int]) -> None:
    file = io.BytesIO()
    pq.write_table(table(total), file, row_group_size=group)
    all_pieces = cut(file, rows=rows)
    assert pa.concat_tables(all_pieces).equals(table(total))
    assert [len(piece) for piece in all_pieces[:-1]] == [rows] * (len(all_pieces) - 1)
    some = cut(file, rows=rows, wanted=lambda number: number in wanted)
    assert len(some) == len(all_pieces)
    for number, (piece, same) in enumerate(zip(some, all_pieces, strict=True)):
        assert (piece is not None) == (number in wanted)
        assert piece is None or (piece.equals(same) and piece.schema.equals(same.schema, check_metadata=True))
        # Dictionaries are written too.
        assert piece is None or [c.to_pylist() for c in dictionaries(piece)] == [
            c.to_pylist() for c in dictionaries(same)
        ]


def dictionaries(piece: pa.Table) -> list[Any]:
    return [chunk.dictionary for chunk in piece.unify_dictionaries().column("d").chunks]


def test_a_piece_of_wide_rows_has_fewer_of_them() -> None:
    file = io.BytesIO()
    wide = pa.table({f"c{column}": pa.array(range(1000), pa.float64()) for column in range(50)})
    pq.write_table(wide, file, use_dictionary=False)
    each = cut(file, rows=1000, most_bytes=100_000)
    assert max(piece.nbytes for piece in each) <= 100_000 * 1.02  # what is missing is a bit beside each number
    assert len(each) <= 8


def test_a_broken_row_group_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.parquet"
    pq.write_table(table(90), path, row_group_size=30, compression="zstd")
    column = pq.read_metadata(path).row_group(1).column(1)
    body = bytearray(path.read_bytes())
    at = column.data_page_offset
    body[at : at + column.total_compressed_size // 2] = b"\xff" * (column.total_compressed_size // 2)
    path.write_bytes(body)
    source = find_source(path, None)
    with pytest.raises(FileError, match=r"broken\.parquet: row group 1 cannot be read"):
        list(read_pieces(source, shape_of(source).schema, lambda number: True))


def test_what_is_no_parquet_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("smiles\nC\n")
    with pytest.raises(FileError, match=r"a\.parquet: this is not a complete Parquet file"):
        shape_of(find_source(tmp_path / "a.parquet", None))


CELLS = st.text(st.sampled_from('aé;,\t"\n 0'), max_size=6)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS), max_size=12),
    separator=st.sampled_from([",", ";", "\t"]),
    mark=st.booleans(),
    packed=st.booleans(),
    block=st.integers(20, 200),
    most_rows=st.integers(1, 5),
)
def test_csv_pieces_are_the_rows_that_the_whole_file_has(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str]],
    separator: str,
    mark: bool,
    packed: bool,
    block: int,
    most_rows: int,
) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    lines = [f"first{separator}second", *(f"{quoted(a)}{separator}{quoted(b)}" for a, b in rows)]
    body = ("\ufeff" if mark else "").encode() + "\n".join([*lines, ""]).encode()
    path = tmp_path_factory.mktemp("csv") / f"a.csv{'.gz' if packed else ''}"
    path.write_bytes(gzip.compress(body) if packed else body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_pieces, "BLOCK_BYTES", block)
        patch.setattr(pieces, "PIECE_ROWS", most_rows)
        source = find_source(path, None)
        found = [piece.table for piece in read_pieces(source, shape_of(source).schema, lambda number: True) if piece]
    together = pa.concat_tables(found)
    whole = read_rows(path).frame
    assert together.column_names == list(whole.columns) == ["first", "second"]
    assert list(zip(*together.to_pydict().values(), strict=True)) == rows
    assert [tuple(row) for row in whole.itertuples(index=False)] == rows
    assert max(len(piece) for piece in found) <= most_rows


def test_a_csv_error_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = ["smiles,x", *(f"C{number},{number}" for number in range(BLOCK_BYTES // 10)), "C,1,2"]
    path.write_text("\n".join(lines))
    source = find_source(path, None)
    with pytest.raises(FileError, match=rf"a\.csv: .* line {len(lines)},"):
        list(read_pieces(source, shape_of(source).schema, lambda number: True))


def test_a_gzip_file_that_is_cut_short_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"smiles\n" + b"C\n" * 1000)[:-20])
    with pytest.raises(FileError, match=r"a\.csv\.gz: the gzip file is damaged or cut short"):
        shape_of(find_source(path, None))


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("smiles,name\nC,Säure\n".encode("latin-1"))
    with pytest.raises(FileError, match="not UTF-8"):
        shape_of(find_source(tmp_path / "a.csv", None))


def test_doubled_names_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("smiles,x,x\nC,1,2\n")
    with pytest.raises(FileError, match=r"several columns are called \['x'\]"):
        shape_of(find_source(tmp_path / "a.csv", None))


def test_the_number_of_rows_is_known_of_parquet_alone(tmp_path: Path) -> None:
    for name, rows in (("a", 3), ("b", 4)):
        pq.write_table(pa.table({"smiles": ["C"] * rows}), tmp_path / f"{name}.parquet")
    assert shape_of(find_source(tmp_path, None)).rows == 7
    (tmp_path / "c.csv").write_text("smiles\nC\n")
    assert shape_of(find_source(tmp_path, None)).rows is None


def test_a_file_that_changes_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("smiles\nC\n")
    source = find_source(path, None)
    reading = read_pieces(source, shape_of(source).schema, lambda number: True)
    assert next(reading) is not None
    path.write_text("smiles\nC\nN\n")
    with pytest.raises(FileError, match=r"a\.csv: the file has changed"):
        list(reading)
