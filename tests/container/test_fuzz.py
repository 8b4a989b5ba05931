"""Promise: no request, however strange, is answered by a 5xx, ends a worker or costs a row."""

from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.wire.content_types import JSON, JSON_LINES
from fuzz_campaign import SCHEMATHESIS, campaign, run_schemathesis

REQUESTS = 5000
SEED = 20_261_127


def test_strange_requests_are_the_callers_mistake_or_answered_in_full(server: Any) -> None:
    before = server.client.get("/health").json()
    tally = campaign(server.port, seed=SEED, numbers=range(REQUESTS))
    assert tally.complaints == []
    assert tally.rows_checked > REQUESTS / 20
    assert tally.statuses[200] > REQUESTS / 10  # bent gently enough to reach the model
    assert tally.statuses[400] > REQUESTS / 10
    after = server.client.get("/health").json()
    assert (after["workers"], after["worker_restarts"]) == (before["workers"], before["worker_restarts"])


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, b'{"columns": ["smiles", "note"], "data\xed\xa0\x80": [["C", "null"]]}'),  # half a surrogate pair, raw
        (JSON, b'{"smiles\xed\xa0\x80": ["C"], "note": ["a", "b"]}'),
        (JSON_LINES, b'{"smiles": "C"}\n{"smiles": "C", "\xed\xa0\x80": 1}\n'),
        (JSON_LINES, b'{"smiles\xed\xa0\x80": "C"}\n'),
    ],
)
def test_what_was_found_once_does_not_come_back(server: Any, content_type: str, body: bytes) -> None:
    before = server.client.get("/health").json()["worker_restarts"]
    assert server.post(body, content_type).status_code < 500
    assert server.client.get("/health").json()["worker_restarts"] == before


def test_the_openapi_document_keeps_its_word(server: Any, tmp_path: Path) -> None:
    if not SCHEMATHESIS.exists():
        pytest.skip("schemathesis is not installed (extra `dev`)")
    told = run_schemathesis(server.port, examples=40, seed=1, folder=tmp_path)
    assert told.returncode == 0, told.stdout[-4000:]
