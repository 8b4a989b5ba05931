"""Runs a batch: reads pieces, asks the endpoint as `inference` does, writes parts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING

import pyarrow as pa

from chem_endpoints.client.batch.ahead import ReadAhead, WriteBehind
from chem_endpoints.client.batch.batch_begin import Begun, begin
from chem_endpoints.client.batch.kept_chunks import KEEP_SECONDS, KeptChunks
from chem_endpoints.client.batch.open_piece import OpenPiece, PiecePlan
from chem_endpoints.client.batch.pieces import Piece, read_pieces
from chem_endpoints.client.batch.result import BatchResult
from chem_endpoints.client.batch.rolling_plan import RollingPlan
from chem_endpoints.client.congestion import Congestion
from chem_endpoints.client.engine import Engine
from chem_endpoints.client.jobs.job_record import JobOptions
from chem_endpoints.client.pace import Pace
from chem_endpoints.client.plan import Answer, Positions
from chem_endpoints.client.progress import Progress, watched
from chem_endpoints.client.run import exchange
from chem_endpoints.client.steps import Steps
from chem_endpoints.client.travelling import Travelling
from chem_endpoints.errors import EndpointError, FileError
from chem_endpoints.wire.options import RequestOptions

if TYPE_CHECKING:
    from chem_endpoints.client.endpoint import Endpoint

Prepared = tuple[Piece, Travelling]
"""A piece, and what of it travels."""


def run_batch(
    endpoint: "Endpoint",
    source: str | PathLike[str],
    out: str | PathLike[str] | None,
    options: JobOptions,
    *,
    progress: bool | None,
) -> BatchResult:
    """See `chem_endpoints.client.batch.batch`."""
    begun = begin(endpoint, source, out, options, method="endpoint", stacklevel=5)
    with Progress(begun.shape.rows, begun.side.name, watched() if progress is None else progress) as line:
        return BatchRun(begun=begun, line=line).go()


@dataclass(kw_only=True)
class BatchRun:
    """One process's work on a batch.

    Attributes:
        begun: the batch.
        line: tells of ended rows.
    """

    begun: Begun
    line: Progress
    _pace: Pace = field(init=False)
    _places: int = field(init=False)
    _kept: KeptChunks = field(init=False)
    _plan: RollingPlan = field(init=False)
    _counts: dict[int, tuple[int, dict[str, int]]] = field(default_factory=dict, init=False)
    _answered: tuple[Travelling, Positions] | None = field(default=None, init=False)
    """The piece and a row of it that was answered last; the piece itself may be closed."""
    _unread: FileError | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._pace, self._places = self.begun.side.pace(), self.begun.side.places(self.begun.options)
        self._kept = KeptChunks(store=self.begun.store)

    def go(self) -> BatchResult:
        """Runs to the end of the source.

        Raises:
            EndpointError: the batch cannot go on; finished parts stay.
        """
        side = self.begun.side
        resumed = self._count_parts()
        workers = side.workers(self._places)
        started = workers.now()
        pieces = read_pieces(self.begun.source, self.begun.shape.schema, lambda number: number not in resumed)
        congestion = Congestion(most=self._places, budget=side.budget, capacity=side.capacity(self.line.say))
        try:
            with ReadAhead(self._prepared(pieces)) as ahead, WriteBehind() as behind:
                self._plan = self._rolling(ahead, behind)
                Engine(
                    plan=self._plan,
                    ask=self._ask,
                    control=self._ask_again,
                    workers=workers,
                    congestion=congestion,
                    told=self.line.advance,
                ).run()
                behind.finish()
            if self._unread is not None:
                raise self._unread
        except (EndpointError, KeyboardInterrupt) as error:
            error.add_note(f"{len(self._counts)} parts are finished in {self.begun.store.place}")
            raise
        finally:  # After a failure or an interrupt nothing more is sent, and nobody waits for what is under way.
            workers.close()
        return self.begun.finish(
            self._counts,
            requests=self._plan.requests,
            retries=self._plan.retries,
            resumed=len(resumed),
            seconds=workers.now() - started,
        )

    def _count_parts(self) -> set[int]:
        """What earlier runs have finished."""
        there = self.begun.store.parts()
        for number in sorted(there):
            self._counts[number] = rows, failed = self.begun.store.counts(number)
            self.line.advance(rows, sum(failed.values()))
        return there

    def _rolling(self, ahead: ReadAhead[Prepared], behind: WriteBehind) -> RollingPlan:
        def keep(piece: OpenPiece, rows: Positions, answer: Answer, seconds: float) -> None:
            self._answered = piece.rows, rows[:1]
            if seconds >= KEEP_SECONDS:
                behind.small(lambda: self._kept.keep(piece.piece.number, rows, answer.frame))

        return RollingPlan(
            digest=self.begun.digest,
            endpoint=self.begun.side.name,
            pace=self._pace,
            read=lambda first: self._open(ahead, first),
            close=lambda piece: behind.part(lambda: self._write(piece)),
            keep=keep,
        )

    def _prepared(self, pieces: Iterator[Piece | None]) -> Iterator[Prepared]:
        """The wanted pieces; runs in the reader's thread."""
        for piece in pieces:
            if piece is not None:
                yield piece, self.begun.travelling(piece)
                pa.default_memory_pool().release_unused()

    def _open(self, ahead: ReadAhead[Prepared], first: int) -> OpenPiece | None:
        try:
            prepared = ahead.next()
        except FileError as error:  # What was read before is finished first: it costs more than the message's delay.
            self._unread = error
            return None
        if prepared is None:
            return None
        piece, rows = prepared
        plan = PiecePlan(total=piece.table.num_rows, pace=self._pace, places=self._places)
        plan.refuse(rows.reasons)
        for positions, frame in self._kept.of(piece.number):
            plan.keep(positions, frame, self.begun.digest)
        self.line.advance(int(plan.fates.ended_rows.sum()), plan.fates.failed)
        return OpenPiece(piece=piece, first=first, rows=rows, plan=plan)

    def _ask(self, rows: Positions) -> Steps[Answer]:
        piece = self._plan.piece_at(int(rows[0]))
        return exchange(piece.positions(rows), piece.rows, self.begun.side.transport, self._attributes)

    @property
    def _attributes(self) -> str:
        return RequestOptions(returned="added", asked=self.begun.options.asked).to_header()

    def _ask_again(self, rows: Positions) -> Steps[Answer]:
        del rows  # Its piece may be closed.
        assert self._answered is not None, "asked only after an answer"
        moving, positions = self._answered
        return exchange(positions, moving, self.begun.side.transport, self._attributes)

    def _write(self, opened: OpenPiece) -> None:
        """Writes the part of a piece; runs in the writer's thread."""
        failed = self.begun.write(opened.piece, opened.plan)
        self._counts[opened.piece.number] = opened.plan.total, failed
        self._kept.forget(opened.piece.number)
