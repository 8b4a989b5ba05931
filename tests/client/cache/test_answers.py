"""Promise: an answer that is kept, here or in a shared part, comes back bit for bit and of the same types."""

import struct
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from chem_endpoints.client.cache.answers import AnswerSchema, Entries, pack, unpack
from chem_endpoints.client.cache.parts import read_part, write_part
from chem_endpoints.errors import CacheError
from chem_endpoints.wire.manifest import Dtype
from chem_endpoints.wire.typed_columns import PANDAS_DTYPES

KINDS: tuple[Dtype, ...] = ("text", "float64", "int64", "boolean", "float64", "text")
SCHEMA = AnswerSchema(model="0" * 64, asked=(), columns=tuple((f"c{n}", kind) for n, kind in enumerate(KINDS)))

bits = st.integers(0, 2**64 - 1).map(lambda number: struct.unpack("<d", struct.pack("<Q", number))[0])
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.none() | st.just("long " * 200)
rows = st.tuples(texts, bits, st.integers(-(2**63), 2**63 - 1) | st.none(), st.booleans() | st.none(), bits, texts)


def framed(cells: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = list(zip(*cells, strict=True)) or [()] * len(KINDS)
    return pd.DataFrame(
        {
            name: pd.Series(list(column), dtype=PANDAS_DTYPES[kind])
            for (name, kind), column in zip(SCHEMA.columns, columns, strict=True)
        }
    )


@given(st.lists(rows, max_size=6))
def test_answers_come_back_bit_for_bit(cells: list[tuple[Any, ...]]) -> None:
    frame = framed(cells)
    blobs = pack(frame, SCHEMA)
    back = unpack(blobs, SCHEMA)
    assert_frame_equal(back, frame)
    for name in SCHEMA.numbers:
        assert back[name].to_numpy().tobytes() == frame[name].to_numpy().tobytes()
    entries = Entries(rows=[bytes([n]) * 32 for n in range(len(cells))], labels=[None] * len(cells), answers=blobs)
    schema, read = read_part(*write_part(SCHEMA, entries))
    assert (schema, read) == (SCHEMA, entries)


def test_long_answers_take_less_room() -> None:
    frame = framed([("drawing " * 1000, 1.0, 1, True, 2.0, "")])
    assert len(pack(frame, SCHEMA)[0]) < 500


def test_a_part_is_a_parquet_file_that_anybody_can_read(tmp_path: Any) -> None:
    frame = framed([("a", float("nan"), None, None, -0.0, None), ("b", 1.5, 2**62, True, 2.0, "x")])
    entries = Entries(rows=[b"r" * 32, b"s" * 32], labels=[None, b"l" * 32], answers=pack(frame, SCHEMA))
    _, body = write_part(SCHEMA, entries)
    (tmp_path / "part.parquet").write_bytes(body)
    read = pd.read_parquet(tmp_path / "part.parquet")
    assert read["c4"].tolist() == [-0.0, 2.0]
    assert read["c0"].tolist() == ["a", "b"]


def test_equal_parts_share_their_name_unless_they_take_the_place_of_others() -> None:
    entries = Entries(rows=[b"r" * 32], labels=[None], answers=pack(framed([("a", 1.0, 1, True, 1.0, "")]), SCHEMA))
    assert write_part(SCHEMA, entries) == write_part(SCHEMA, entries)
    assert write_part(SCHEMA, entries, unique=True)[0] != write_part(SCHEMA, entries, unique=True)[0]


def test_a_damaged_part_is_refused() -> None:
    name, body = write_part(SCHEMA, Entries(rows=[], labels=[], answers=[]))
    with pytest.raises(CacheError, match="is not what its name says"):
        read_part(name, body[:-1])
