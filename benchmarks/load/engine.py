"""Offers load: starts each request at its place in the schedule, whatever became of those before it."""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aiohttp
import uvloop

from benchmarks.load.answers import Outcome, judge
from benchmarks.load.payloads import Payload
from benchmarks.load.schedule import Arrival, Step, schedule
from benchmarks.load.target import Target

SECONDS_PER_REQUEST = 70.0
"""SageMaker gives up after 60 s; the caller is advised to wait 70 s (InvokeEndpoint API)."""
MAX_OPEN = 2000
"""Requests under way at once; one that arrives beyond them is not sent and counts as an error."""
IDLE_SECONDS = 2.0
"""Connections are not reused after this: servers close theirs after 5 s and more, and the race would be an error."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One request.

    Attributes:
        step: position of its step.
        scheduled: when it was to be sent, in seconds after the start.
        sent: when it was sent.
        finished: when its answer was complete.
        outcome: how it ended.
        error: name of the error, if it is one.
    """

    step: int
    scheduled: float
    sent: float
    finished: float
    outcome: Outcome
    error: str = ""

    @property
    def milliseconds(self) -> float:
        """Latency from the scheduled arrival: a wait before sending is a wait."""
        return (self.finished - self.scheduled) * 1e3


def offer(
    target: Target,
    bodies: Sequence[Payload],
    steps: Sequence[Step],
    *,
    seconds_per_request: float = SECONDS_PER_REQUEST,
    on_result: Callable[[Result], object] = lambda _: None,
) -> list[Result]:
    """Offers the steps one after the other; returns when the last answer is there.

    Args:
        target: where to send.
        bodies: what to send, in turn.
        steps: how fast and how long.
        seconds_per_request: a request without an answer by then is an error.
        on_result: told of each result as it comes.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_Run(target, seconds_per_request, on_result).offer(bodies, steps))


class _Run:
    def __init__(self, target: Target, seconds_per_request: float, on_result: Callable[[Result], object]) -> None:
        self._target = target
        self._timeout = aiohttp.ClientTimeout(total=seconds_per_request)
        self._on_result = on_result
        self._results: list[Result] = []
        self._open: set[asyncio.Task[None]] = set()

    async def offer(self, bodies: Sequence[Payload], steps: Sequence[Step]) -> list[Result]:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS)
        async with aiohttp.ClientSession(connector=connector, timeout=self._timeout) as session:
            self._start = time.perf_counter()  # the loop's own clock counts in milliseconds
            for arrival, payload in zip(schedule(steps), itertools.cycle(bodies), strict=False):
                await asyncio.sleep(max(0.0, arrival.at - self._now))
                self._begin(session, arrival, payload)
            await asyncio.gather(*self._open)
        return self._results

    def _begin(self, session: aiohttp.ClientSession, arrival: Arrival, payload: Payload) -> None:
        if len(self._open) >= MAX_OPEN:
            self._note(arrival, self._now, Outcome.ERROR, "not sent: too many requests under way")
            return
        task = asyncio.create_task(self._send(session, arrival, payload))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _send(self, session: aiohttp.ClientSession, arrival: Arrival, payload: Payload) -> None:
        sent = self._now
        headers = self._target.headers_for(payload.body)
        try:
            async with session.post(
                self._target.url, data=payload.body, headers=headers, allow_redirects=False
            ) as response:
                body = await response.read()
            received = {name.lower(): value for name, value in response.headers.items()}
            outcome, error = judge(response.status, received, body, rows=payload.rows)
        except (aiohttp.ClientError, TimeoutError) as failure:
            outcome, error = Outcome.ERROR, type(failure).__name__
        self._note(arrival, sent, outcome, error)

    @property
    def _now(self) -> float:
        return time.perf_counter() - self._start

    def _note(self, arrival: Arrival, sent: float, outcome: Outcome, error: str) -> None:
        result = Result(
            step=arrival.step, scheduled=arrival.at, sent=sent, finished=self._now, outcome=outcome, error=error
        )
        self._results.append(result)
        self._on_result(result)
