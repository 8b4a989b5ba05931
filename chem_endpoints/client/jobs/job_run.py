"""Works on a job until every row has its fate; what is answered already is read, not asked again."""

import bisect
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from chem_endpoints.client.budget import RetryBudget
from chem_endpoints.client.capacity import CapacityWait
from chem_endpoints.client.congestion import Congestion
from chem_endpoints.client.engine import BodyTooLargeError, Engine
from chem_endpoints.client.jobs.chunk_answers import ChunkAnswers
from chem_endpoints.client.jobs.chunks import Chunk, chunk_of, part_of, positions, recorded, refused_rows
from chem_endpoints.client.jobs.job_record import ChunkRecord, JobRecord
from chem_endpoints.client.jobs.job_store import JobStore
from chem_endpoints.client.pace import Pace
from chem_endpoints.client.plan import Answer, Plan, Positions
from chem_endpoints.client.retry import retried
from chem_endpoints.client.steps import Steps
from chem_endpoints.client.travelling import Travelling
from chem_endpoints.client.workers import Workers
from chem_endpoints.errors import AnswerMismatchError, EndpointError, ModelChangedError


@dataclass(kw_only=True)
class JobRun:
    """One process's work on one job.

    Attributes:
        record: the job.
        store: its folder.
        answers: how a chunk is answered.
        rows: how answers are read.
        places: chunks at once.
        workers: who makes the calls.
        budget: the endpoint's retry budget.
        capacity: the wait for an endpoint that sleeps.
        told: called after each chunk with the rows that ended, and how many of them failed.
        plan: the rows.
    """

    record: JobRecord
    store: JobStore
    answers: ChunkAnswers
    rows: Travelling
    places: int
    workers: Workers
    budget: RetryBudget
    capacity: CapacityWait
    told: Callable[[int, int], None] = field(default=lambda ended, failed: None)
    plan: Plan = field(init=False)

    def __post_init__(self) -> None:
        self._refused = refused_rows(self.record)
        self._firsts = [record.first for record in self.record.chunks]
        self.plan = Plan(
            total=self.record.rows,
            pace=Pace(timed=False),  # The time of an answer that is read tells nothing about the model.
            places=self.places,
            groups=[positions(record, self._refused) for record in self.record.chunks],
        )
        self.plan.refuse(self.record.refused)

    def go(self) -> None:
        """Runs until every row has its fate.

        Raises:
            EndpointError: the run cannot go on; the plan holds what was answered.
        """
        congestion = Congestion(most=self.places, budget=self.budget, capacity=self.capacity)
        engine = Engine(plan=self.plan, ask=self._ask, workers=self.workers, congestion=congestion, told=self.told)
        try:
            engine.run()
        finally:
            self.workers.close()

    def _ask(self, rows: Positions) -> Steps[Answer]:
        chunk = yield from self._chunk_of(rows)
        reply = yield from self.answers.reply(chunk)
        if reply.digest not in ("", self.record.model_sha256):
            raise ModelChangedError(
                f"model {reply.digest[:12]} answered rows of job {self.record.id}, which was submitted to"
                f" {self.record.model_sha256[:12]}: job.partial() gives the answers that are there; submit the rows"
                " again for the others"
            )
        try:
            frame = self.rows.read(rows, reply.body, reply.content_type)
        except AnswerMismatchError:
            self.answers.doubt(chunk)
            raise
        yield from self.answers.keep(chunk, reply)
        return Answer(frame=frame, digest=reply.digest, bytes_sent=chunk.bytes)

    def _chunk_of(self, rows: Positions) -> Steps[Chunk]:
        """The chunk that holds just these rows; a part of one becomes a chunk of its own."""
        record = self.record.chunks[bisect.bisect_right(self._firsts, int(rows[0])) - 1]
        if not record.name:
            raise BodyTooLargeError(record.bytes, record.bytes - 1)
        whole = recorded(record, self._refused)
        together = positions(record, self._refused)
        if len(rows) == len(together):
            return whole
        return (yield from self._derived(record, whole, np.searchsorted(together, rows).astype(np.int64)))

    def _derived(self, record: ChunkRecord, whole: Chunk, at: Positions) -> Steps[Chunk]:
        body = yield from retried(lambda: self.store.get(whole.input))
        if not body:
            raise EndpointError(f"{whole.input} of the job is gone from {self.store.place}; submit the rows again")
        part = part_of(body, record.content_type, at)
        chunk = chunk_of(part, record.content_type, len(at))
        yield from retried(lambda: self.store.put(chunk.input, part, content_type=chunk.content_type))
        return chunk
