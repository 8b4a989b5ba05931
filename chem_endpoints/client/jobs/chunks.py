"""The requests of a job: which rows travel together, and the name that their body has."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from chem_endpoints.client.asynchronous import EXTENSIONS
from chem_endpoints.client.jobs.job_record import ChunkRecord, JobRecord
from chem_endpoints.client.jobs.job_store import INPUTS
from chem_endpoints.client.plan import Positions
from chem_endpoints.client.travelling import Travelling
from chem_endpoints.wire import codec
from chem_endpoints.wire.content_types import CSV

NAME_DIGITS = 24
"""Hexadecimal digits of a chunk's name: SageMaker's file names have 32 characters at most, with attempt and ending."""


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """One request.

    Attributes:
        name: digest of its body; it holds the row numbers, so no two chunks of a job share it.
        content_type: format of the body.
        bytes: size of the body.
        rows: how many it has; a request with several that fails is cut, not repeated.
    """

    name: str
    content_type: str
    bytes: int
    rows: int

    @property
    def input(self) -> str:
        """Name of the part of the job that holds the body."""
        return input_of(self.name, self.content_type)


def input_of(name: str, content_type: str) -> str:
    """Name of the part of a job that holds a chunk's body."""
    return f"{INPUTS}{name}.{EXTENSIONS[content_type]}"


def name_of(body: bytes) -> str:
    """The name of the chunk with this body."""
    return hashlib.sha256(body).hexdigest()[:NAME_DIGITS]


def chunk_of(body: bytes, content_type: str, rows: int) -> Chunk:
    """The chunk with this body."""
    return Chunk(name=name_of(body), content_type=content_type, bytes=len(body), rows=rows)


def recorded(record: ChunkRecord, refused: Positions) -> Chunk:
    """The chunk of a record."""
    rows = len(positions(record, refused))
    return Chunk(name=record.name, content_type=record.content_type, bytes=record.bytes, rows=rows)


def refused_rows(record: JobRecord) -> Positions:
    """The rows of a job that cannot travel."""
    return np.array(sorted(record.refused), dtype=np.int64)


def positions(record: ChunkRecord, refused: Positions) -> Positions:
    """The rows of a chunk: those of its span that can travel."""
    return np.setdiff1d(np.arange(record.first, record.last + 1, dtype=np.int64), refused, assume_unique=True)


def cut(rows: Travelling, *, total: int, rows_per_chunk: int, body_limit: int) -> Iterator[tuple[ChunkRecord, bytes]]:
    """Cuts the rows that can travel into chunks, each within the limits.

    A row that is too large alone has an empty name and body.
    """
    able = np.setdiff1d(np.arange(total, dtype=np.int64), np.array(sorted(rows.reasons), dtype=np.int64))
    for start in range(0, len(able), rows_per_chunk):
        yield from _within(rows, able[start : start + rows_per_chunk], body_limit)


def _within(rows: Travelling, part: Positions, body_limit: int) -> Iterator[tuple[ChunkRecord, bytes]]:
    body, content_type = rows.encode(part)
    first, last = int(part[0]), int(part[-1])
    if len(body) <= body_limit:
        yield ChunkRecord(first, last, name_of(body), content_type, len(body)), body
    elif len(part) == 1:
        yield ChunkRecord(first, last, "", content_type, len(body)), b""
    else:
        yield from _within(rows, part[: len(part) // 2], body_limit)
        yield from _within(rows, part[len(part) // 2 :], body_limit)


def part_of(body: bytes, content_type: str, at: Positions) -> bytes:
    """The body of some rows of a chunk, by their places in it; cells of CSV stay as they are written."""
    whole: pd.DataFrame = codec.decode(body, content_type)
    part = whole.iloc[at].reset_index(drop=True)
    return codec.encode(part, content_type, own_columns=part.shape[1] if content_type == CSV else 0)
