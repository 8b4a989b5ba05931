"""How the answer to one row is kept: its numbers bit for bit, its other cells as JSON."""

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pandas as pd

from chem_endpoints.wire.manifest import Dtype, Output
from chem_endpoints.wire.typed_columns import PANDAS_DTYPES

COMPRESSED_FROM_BYTES = 512
"""Answers from here on are compressed: hundreds of descriptors, drawings, conformers."""
FAST = 1
"""zlib's level; higher ones save little."""

ROWS_AT_ONCE = 8_192
"""Rows whose bytes are in memory twice."""

_PLAIN, _COMPRESSED = b"p", b"z"


@dataclass(frozen=True, kw_only=True)
class AnswerSchema:
    """What answers have in common that are kept together.

    Attributes:
        model: digest of the model that gave them.
        asked: the options that add columns, sorted.
        columns: name and type of each column that the model adds, without ``prediction_error``: it is always empty.
    """

    model: str
    asked: tuple[str, ...]
    columns: tuple[tuple[str, Dtype], ...]

    @classmethod
    def of(cls, outputs: Iterable[Output], *, model: str, asked: Iterable[str]) -> "AnswerSchema":
        """The schema of the answers with these outputs."""
        columns = tuple((output.name, output.dtype) for output in outputs)
        return cls(model=model, asked=tuple(sorted(asked)), columns=columns)

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return [name for name, _ in self.columns]

    @property
    def numbers(self) -> list[str]:
        """Names of the columns of float64."""
        return [name for name, dtype in self.columns if dtype == "float64"]

    @property
    def others(self) -> list[tuple[str, Dtype]]:
        """The other columns."""
        return [(name, dtype) for name, dtype in self.columns if dtype != "float64"]

    def to_json(self) -> str:
        """The schema as text, the same for equal schemas."""
        return json.dumps({"model": self.model, "asked": self.asked, "columns": self.columns})

    @classmethod
    def from_json(cls, text: str | bytes) -> "AnswerSchema":
        """The schema that `to_json` wrote."""
        read = json.loads(text)
        columns = tuple((name, dtype) for name, dtype in read["columns"])
        return cls(model=read["model"], asked=tuple(read["asked"]), columns=columns)


@dataclass(frozen=True, kw_only=True)
class Entries:
    """Answers to keep, one per row.

    Attributes:
        rows: keys of the rows (`keys.row_keys`).
        labels: keys of the values by which users delete them (`keys.label_keys`).
        answers: what `pack` made.
    """

    rows: list[bytes]
    labels: list[bytes | None]
    answers: list[bytes]

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, first: int, last: int) -> "Entries":
        """The entries from ``first`` to before ``last``."""
        return Entries(rows=self.rows[first:last], labels=self.labels[first:last], answers=self.answers[first:last])


def pack(answers: pd.DataFrame, schema: AnswerSchema) -> list[bytes]:
    """The bytes of each row."""
    blobs: list[bytes] = []
    for first in range(0, len(answers), ROWS_AT_ONCE):
        some = answers.iloc[first : first + ROWS_AT_ONCE]
        numbers = some[schema.numbers].to_numpy(dtype="float64", na_value=np.nan)
        block, width = np.ascontiguousarray(numbers, dtype="<f8").tobytes(), 8 * len(schema.numbers)
        columns = [cells_of(some[name]) for name, _ in schema.others]
        others = zip(*columns, strict=True) if columns else iter([()] * len(some))
        blobs += [_packed(block[i * width : (i + 1) * width] + orjson.dumps(list(row))) for i, row in enumerate(others)]
    return blobs


def unpack(blobs: Sequence[bytes], schema: AnswerSchema) -> pd.DataFrame:
    """The answers, typed as an endpoint's are, one row per blob."""
    width, names = 8 * len(schema.numbers), schema.numbers
    block = np.empty((len(blobs), len(names)), dtype="float64")
    others: list[list[Any]] = []
    for first in range(0, len(blobs), ROWS_AT_ONCE):
        raw = [_unpacked(blob) for blob in blobs[first : first + ROWS_AT_ONCE]]
        numbers = np.frombuffer(b"".join(each[:width] for each in raw), dtype="<f8")
        block[first : first + len(raw)] = numbers.reshape(len(raw), len(names))
        if schema.others:
            others += [orjson.loads(each[width:]) for each in raw]
    columns: dict[str, Any] = {
        name: pd.Series([row[i] for row in others], dtype=PANDAS_DTYPES[dtype])
        for i, (name, dtype) in enumerate(schema.others)
    }
    index = pd.RangeIndex(len(blobs))
    # Columns are put together at once: hundreds of insertions into a frame take seconds.
    together = [pd.DataFrame(block, columns=names, index=index), pd.DataFrame(columns, index=index)]
    return pd.concat(together, axis="columns")[schema.names]


def cells_of(column: "pd.Series[Any]") -> list[Any]:
    """The cells as Python's own values, ``None`` where one is missing."""
    missing = column.isna().to_numpy(dtype=bool)
    cells = column.astype(object).tolist()
    return [None if gone else cell for cell, gone in zip(cells, missing, strict=True)]


def _packed(raw: bytes) -> bytes:
    return _COMPRESSED + zlib.compress(raw, FAST) if len(raw) >= COMPRESSED_FROM_BYTES else _PLAIN + raw


def _unpacked(blob: bytes) -> bytes:
    return zlib.decompress(blob[1:]) if blob[:1] == _COMPRESSED else blob[1:]
