"""A piece that is being answered."""

from dataclasses import dataclass

import numpy as np

from chem_endpoints.client.batch.pieces import Piece
from chem_endpoints.client.plan import Group, Plan, Positions
from chem_endpoints.client.travelling import Travelling
from chem_endpoints.errors import EndpointError


class PiecePlan(Plan):
    """A plan for rows that are not all rows of the call.

    Attributes:
        others_answered: whether rows of other pieces were answered: then rows that fail are at fault themselves.
    """

    others_answered: bool = False

    def failed(self, group: Group, error: EndpointError, *, again: bool, now: float) -> None:
        """See `Plan.failed`; a piece of nothing but bad rows does not end a batch that has answers."""
        try:
            super().failed(group, error, again=again, now=now)
        except EndpointError:  # It comes when all is noted down.
            if not self.others_answered:
                raise


@dataclass(kw_only=True, eq=False)
class OpenPiece:
    """One piece and its answers so far.

    Attributes:
        piece: the rows.
        first: what is added to a position in the piece, so that pieces under way have distinct positions.
        rows: how they travel.
        plan: which of them are asked next.
    """

    piece: Piece
    first: int
    rows: Travelling
    plan: PiecePlan

    def holds(self, position: int) -> bool:
        """Whether the position is that of a row of this piece."""
        return self.first <= position < self.first + self.plan.total

    def outside(self, group: Group) -> Group:
        """The group as the engine sees it."""
        return Group(rows=group.rows + np.int64(self.first), tries=group.tries, search=group.search)

    def inside(self, group: Group) -> Group:
        """The group as the piece's plan knows it."""
        return Group(rows=self.positions(group.rows), tries=group.tries, search=group.search)

    def positions(self, rows: Positions) -> Positions:
        """Positions in the piece."""
        return rows - np.int64(self.first)
