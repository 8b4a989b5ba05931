"""What is sent: rows of a file, or the server's own example, in request bodies that differ from each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from chem_endpoints.wire.codec import decode, encode
from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES, PARQUET

BODIES = 512
"""Different bodies of a run; after the last the first is sent again."""
MAX_BYTES = 256 * 2**20
"""Bodies that are kept ready take no more memory than this."""

_TYPES = {".csv": CSV, ".json": JSON, ".jsonl": JSON_LINES, ".parquet": PARQUET, ".arrow": ARROW}


class PayloadError(Exception):
    """There are no rows to send; says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Payload:
    """One request body.

    Attributes:
        body: its bytes.
        rows: rows that the answer must have.
    """

    body: bytes
    rows: int


def read_rows(path: Path) -> pd.DataFrame:
    """The rows of a file in one of the formats of the wire, cells as they are written.

    Raises:
        PayloadError: the name ends otherwise, or the file has no rows.
        WireError: the file is malformed.
    """
    if path.suffix not in _TYPES:
        raise PayloadError(f"{path.name} is not read here: its name must end in one of {', '.join(_TYPES)}")
    return _with_rows(decode(path.read_bytes(), _TYPES[path.suffix]), path.name)


def example_rows(description: dict[str, object]) -> pd.DataFrame:
    """The example rows of an OpenAPI document, as this project's server gives it at ``/openapi.json``.

    Raises:
        PayloadError: it has no example of a CSV body.
    """
    try:
        content = description["paths"]["/invocations"]["post"]["requestBody"]["content"][CSV]  # type: ignore[index]
        example = content["example"] if "example" in content else next(iter(content["examples"].values()))["value"]
    except (KeyError, TypeError, StopIteration):
        raise PayloadError("the server describes no example of a CSV body; give rows with --payload FILE") from None
    return _with_rows(decode(str(example).encode(), CSV), "the example of /openapi.json")


def _with_rows(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    if frame.empty:
        raise PayloadError(f"{source} has no rows")
    return frame


def payloads(frame: pd.DataFrame, *, rows: int, requests: int, content_type: str, seed: int = 1) -> list[Payload]:
    """Bodies of ``rows`` rows each, no row twice in a body as long as the frame has enough of them.

    Args:
        frame: where the rows come from.
        rows: rows per body.
        requests: how many requests will be sent; not more bodies than that, `BODIES` or `MAX_BYTES` are made.
        content_type: format of the bodies.
        seed: of the shuffling.
    """
    made: list[Payload] = []
    size = 0
    for positions in _drawn(len(frame), rows, np.random.default_rng(seed)):
        chosen = frame.iloc[positions].reset_index(drop=True)
        body = encode(chosen, content_type, own_columns=len(chosen.columns))
        size += len(body)
        if made and (size > MAX_BYTES or len(made) >= min(requests, BODIES)):
            return made
        made.append(Payload(body=body, rows=rows))
    raise AssertionError("the draw has no end")


def _drawn(available: int, rows: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Hands of a shuffled deck; what is left at its end is too little for a hand and is shuffled in again."""
    while True:
        deck = generator.permutation(available)
        if rows > available:
            yield np.resize(deck, rows)
        for start in range(0, available - rows + 1, rows):
            yield deck[start : start + rows]
