"""Seeded requests to /invocations that nobody sends on purpose: valid bodies, bent and broken, under odd headers."""

import gzip
import io
import json
import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd
import pyarrow as pa

from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES, PARQUET
from chem_endpoints.wire.options import HEADER

LARGEST_BODY = 100_000
"""Bytes; larger ones only take time."""

VALID_BODIES = 1024
"""Different valid bodies to start from."""

SMILES = ("CCO", "c1ccccc1", "CC(=O)Oc1ccccc1C(=O)O", "CCN(CC)CC", "[Na+].[Cl-]", "C", "broken(", "", "[999C]", "*")
HOSTILE_CELLS = (
    "\x00", "a\x00b", "\r", "\n", "\r\n", '"', '""', "'", ",", ";", "\t", " ", "\ufeff", "\u2028", "\U0001f600",
    "\u0421\u0421\u041e",
    "1e400", "-1e400", "9" * 400, "nan", "N/A", "__NA__", "null", "true", "=1+1", "C" * 3000, "(" * 3000, "[" * 500,
    "\x7f", "\x1b[0m", "%s%n", "../../etc", "{}", "[]", "CCO\nCCN", "<script>", "0x1F", "1_000", "١٢٣",
)  # fmt: skip
"""Texts that readers, writers or RDKit have been known to stumble over; in valid bodies they cost no row."""

ACCEPTS = (
    "*/*", "text/csv", JSON, JSON_LINES, PARQUET, ARROW, "text/*", "application/*;q=0.3", "image/png", ",,,", ";q=1",
    "text/csv;q=nan", "text/csv;q=1e999", "text/csv;q=-1", "text/csv;q=0", "*/*;q=0", "q", "text/csv;q=0.5;q=2",
    "a/b;c=d;e", "/" * 50, "text/csv," * 300, "\xff\xfe", '"', "*/csv", "text/csv;charset=\xe9", " ",
)  # fmt: skip
CONTENT_TYPES = (
    CSV, JSON, JSON_LINES, PARQUET, ARROW, "", "text/plain", "application/x-npy", "multipart/form-data; boundary=x",
    "text/csv; charset=utf-16", "application/octet-stream", "*/*", "text/csv;;;", "\xe9/\xe8", "application/gzip",
    "application/x-www-form-urlencoded", "a/" + "b" * 4000,
)  # fmt: skip
ATTRIBUTES = (
    "return=added", "return=", "return=everything", "strict=true", "strict=maybe", "request-id=" + "x" * 1000, ";;;=;=",
    "return=added;return=all", "request-id=\xe9\xff", "request-id=a\tb", "=" * 500, "strict", "k=v;" * 250, "%0d%0a",
    "explain=true;conformers=999999999999",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FuzzedRequest:
    """A request.

    Attributes:
        headers: names and values, Latin-1.
        body: the body.
        rows: rows that a 200 answer must have; ``None``: nobody knows.
        made_by: how it was made, to find it again.
    """

    headers: dict[str, str]
    body: bytes
    rows: int | None
    made_by: str


def fuzzed_requests(seed: int) -> Iterator[FuzzedRequest]:
    """Endless requests; the same seed gives the same ones."""
    number = 0
    while True:
        yield fuzzed_request(seed, number)
        number += 1


def fuzzed_request(seed: int, number: int) -> FuzzedRequest:
    """The request with this number, whatever came before it."""
    chance = random.Random(f"{seed}/{number}")
    content_type, body, rows = _valid_body(chance.randrange(VALID_BODIES))
    made_by = [f"seed {seed}, number {number}", content_type]
    if chance.random() < 0.6:
        bend = chance.choice(MUTATIONS)
        for _ in range(chance.choice((1, 1, 1, 3))):
            body = bend(chance, body)[:LARGEST_BODY]
        rows = None
        made_by.append(bend.__name__)
    elif chance.random() < 0.15:
        body, rows = chance.choice(CRAFTED)(chance), None
        made_by.append("crafted")
    headers = {"Content-Type": content_type, **_odd_headers(chance)}
    if headers["Content-Type"] != content_type:
        rows = None
    if chance.random() < 0.15:
        body = gzip.compress(body, compresslevel=1)
        if chance.random() < 0.5:
            headers["Content-Encoding"] = chance.choice(("gzip", "GZIP", "x-gzip"))
        if chance.random() < 0.4:
            body, rows = chance.choice(MUTATIONS)(chance, body), None
    return FuzzedRequest(headers=headers, body=body, rows=rows, made_by=", ".join(made_by))


def _odd_headers(chance: random.Random) -> dict[str, str]:
    choices = {
        "Content-Type": (0.15, CONTENT_TYPES),
        "Accept": (0.3, ACCEPTS),
        HEADER: (0.4, ATTRIBUTES),
        "Content-Encoding": (0.05, ("gzip", "deflate", "identity", "br", "", "gzip, gzip", "\xe9")),
        "X-Amzn-SageMaker-Inference-Id": (0.2, ("a", "i" * 64, "i" * 65, "\xe9\xff", "a b\tc", "")),
        "X-Unknown": (0.1, ("\x01", "x" * 5000, "")),
    }
    return {name: chance.choice(values) for name, (share, values) in choices.items() if chance.random() < share}


@lru_cache(maxsize=VALID_BODIES)
def _valid_body(number: int) -> tuple[str, bytes, int]:
    chance = random.Random(f"valid/{number}")
    rows = chance.choice((0, 1, 1, 2, 3, 7, 20))
    hostile = chance.random() < 0.4
    smiles = [chance.choice(HOSTILE_CELLS if hostile and chance.random() < 0.5 else SMILES) for _ in range(rows)]
    frame = pd.DataFrame({"smiles": pd.Series(smiles, dtype="str")})
    if chance.random() < 0.5:
        frame["id"] = [chance.choice((0, 1, -1, 2**53 + 1, 2**63 - 1)) for _ in range(rows)]
    if chance.random() < 0.5:
        frame["note"] = pd.Series([chance.choice(HOSTILE_CELLS) for _ in range(rows)], dtype="str")
    content_type, write = chance.choice(WRITERS)
    return content_type, write(frame), rows


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False, quoting=1, lineterminator="\r\n").encode()


def _json(frame: pd.DataFrame) -> bytes:
    return json.dumps(frame.to_dict(orient="records")).encode()


def _split(frame: pd.DataFrame) -> bytes:
    return json.dumps({"columns": list(frame.columns), "data": frame.to_numpy().tolist()}, ensure_ascii=False).encode()


def _instances(frame: pd.DataFrame) -> bytes:
    return json.dumps({"instances": frame.to_dict(orient="records")}).encode()


def _json_lines(frame: pd.DataFrame) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in frame.to_dict(orient="records")).encode()


def _parquet(frame: pd.DataFrame) -> bytes:
    return frame.to_parquet(index=False)


def _arrow(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    table = pa.Table.from_pandas(frame, nthreads=1)
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


WRITERS: tuple[tuple[str, Callable[[pd.DataFrame], bytes]], ...] = (
    (CSV, _csv), (JSON, _json), (JSON, _split), (JSON, _instances), (JSON_LINES, _json_lines), (PARQUET, _parquet),
    (ARROW, _arrow),
)  # fmt: skip


def _flip_bits(chance: random.Random, body: bytes) -> bytes:
    bent = bytearray(body)
    for _ in range(chance.randint(1, 8) if bent else 0):
        bent[chance.randrange(len(bent))] ^= 1 << chance.randrange(8)
    return bytes(bent)


def _truncate(chance: random.Random, body: bytes) -> bytes:
    return body[: chance.randint(0, len(body))]


def _cut_out(chance: random.Random, body: bytes) -> bytes:
    start, end = sorted((chance.randint(0, len(body)), chance.randint(0, len(body))))
    return body[:start] + body[end:]


def _repeat(chance: random.Random, body: bytes) -> bytes:
    start, end = sorted((chance.randint(0, len(body)), chance.randint(0, len(body))))
    return body[:end] + body[start:end] * chance.randint(1, 50) + body[end:]


def _splice(chance: random.Random, body: bytes) -> bytes:
    _, other, _ = _valid_body(chance.randrange(VALID_BODIES))
    return body[: chance.randint(0, len(body))] + other[chance.randint(0, len(other)) :]


def _insert(chance: random.Random, body: bytes) -> bytes:
    at = chance.randint(0, len(body))
    return body[:at] + chance.choice(INSERTED) + body[at:]


def _overwrite_length(chance: random.Random, body: bytes) -> bytes:
    at = chance.randint(0, max(0, len(body) - 8))
    size = chance.choice((0, -1, 2**31 - 1, 2**31, 2**62, chance.getrandbits(63)))
    return body[:at] + struct.pack("<q", size)[: chance.choice((4, 8))] + body[at + 8 :]


INSERTED = (
    b"\x00" * 10, b"\xff\xfe", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b'"', b'""', b"\r", b"\n" * 20, b",", b"," * 5000,
    b"[" * 500, b'{"a":' * 500, b"9" * 500, b"1e999999", b"NaN", b"\\ud800", b"\\u0000", b"\xef\xbb\xbf",
    b"\x1f\x8b\x08",
)  # fmt: skip
MUTATIONS = (_flip_bits, _truncate, _cut_out, _repeat, _splice, _insert, _overwrite_length)

CRAFTED: tuple[Callable[[random.Random], bytes], ...] = (
    lambda chance: chance.randbytes(chance.choice((0, 1, 10, 1000, 20_000))),
    lambda chance: chance.choice((b"[", b'{"a":', b'[{"smiles":')) * chance.choice((10, 1000, 100_000)),
    lambda _: b'[{"smiles": ' + b"9" * 5000 + b"}]",
    lambda _: b'{"smiles": ["CCO"], "smiles": ["CCO", "CCN"]}',
    lambda _: b'"' * 20_001,
    lambda _: b"smiles\n" + b'"CCO\n' * 5000,
    lambda _: b"smiles," * 2000 + b"\n1",
    lambda _: b",".join(b"c%d" % n for n in range(5000)) + b"\n",
    lambda chance: b"PAR1" + chance.randbytes(200) + struct.pack("<i", chance.choice((8, 180, 2**31 - 1))) + b"PAR1",
    lambda chance: b"\xff\xff\xff\xff" + struct.pack("<i", chance.choice((8, 2**31 - 1, -1))) + chance.randbytes(64),
    lambda _: gzip.compress(b"smiles\n" + b"\n" * 40_000_000, compresslevel=1),
    lambda _: gzip.compress(gzip.compress(b"smiles\nCCO\n")),
    lambda _: gzip.compress(b"smiles\n") + gzip.compress(b"CCO\n") + b"\x00" * 20,
)
"""Bodies that are hard to reach by bending a valid one."""
