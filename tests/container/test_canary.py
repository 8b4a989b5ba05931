"""Promise: structures leave the server in answers to those who sent them, and nowhere else.

Ten thousand marked structures, valid and not, go in by every format, and some of them by every kind of mistake; none of
the marks may turn up in the log (RDKit's own lines included), an error, a page that describes the server, or a file.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from chem_endpoints.wire import codec
from chem_endpoints.wire.columns import SMILES_USED
from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES, PARQUET
from chem_endpoints.wire.options import HEADER
from server_processes import LENGTHS

MARKS = (b"13CH3", b"CANARY")
"""The first survives when RDKit rewrites a structure; the second makes it invalid."""

ROWS_PER_FORMAT = 2000
FEW_ROWS = 60
PAGES = ("/health", "/metrics", "/ping", "/model", "/openapi.json", "/docs", "/nowhere")


def marked(rows: int) -> list[str]:
    shapes = ("[13CH3]{}O", "O=C([13CH3]){}N", "[13CH3]{}CANARY", "CANARY{}", "[13CH3]({}", "{}C1[13CH3]")
    return [shapes[row % len(shapes)].format("C" * (row % 40 + 1)) for row in range(rows)]


def as_arrow(frame: pd.DataFrame) -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pandas(frame)
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()


WRITERS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    CSV: lambda frame: frame.to_csv(index=False).encode(),
    JSON: lambda frame: frame.to_json(orient="records").encode(),
    JSON_LINES: lambda frame: frame.to_json(orient="records", lines=True).encode(),
    PARQUET: lambda frame: frame.to_parquet(index=False),
    ARROW: as_arrow,
}


def marked_bodies(rows: int, column: str = "smiles") -> Iterator[tuple[str, bytes]]:
    for content_type, write in WRITERS.items():
        yield content_type, write(pd.DataFrame({column: marked(rows)}))


def mistaken_bodies() -> Iterator[tuple[str, bytes]]:
    for content_type, body in marked_bodies(FEW_ROWS):
        yield content_type, body[: len(body) // 2]
        yield content_type, body + b"\x00\xff"
        yield content_type, gzip.compress(body)[:-20]
        yield "application/x-npy", body
        yield from ((other, body) for other in WRITERS if other != content_type)
    yield from marked_bodies(FEW_ROWS, column="[13CH3]CANARY")
    rows = "\n".join(marked(20)).encode()
    yield CSV, rows  # no header line
    yield CSV, b"smiles\n\xff\xfe" + rows
    yield CSV, b"smiles,SMILES\n" + rows
    yield CSV, b"smiles\n" + rows.replace(b"\n", b",more\n")
    yield CSV, b'smiles\n"' + rows
    yield CSV, b"smiles\n" + rows * 3000  # over the cap
    yield CSV, gzip.compress(b"smiles\n" + rows * 3000)
    yield JSON, json.dumps({"smiles": marked(2), "x": marked(3)}).encode()
    yield JSON, json.dumps([{"smiles": text} for text in marked(3)] + ["CANARY"]).encode()
    yield JSON, json.dumps([{"smiles": {"CANARY": ["[13CH3]"]}}, {"smiles": ["CANARY"]}]).encode()
    yield JSON, json.dumps([{"smiles": "CANARY\ud800"}, {"CANARY\ud800": 1}]).encode()
    yield JSON_LINES, b'{"smiles": "CANARY"}\n{"smiles": CANARY}\n'


def hostile_cells(extra: list[str]) -> bytes:
    cells = ["[13CH3]" + "C" * 5000 + "CANARY", "CANARY" + "(" * 3000, "[13CH3]\x00", "[13CH3] CANARY", *extra]
    return WRITERS[CSV](pd.DataFrame({"smiles": cells}))


class Secretive:
    """A server, and everything that came out of it except answers with the caller's own columns."""

    def __init__(self, server: Any, scratch: Path) -> None:
        self.server, self.scratch = server, scratch
        self.refused = self.answered = 0

    def send(self, content_type: str, body: bytes, options: str = "return=added", accept: str = "*/*") -> None:
        headers = {"Content-Type": content_type, "Accept": accept, HEADER: options}
        answer = self.server.client.post("/invocations", content=body, headers=headers)
        self.answered += answer.status_code == 200
        self.refused += 400 <= answer.status_code < 500
        assert answer.status_code < 500, answer.content
        told = added_text(answer) if answer.status_code == 200 else answer.content
        self.expect_no_mark(told, str(answer.headers).encode())

    def send_everything(self, extra: list[str]) -> None:
        for content_type, body in marked_bodies(ROWS_PER_FORMAT):
            self.send(content_type, body)
        for content_type, body in marked_bodies(FEW_ROWS):
            self.send(content_type, gzip.compress(body))
            self.send(content_type, body, options="return=added;strict=true")
            self.send(content_type, body, accept="image/png")
            for accept in WRITERS:
                self.send(content_type, body, accept=accept)
        for content_type, body in mistaken_bodies():
            self.send(content_type, body)
            self.send(content_type, body, options="strict=true;return=added")
        self.send(CSV, hostile_cells(extra))
        self.expect_no_mark(*(self.server.client.get(page).content for page in PAGES))

    def expect_nothing_left(self) -> None:
        kept = [path.read_bytes() for path in self.scratch.rglob("*") if path.is_file()]
        self.expect_no_mark(*kept)
        assert self.server.stop() == 0
        assert [str(path.relative_to(self.scratch)) for path in self.scratch.rglob("*")] == []
        self.expect_no_mark(self.server.log_path.read_bytes())

    @staticmethod
    def expect_no_mark(*texts: bytes) -> None:
        for text in texts:
            found = [mark for mark in MARKS if mark in text]
            assert not found, text[max(0, text.index(found[0]) - 200) :][:400]


def added_text(answer: Any) -> bytes:
    """The added columns of an answer in any format, but for the one that gives callers their structure back."""
    frame = codec.decode(answer.content, answer.headers["content-type"].partition(";")[0])
    return frame.drop(columns=SMILES_USED, errors="ignore").to_csv().encode()


@pytest.fixture
def serve_secretly(
    start_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Secretive]:
    def serve(model_dir: Path, **variables: str) -> Secretive:
        scratch = tmp_path_factory.mktemp("t")
        server = start_server(model_dir, TMPDIR=str(scratch), CHEM_ENDPOINTS_MAX_BODY_MB="1", **variables)
        return Secretive(server, scratch)

    return serve


def test_the_solubility_model_tells_nobody(solubility_model: Path, serve_secretly: Callable[..., Secretive]) -> None:
    assert len(WRITERS) * ROWS_PER_FORMAT == 10_000
    secretive = serve_secretly(solubility_model)
    secretive.send_everything([])
    assert secretive.answered > 30
    assert secretive.refused > 30
    secretive.expect_nothing_left()


def test_a_script_that_misbehaves_tells_nobody(
    own_script_bundle: Callable[..., Path], serve_secretly: Callable[..., Secretive]
) -> None:
    assert "CANARY" in LENGTHS  # it raises with the text of the row
    secretive = serve_secretly(own_script_bundle(), CHEM_ENDPOINTS_REQUEST_SECONDS="5")
    secretive.send_everything(["raise", "crash", "sleep=30", "once"])
    secretive.send(CSV, hostile_cells(["raise"] * 3 + ["crash"]))
    assert secretive.answered > 30
    secretive.expect_nothing_left()
