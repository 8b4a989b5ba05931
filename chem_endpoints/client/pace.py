"""How many rows a request should have, learnt from how long the answers took.

A request may take 60 s at SageMaker (a limit that nobody can move), so requests aim at a third of that.
"""

from dataclasses import dataclass, field

FIRST_ROWS = 64
"""Rows of the first request to a model whose speed is unknown."""
AIM_SECONDS = 20.0
"""What a request should take at most; less where the declaration gives it less time."""
SHORTEST_SECONDS = 0.5
"""Requests are not made shorter than this only to have one for each place: each costs a round trip."""
GROWTH = 16
"""A request has at most so many times the rows of the longest one that was answered."""
UNTIMED_ROWS = 100
"""Rows of a request whose time nobody sees (in a queue), where the declaration does not say."""
SHORTEST_TIME = 1e-6
"""A clock may see no time pass."""
LIKELY_SHARE = 0.5
"""Weight of the newest answer in the mean of seconds per row, when it was faster; a slower one counts in full."""


@dataclass(kw_only=True)
class Pace:
    """Seconds per row of one model at one endpoint.

    Attributes:
        aim_seconds: what a request should take.
        most_rows: what the declaration allows; ``None``: any number.
        longest_row: seconds that an honest row may take, if the model says so.
        timed: whether the time of an answer is that of the model; in a queue it is that of everybody before.
    """

    aim_seconds: float = AIM_SECONDS
    most_rows: int | None = None
    longest_row: float | None = None
    timed: bool = True
    _row_seconds: float | None = field(default=None, init=False)
    _answered: int = field(default=0, init=False)

    @property
    def known(self) -> bool:
        """Whether requests may have more rows than the first."""
        return self._row_seconds is not None or not self.timed

    def learn(self, rows: int, seconds: float) -> None:
        """An answer to so many rows took so long."""
        if not self.timed:
            return
        each = max(seconds, SHORTEST_TIME) / max(1, rows)
        if self._row_seconds is not None and each < self._row_seconds:
            each = LIKELY_SHARE * each + (1 - LIKELY_SHARE) * self._row_seconds
        self._row_seconds, self._answered = each, max(self._answered, rows)

    def too_slow(self, rows: int, seconds: float) -> None:
        """A request with so many rows was not done after so many seconds."""
        if not self.timed:
            self.most_rows = max(1, min(self.most_rows or rows, rows // 2))
            return
        self._row_seconds = max(self._row_seconds or 0.0, max(seconds, SHORTEST_TIME) / max(1, rows))
        self._answered = min(self._answered, max(1, rows // 2))

    def rows(self, total: int, places: int) -> int:
        """Rows of the next request.

        Args:
            total: rows of the run: each place gets its share, so that the number of requests hangs on little else.
            places: requests that may be under way at once.
        """
        if not self.timed:
            most = UNTIMED_ROWS if self.most_rows is None else self.most_rows
            return max(1, min(most, int(self.aim_seconds / self.longest_row)) if self.longest_row else most)
        if self._row_seconds is None:
            first = FIRST_ROWS if self.longest_row is None else int(self.aim_seconds / self.longest_row)
            return self._bounded(min(first, FIRST_ROWS))
        in_time = int(self.aim_seconds / self._row_seconds)
        fair = max(-(-total // max(1, places)), int(SHORTEST_SECONDS / self._row_seconds))
        return self._bounded(min(in_time, fair, max(1, self._answered) * GROWTH))

    def _bounded(self, rows: int) -> int:
        return max(1, rows if self.most_rows is None else min(rows, self.most_rows))
