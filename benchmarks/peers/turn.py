"""One side's turn at one cell: start, check the answers, load, check again, stop."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.peers import process_tree
from benchmarks.peers.errors import SideError
from benchmarks.peers.load import Load, apply_load
from benchmarks.peers.payloads import Payload, check_answer
from benchmarks.peers.sides import Side, running

SETTLE_SECONDS = 0.5
MAX_SETTLE_SECONDS = 60
IDLE_SHARE = 0.1
"""Share of one core below which a side counts as idle."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a turn measured.

    Attributes:
        cpu_ms: processor time of all processes of the side, per request.
        load: rate and latency.
    """

    cpu_ms: float
    load: Load


@dataclass(frozen=True, kw_only=True)
class Questions:
    """The bodies of a cell.

    Attributes:
        bodies: all different.
        folder: where the load generator reads them.
        checked: requests of each checking pass.
    """

    bodies: Sequence[Payload]
    folder: Path
    checked: int


def take_turn(side: Side, model_dir: Path, questions: Questions, *, concurrency: int, seconds: float) -> Figures:
    """Measures a side once.

    Raises:
        SideError: it does not start, answers wrongly, or fails under load.
    """
    with running(side, model_dir) as server:
        ask_and_check(server.port, questions.bodies, count=questions.checked, concurrency=concurrency)
        time.sleep(SETTLE_SECONDS)
        before = process_tree.cpu_seconds(server.roots)
        load = apply_load(server.port, questions.bodies, questions.folder, concurrency=concurrency, seconds=seconds)
        spent = process_tree.cpu_seconds(server.roots) - before
        _wait_until_idle(server.roots)
        ask_and_check(server.port, questions.bodies, count=questions.checked, concurrency=concurrency)
    return Figures(cpu_ms=spent * 1e3 / load.completed, load=load)


def _wait_until_idle(roots: process_tree.Roots) -> None:
    """Lets a side finish what its load generator no longer waits for."""
    deadline = time.monotonic() + MAX_SETTLE_SECONDS
    spent = process_tree.cpu_seconds(roots)
    while time.monotonic() < deadline:
        time.sleep(SETTLE_SECONDS)
        before, spent = spent, process_tree.cpu_seconds(roots)
        if spent - before < IDLE_SHARE * SETTLE_SECONDS:
            return


def ask_and_check(port: int, bodies: Sequence[Payload], *, count: int, concurrency: int) -> None:
    """Asks ``count`` questions, ``concurrency`` at a time, and compares each answer with the model's.

    Raises:
        SideError: an answer differs, or does not come.
    """
    limits = httpx.Limits(max_connections=concurrency)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, limits=limits) as client:

        def ask(number: int) -> None:
            payload = bodies[number % len(bodies)]
            try:
                answer = client.post("/invocations", content=payload.body, headers=payload.form.headers)
            except httpx.HTTPError as error:
                raise SideError(f"no answer: {error!r}") from error
            check_answer(payload, answer.status_code, answer.content)

        with ThreadPoolExecutor(concurrency) as callers:
            list(callers.map(ask, range(count)))
