"""A part: one Parquet file of the output, the same bytes for the same rows and answers."""

import json
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from chem_endpoints.wire.parquet_format import COMPRESSION

COUNTS = b"chem_endpoints.batch"
"""Key of a part's metadata: how many rows of the source it stands for, and how many of them failed, by reason."""
ROW_GROUP_ROWS = 50_000
PREFIX, SUFFIX = "part-", ".parquet"


def part_name(number: int) -> str:
    """``part-00000.parquet`` and so on."""
    return f"{PREFIX}{number:05d}{SUFFIX}"


def part_number(name: str) -> int | None:
    """The number of a part; ``None``: the file is none."""
    digits = name.removeprefix(PREFIX).removesuffix(SUFFIX)
    return int(digits) if digits.isdecimal() and name == part_name(int(digits)) else None


def write_part(table: pa.Table, *, rows: int, failed: dict[str, int]) -> bytes:
    """The bytes of a part.

    Args:
        table: its rows, with their answers.
        rows: rows of the source that it stands for; more than the table's where failed ones are left out.
        failed: reason → rows.
    """
    counts = json.dumps({"rows": rows, "failed": failed}, sort_keys=True).encode()
    sink = pa.BufferOutputStream()
    marked = table.replace_schema_metadata({**(table.schema.metadata or {}), COUNTS: counts})
    pq.write_table(marked.unify_dictionaries(), sink, compression=COMPRESSION, row_group_size=ROW_GROUP_ROWS)
    return bytes(sink.getvalue())


def read_counts(source: BinaryIO) -> tuple[int, dict[str, int]]:
    """Rows of the source that a part stands for, and reason → rows that failed; of its footer alone."""
    metadata: Any = pq.read_metadata(source).metadata
    counts = json.loads(metadata[COUNTS])
    return int(counts["rows"]), {str(reason): int(rows) for reason, rows in counts["failed"].items()}
