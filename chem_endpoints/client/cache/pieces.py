"""How many rows are asked before their answers are kept: a program that is killed loses minutes, not hours."""

from collections.abc import Generator

from chem_endpoints.client.cache.gathered import Positions

FIRST_ROWS = 2_000
MOST_ROWS = 50_000
KEPT_EVERY_SECONDS = 300.0
"""What one piece should take, once the first has told how fast the endpoint is."""


def pieces(rows: Positions, *, at_once: bool) -> Generator[Positions, float, None]:
    """Cuts rows into pieces; it is sent the seconds that the last one took.

    Args:
        rows: what is asked.
        at_once: all in one piece: an async endpoint shares a large piece among its instances.
    """
    size = len(rows) if at_once else FIRST_ROWS
    first = 0
    while first < len(rows):
        piece = rows[first : first + size]
        seconds = yield piece
        first += len(piece)
        size = max(FIRST_ROWS, min(MOST_ROWS, int(len(piece) * KEPT_EVERY_SECONDS / max(seconds, 0.001))))
