"""One run over the rows of a frame: what is sent, how, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from chem_endpoints.client.budget import RetryBudget
from chem_endpoints.client.capacity import CapacityWait
from chem_endpoints.client.congestion import Congestion
from chem_endpoints.client.engine import BodyTooLargeError, Engine
from chem_endpoints.client.plan import Answer, Plan, Positions
from chem_endpoints.client.report import Report
from chem_endpoints.client.steps import Steps
from chem_endpoints.client.transport import Invocation, Transport
from chem_endpoints.client.travelling import Travelling
from chem_endpoints.client.workers import Workers

MAX_THREADS = 64
"""Calls at once at most, whatever is asked for; also the connections that the AWS clients keep."""


@dataclass(frozen=True, kw_only=True)
class Inferred:
    """What a run gave.

    Attributes:
        frame: the caller's rows with the model's columns.
        fates: one row per row, in order: how it ended and what that took (`chem_endpoints.client.fates.COLUMNS`).
        report: totals, JSON-able.
    """

    frame: pd.DataFrame
    fates: pd.DataFrame
    report: Report


@dataclass(kw_only=True)
class Run:
    """Sends the rows of a plan and collects the answers.

    Attributes:
        plan: which rows.
        rows: how they are written and read.
        transport: how they travel.
        attributes: value of the custom-attributes header.
        places: requests under way at once.
        workers: who makes the calls.
        budget: the endpoint's retry budget.
        capacity: the wait for an endpoint that sleeps.
        told: called after each request with the rows that ended, and how many of them failed.
    """

    plan: Plan
    rows: Travelling
    transport: Transport
    attributes: str
    places: int
    workers: Workers
    budget: RetryBudget
    capacity: CapacityWait
    told: Callable[[int, int], None] = field(default=lambda ended, failed: None)

    def go(self) -> None:
        """Runs until every row has its fate.

        Raises:
            EndpointError: the run cannot go on; the plan holds what was answered.
        """
        congestion = Congestion(most=self.places, budget=self.budget, capacity=self.capacity)
        engine = Engine(
            plan=self.plan,
            ask=self._ask,
            control=self._ask,
            workers=self.workers,
            congestion=congestion,
            told=self.told,
        )
        try:
            engine.run()
        finally:  # After a failure or an interrupt nothing more is sent, and nobody waits for what is under way.
            self.workers.close()

    def _ask(self, rows: Positions) -> Steps[Answer]:
        return exchange(rows, self.rows, self.transport, self.attributes)


def exchange(rows: Positions, moving: Travelling, transport: Transport, attributes: str) -> Steps[Answer]:
    """Steps that send some rows and read the answer.

    Raises:
        BodyTooLargeError: they are more than the endpoint takes; nothing was sent.
        ClientError, BotoCoreError, FailedInvocation, AnswerMismatchError: there is no answer.
    """
    body, content_type = moving.encode(rows)
    if len(body) > transport.body_limit:
        raise BodyTooLargeError(len(body), transport.body_limit)
    invocation = Invocation(
        body=body, content_type=content_type, accept=moving.accept or content_type, attributes=attributes
    )
    reply = yield from transport.invoke(invocation)
    frame = moving.read(rows, reply.body, reply.content_type)
    return Answer(frame=frame, digest=reply.digest, bytes_sent=len(body))
