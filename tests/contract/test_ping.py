"""Promise: /ping says whether the model can answer, whatever else the server does (C12 to C16)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from tests.contract.clauses import clause
from tests.contract.target import Target

PING_SECONDS = 2
"""SageMaker's limit for each attempt: a slower answer counts as none."""


@clause("C12")
def test_ping_is_200(target: Target) -> None:
    assert target.client.get("/ping").status_code == 200


@clause("C13")
def test_its_body_is_empty(target: Target) -> None:
    assert target.client.get("/ping").content == b""


@clause("C14")
def test_ping_answers_while_invocations_run(target: Target) -> None:
    with ThreadPoolExecutor(8) as callers:
        invocations = [callers.submit(target.post, target.csv) for _ in range(64)]
        pings = [target.client.get("/ping", timeout=PING_SECONDS).status_code for _ in range(20)]
    assert set(pings) == {200}
    assert {invocation.result().status_code for invocation in invocations} == {200}


@clause("C15")
def test_connections_are_accepted_while_every_worker_is_busy(
    start_server: Callable[..., Any], model_folder: Callable[..., Path]
) -> None:
    server = start_server(model_folder())
    with ThreadPoolExecutor(2) as callers:
        busy = [callers.submit(server.post, "smiles\nsleep=4\n") for _ in range(2)]
        pings = [httpx.get(f"http://127.0.0.1:{server.port}/ping", timeout=PING_SECONDS).status_code for _ in range(50)]
        assert not any(invocation.done() for invocation in busy)
    assert set(pings) == {200}


@clause("C16")
def test_other_methods_are_405(target: Target) -> None:
    for method in ("POST", "PUT", "DELETE"):
        answer = target.client.request(method, "/ping")
        assert answer.status_code == 405
        assert "GET" in answer.headers["allow"]
