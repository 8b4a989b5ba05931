"""Promise: no request, however strange, is answered by a 5xx, ends a worker or costs a row."""

from pathlib import Path
from typing import Any

import pytest

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


def test_the_openapi_document_keeps_its_word(server: Any, tmp_path: Path) -> None:
    if not SCHEMATHESIS.exists():
        pytest.skip("schemathesis is not installed (extra `dev`)")
    told = run_schemathesis(server.port, examples=40, seed=1, folder=tmp_path)
    assert told.returncode == 0, told.stdout[-4000:]
