"""The plan of a batch: a few pieces are open at once, so that the endpoint never waits for the end of one.

To the engine it is a plan like that of `inference`. A new piece is opened when no row of the open ones is left to send;
what then keeps an old piece open is only what is under way.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chem_endpoints.client.batch.open_piece import OpenPiece
from chem_endpoints.client.pace import Pace
from chem_endpoints.client.plan import Answer, Group, Positions
from chem_endpoints.errors import EndpointError, ModelChangedError

MOST_OPEN = 4
"""Pieces open at once at most: the last requests of a slow one hold up so many others."""


@dataclass(kw_only=True)
class RowTotals:
    """What the engine asks about the rows of a plan, of all pieces together.

    Attributes:
        open: the pieces under way.
    """

    open: list[OpenPiece]
    _ended: int = field(default=0, init=False)
    _failed: int = field(default=0, init=False)

    @property
    def ended_rows(self) -> NDArray[np.int64]:
        """Numbers whose sum is that of the rows that ended."""
        return np.array([self._ended, *(one.plan.fates.ended_rows.sum() for one in self.open)], dtype=np.int64)

    @property
    def failed(self) -> int:
        """Rows that ended with a reason."""
        return self._failed + sum(one.plan.fates.failed for one in self.open)

    def close(self, piece: OpenPiece) -> None:
        """The piece leaves; its rows still count."""
        self.open.remove(piece)
        self._ended += piece.plan.total
        self._failed += piece.plan.fates.failed


@dataclass(kw_only=True)
class RollingPlan:
    """The rows of a batch. Its methods are those of `chem_endpoints.client.plan.Plan`, as far as the engine calls them.

    Attributes:
        digest: digest of the model that every answer must come from; empty: unknown.
        endpoint: for messages.
        pace: how many rows a request should have.
        read: the next piece, with what is known of its answers, and the number that its first position gets; ``None``:
            the source has ended.
        close: takes a piece whose rows have all their fates.
        keep: takes an answer: the piece, positions in it, the answer, and seconds that it took.
    """

    digest: str
    endpoint: str
    pace: Pace
    read: Callable[[int], OpenPiece | None]
    close: Callable[[OpenPiece], None]
    keep: Callable[[OpenPiece, Positions, Answer, float], None]
    requests: int = field(default=0, init=False)
    retries: int = field(default=0, init=False)
    fates: RowTotals = field(init=False)
    _open: list[OpenPiece] = field(default_factory=list, init=False)
    _rows: int = field(default=0, init=False)
    _under_way: int = field(default=0, init=False)
    _answered: bool = field(default=False, init=False)
    _exhausted: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.fates = RowTotals(open=self._open)

    def piece_at(self, position: int) -> OpenPiece:
        """The open piece that holds the row."""
        return next(piece for piece in self._open if piece.holds(position))

    @property
    def done(self) -> bool:
        """Whether every row of the source has its fate."""
        return self._exhausted and not self._open

    @property
    def waiting(self) -> bool:
        """Whether there may be something that could be sent now."""
        return not self._exhausted or any(piece.plan.waiting for piece in self._open)

    def next(self, now: float) -> Group | None:
        """The next request's rows, of the oldest piece that has some; ``None``: none before an answer comes."""
        while True:
            for piece in list(self._open):
                group = piece.plan.next(now)
                if group is not None:
                    self._under_way += 1
                    return piece.outside(group)
                self._settle(piece)  # A search may have ended by its budget.
            if not self._may_open() or not self._open_next():
                return None

    def answered(self, group: Group, answer: Answer, seconds: float) -> None:
        """See `Plan.answered`.

        Raises:
            ModelChangedError: another model answered.
        """
        if self.digest and answer.digest not in ("", self.digest):
            raise ModelChangedError(
                f"{self.endpoint} has got another model ({answer.digest[:12]}) while the batch ran. The finished parts"
                f" are by {self.digest[:12]} and stay; for all rows by the new model say another out, or deploy the old"
                " one to finish this batch"
            )
        piece = self._of(group)
        before = len(piece.plan.answers)
        piece.plan.answered(piece.inside(group), answer, seconds)
        self._answered = True
        for rows, frame, digest in piece.plan.answers[before:]:
            stored = Answer(frame=frame, digest=digest, bytes_sent=answer.bytes_sent)
            self.keep(piece, rows, stored, seconds)
        self._settle(piece)

    def put_back(self, group: Group) -> None:
        """See `Plan.put_back`."""
        piece = self._of(group)
        piece.plan.put_back(piece.inside(group))

    def failed(self, group: Group, error: EndpointError, *, again: bool, now: float) -> None:
        """See `Plan.failed`."""
        piece = self._of(group)
        piece.plan.others_answered = self._answered
        piece.plan.failed(piece.inside(group), error, again=again, now=now)
        self._settle(piece)

    def too_large(self, group: Group, *, parts: int = 2) -> None:
        """See `Plan.too_large`."""
        piece = self._of(group)
        piece.plan.too_large(piece.inside(group), parts=parts)
        self._settle(piece)

    def timed_out(self, group: Group, seconds: float, *, again: bool) -> None:
        """See `Plan.timed_out`."""
        piece = self._of(group)
        piece.plan.timed_out(piece.inside(group), seconds, again=again)
        self._settle(piece)

    def _of(self, group: Group) -> OpenPiece:
        self._under_way -= 1
        return self.piece_at(int(group.rows[0]))

    def _may_open(self) -> bool:
        probing = not self.pace.known and self._under_way  # The first answer tells how fast the model is.
        return len(self._open) < MOST_OPEN and not self._exhausted and not probing

    def _open_next(self) -> bool:
        piece = self.read(self._rows)
        if piece is None:
            self._exhausted = True
            return False
        self._rows += piece.plan.total
        self._open.append(piece)
        self._settle(piece)  # It may have no row, or none that is still to be sent.
        return True

    def _settle(self, piece: OpenPiece) -> None:
        if piece in self._open and piece.plan.done:
            self.fates.close(piece)
            self.requests += piece.plan.requests
            self.retries += piece.plan.retries
            self.close(piece)
