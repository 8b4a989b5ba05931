"""Which rows are asked next, and what became of each: all decisions of a run about rows, without calls or clock.

Every row ends once: with values, with the reason that the answer gave, or with a reason of our own.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chem_endpoints.client.fates import Fates
from chem_endpoints.client.isolation import Isolation
from chem_endpoints.client.pace import Pace
from chem_endpoints.errors import EndpointError
from chem_endpoints.wire.columns import PREDICTION_ERROR, Reason

Positions = NDArray[np.int64]

ISOLATION_CALLS = 2000
"""Calls that the search for the rows that break a request may take."""
ISOLATION_SECONDS = 900.0
"""Time that the search may take."""
QUEUED_ISOLATION_SECONDS = 6 * 3600.0
"""The same where requests wait in a queue, and perhaps for an instance: each call of the search does."""
DEADLINE = Reason.TIMEOUT.because("request deadline")
"""How the server begins the reason of a row that its request had no time for."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an answered request gave.

    Attributes:
        frame: the added columns, one row for each row asked; it has the column ``prediction_error``.
        digest: the model digest that the answer carried; empty: it carried none.
        bytes_sent: size of the request's body.
    """

    frame: pd.DataFrame
    digest: str
    bytes_sent: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """Rows of one request.

    Attributes:
        rows: their positions in the caller's frame, in order.
        tries: how often they failed together.
        search: the search that they belong to.
    """

    rows: Positions
    tries: int = 0
    search: Isolation | None = None


@dataclass(kw_only=True)
class Plan:
    """The rows of one run.

    Attributes:
        total: number of rows.
        pace: how many rows a request should have.
        places: requests that may be under way at once.
        groups: fixed groups, which are sent as they are; ``None``: the plan cuts by pace.
        fates: what became of each row.
        answers: rows, their columns, and the digest of the model that answered.
    """

    total: int
    pace: Pace
    places: int
    groups: list[Positions] | None = None
    fates: Fates = field(init=False)
    answers: list[tuple[Positions, pd.DataFrame, str]] = field(default_factory=list, init=False)
    requests: int = field(default=0, init=False)
    retries: int = field(default=0, init=False)
    bytes_sent: int = field(default=0, init=False)
    _fresh: deque[Positions] = field(default_factory=deque, init=False)
    _again: deque[Group] = field(default_factory=deque, init=False)
    _searches: list[Isolation] = field(default_factory=list, init=False)
    _under_way: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.fates = Fates(self.total)
        everything = np.arange(self.total, dtype=np.int64)
        self._fresh.extend(self.groups if self.groups is not None else ([everything] if self.total else []))

    def refuse(self, reasons: Mapping[int, str]) -> None:
        """Ends rows that cannot travel, each for its reason; to be called before the first `next`."""
        for row, reason in reasons.items():
            self.fates.ended(np.array([row], dtype=np.int64), reason)
        self._leave_out(np.array(sorted(reasons), dtype=np.int64))

    def keep(self, rows: Positions, frame: pd.DataFrame, digest: str) -> None:
        """Takes over an answer of an earlier run; to be called before the first `next`."""
        self._store(rows, frame, digest)
        self.fates.answered(rows, frame[PREDICTION_ERROR], digest=digest, bytes_sent=0, seconds=0.0)
        self._leave_out(rows)

    def _leave_out(self, rows: Positions) -> None:
        groups = [np.setdiff1d(group, rows, assume_unique=True) for group in self._fresh] if len(rows) else self._fresh
        self._fresh = deque(group for group in groups if len(group))

    @property
    def done(self) -> bool:
        """Whether every row has its fate."""
        return not (self._under_way or self._again or self._fresh or self._searches)

    @property
    def waiting(self) -> bool:
        """Whether there is a group that could be sent now."""
        return bool(self._again or self._fresh)

    def next(self, now: float) -> Group | None:
        """The next request's rows; ``None``: nothing can be sent before an answer comes."""
        for search in list(self._searches):
            self._again.extend(Group(rows=rows, search=search) for rows in search.next(now))
            self._settle(search)  # Its budget may have run out.
        group = self._again.popleft() if self._again else self._cut()
        if group is not None:
            self._under_way += 1
            self.requests += 1
            self.fates.asked(group.rows)
        return group

    def _cut(self) -> Group | None:
        if not self._fresh or (self.groups is None and not self.pace.known and self._under_way):
            return None  # The first answer tells how fast the model is.
        rows = self._fresh.popleft()
        if self.groups is None:
            count = self.pace.rows(self.total, self.places)
            if count < len(rows):
                self._fresh.appendleft(rows[count:])
                rows = rows[:count]
        return Group(rows=rows)

    def answered(self, group: Group, answer: Answer, seconds: float) -> None:
        """A request was answered."""
        self._under_way -= 1
        self.bytes_sent += answer.bytes_sent
        errors = answer.frame[PREDICTION_ERROR]
        late = errors.str.startswith(DEADLINE).to_numpy(dtype=bool)
        kept = ~late if len(group.rows) > 1 else np.ones(1, dtype=bool)
        rows = group.rows[kept]
        self._store(rows, answer.frame.loc[kept] if not kept.all() else answer.frame, answer.digest)
        self.fates.answered(rows, errors[kept], digest=answer.digest, bytes_sent=answer.bytes_sent, seconds=seconds)
        if kept.all():
            self.pace.learn(len(rows), seconds)
        else:
            self.pace.too_slow(len(rows), seconds)
            self._requeue_smaller(group.rows[~kept], parts=2)
        if group.search is not None:
            group.search.passed(group.rows)
            self._settle(group.search)

    def put_back(self, group: Group) -> None:
        """A request failed for a reason that is not its own: its rows go to the head of the queue."""
        self._under_way -= 1
        self.retries += 1
        self.fates.retried(group.rows)
        self._again.appendleft(group)

    def failed(self, group: Group, error: EndpointError, *, again: bool, now: float) -> None:
        """A request failed, perhaps because of its rows.

        Args:
            group: its rows.
            error: what to raise if nothing but failures comes.
            again: whether to try it once more before the search for the rows that break it.
            now: the time.

        Raises:
            EndpointError: every request fails, whatever its rows: the rows cannot be at fault.
        """
        if again:
            self.put_back(Group(rows=group.rows, tries=group.tries + 1, search=group.search))
        elif group.search is not None:
            self._under_way -= 1
            self._failed_in_search(group, group.search)
            if not self.answers and (group.search.suspicious or self.done):
                raise error
        else:
            self._under_way -= 1
            places = max(2, self.places)
            seconds = ISOLATION_SECONDS if self.pace.timed else QUEUED_ISOLATION_SECONDS
            search = Isolation(group.rows, calls=ISOLATION_CALLS, seconds=seconds, now=now, parallel=places)
            self._searches.append(search)
            self._settle(search)
            if not self.answers and self.done:
                raise error

    def too_large(self, group: Group, *, parts: int = 2) -> None:
        """A request was larger than the endpoint takes: its rows are sent in parts."""
        self._under_way -= 1
        if group.search is not None:
            self._failed_in_search(group, group.search)
        elif len(group.rows) == 1:
            self._end(group.rows, Reason.TOO_LARGE.because("the row alone is larger than the endpoint takes"))
        else:
            self._requeue_smaller(group.rows, parts=parts)

    def timed_out(self, group: Group, seconds: float, *, again: bool) -> None:
        """A request was not answered in time: its rows are sent in smaller parts.

        Args:
            group: its rows.
            seconds: how long it was waited for.
            again: whether to try a single row once more before it is blamed.
        """
        self.pace.too_slow(len(group.rows), seconds)
        if again:
            self.put_back(Group(rows=group.rows, tries=group.tries + 1, search=group.search))
            return
        self._under_way -= 1
        if group.search is not None:
            self._failed_in_search(group, group.search)
        elif len(group.rows) == 1:
            self._end(group.rows, Reason.TIMEOUT.because("the endpoint did not answer in time, even to this row alone"))
        else:
            self.retries += 1
            self.fates.retried(group.rows)
            self._requeue_smaller(group.rows, parts=2)

    def _failed_in_search(self, group: Group, search: Isolation) -> None:
        search.failed(group.rows)
        self._settle(search)

    def _requeue_smaller(self, rows: Positions, *, parts: int) -> None:
        parts = max(parts, -(-len(rows) // self.pace.rows(len(rows), 1)) if self.pace.known else 1)
        for part in reversed(np.array_split(rows, min(parts, len(rows)))):
            self._again.appendleft(Group(rows=part))

    def _settle(self, search: Isolation) -> None:
        if not search.done:
            return
        if search in self._searches:
            self._searches.remove(search)
        reason = Reason.PREDICTION_FAILED
        self._end(search.guilty, reason.because("the model's server fails on this row; the others were answered"))
        self._end(
            search.unresolved,
            reason.because(f"the server fails on a row near this one, and {search.calls} calls did not find which"),
        )

    def _end(self, rows: Positions, reason: str) -> None:
        """Ends rows without an answer."""
        if len(rows):
            self.fates.ended(rows, reason)

    def _store(self, rows: Positions, frame: pd.DataFrame, digest: str) -> None:
        if len(rows):
            self.answers.append((rows, frame.reset_index(drop=True), digest))
