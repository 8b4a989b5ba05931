"""Promise: what a file holds comes back as it was: nested Parquet columns, records of files with old line ends."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chem_endpoints.client.files import read_rows, write_rows

NESTED = pa.table(
    {
        "smiles": ["C", "CC", None],
        "list": pa.array([[2**53 + 1, None], None, []], type=pa.list_(pa.int64())),
        "struct": pa.array([{"a": 2**53 + 1}, None, {"a": None}], type=pa.struct([("a", pa.int64())])),
        "map": pa.array([[("k", 2**53 + 1)], None, []], type=pa.map_(pa.string(), pa.int64())),
    }
)


@pytest.mark.parametrize("name", NESTED.column_names)
def test_nested_columns_of_parquet_are_not_rounded(tmp_path: Path, name: str) -> None:
    pq.write_table(NESTED, tmp_path / "in.parquet")
    rows = read_rows(tmp_path / "in.parquet")
    write_rows(rows.frame, tmp_path / "out.parquet", like=rows)
    assert pq.read_table(tmp_path / "out.parquet")[name].to_pylist() == NESTED[name].to_pylist()


def test_lines_that_end_in_carriage_returns_are_lines(tmp_path: Path) -> None:
    (tmp_path / "old.smi").write_bytes(b"CCO a\rCCN b\r")
    assert read_rows(tmp_path / "old.smi").frame["smiles"].tolist() == ["CCO", "CCN"]
