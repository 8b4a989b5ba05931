"""Finds the bad rows of a request that failed as a whole, in few calls and little time.

Some containers fail a whole request for one bad row, and do not say which. This is group testing: a group whose call
succeeds has answers for all of its rows; a group whose call fails holds at least one bad row. The search is Hwang's
generalised binary splitting with these changes, each for the wall time or for safety:

- *Thirds.* A large suspect group is cut in three, and two of the parts are asked for at once; a small one is halved
  and one half is asked for. The part that is not asked for is suspect if the others passed, and else a row group like
  any other, about which nothing is known.
- *The rest waits.* Rows about which nothing is known wait until no search is open. They then go out joined, in groups
  so large that about half of them should fail, judged by the bad rows found so far.
- *No guilt by inference.* Each bad row has had a call for itself that failed, also where the other rows of its group
  passed: a failure that passes by itself (a restart, a full disk) blames nobody, and the row's own error can be told.
- *Single rows early.* Where the first calls fail one and all, the next ones take one row each: most rows are bad, or
  the request is wrong as a whole, and both are known soon.

Source: F. K. Hwang, A method for detecting all defective members in a population by group testing, JASA 67 (1972).
"""

import heapq
import math
from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]

THIRDS_ABOVE = 64
"""Suspect groups of more rows are cut in three, smaller ones in two: thirds take 26 % more calls in 37 % less time."""

FAILURES_BEFORE_SINGLES = 5
"""So many failures and no success yet (the whole, two of its thirds, two ninths): single rows are asked for."""

SUSPICIOUS_SINGLES = 8
"""So many single rows failed and nothing ever passed: the request may be wrong, rather than its rows."""

PARALLEL = 8
"""Calls in flight by default, at most."""


@dataclass(kw_only=True)
class _Cut:
    """A suspect group of which some parts were asked for: `waiting` of them have no answer yet."""

    rest: Rows
    waiting: int
    clean: bool = True


@dataclass(frozen=True, kw_only=True)
class _Call:
    """A group in flight, as indices into the rows, and the cut that it belongs to, if any."""

    group: Rows
    cut: _Cut | None


class Isolation:
    """Which rows of a failed request are bad. No clock and no network: the caller sends the groups and says what came.

    Ask `next` at the start and after each answer, send what it returns, and tell `passed` or `failed` for each, in any
    order, until `done`. Each row ends in exactly one of `passed_rows`, `guilty` and `unresolved`. A passed row was in
    a call that succeeded, so its values are known; a guilty row's own call failed. Not thread-safe.

    A search among n rows with k bad ones takes 1.1 to 1.45 times log2 C(n, k) calls, the failed one included, for n of
    1 000 and 10 000 and k from 1 to 100 (`benchmarks/isolation.py`). Where most rows are bad it takes about n calls.

    Attributes:
        calls: calls asked for so far; the failed one that led here is not among them.
    """

    def __init__(self, rows: Rows, *, calls: int, seconds: float, now: float, parallel: int = PARALLEL) -> None:
        """Starts with a group whose call failed.

        Args:
            rows: int64 `[n]`, n ≥ 1, the rows' positions, each once; groups keep their order. One row alone is guilty
                at once: its own call has failed.
            calls: the most calls to ask for.
            seconds: after these no call is asked for; answers to those in flight still count.
            now: the caller's clock, in seconds; only differences matter.
            parallel: the most calls in flight at once.

        Raises:
            ValueError: no rows, a position given twice, or `parallel` below 1.
        """
        if len(rows) == 0 or len(np.unique(rows)) != len(rows):
            raise ValueError("a failed group has one row or more, each once")
        if parallel < 1:
            raise ValueError(f"at least one call is in flight at once, not {parallel}")
        self.calls = 0
        self._rows = np.array(rows, dtype=np.int64)
        self._most_calls = calls
        self._deadline = now + seconds
        self._late = False
        self._parallel = parallel
        self._flying: dict[int, _Call] = {}
        self._ready: deque[_Call] = deque()
        self._suspects: list[tuple[int, int, Rows]] = []
        self._unknown = np.zeros(len(rows), dtype=bool)
        self._passed = np.zeros(len(rows), dtype=bool)
        self._guilty = np.zeros(len(rows), dtype=bool)
        self._failures = 0
        self._blame(np.arange(len(rows), dtype=np.int64))

    def next(self, now: float) -> list[Rows]:
        """The groups to send now, in parallel; empty while answers must come first, and when `done`.

        Args:
            now: the caller's clock, in seconds.
        """
        self._late = self._late or now >= self._deadline
        sent = []
        while not self._spent and len(self._flying) < self._parallel and (call := self._choose()):
            self._flying[int(self._rows[call.group[0]])] = call
            self.calls += 1
            sent.append(self._rows[call.group])
        return sent

    def postpone(self, seconds: float) -> None:
        """Gives the search more time: the endpoint was away, and could not be asked."""
        self._deadline += seconds

    def passed(self, rows: Rows) -> None:
        """This group's call succeeded.

        Raises:
            ValueError: no such group is in flight.
        """
        call = self._land(rows)
        self._passed[call.group] = True
        self._settle(call.cut, clean=True)

    def failed(self, rows: Rows) -> None:
        """This group's call failed as a whole.

        Raises:
            ValueError: no such group is in flight.
        """
        call = self._land(rows)
        self._blame(call.group)
        self._settle(call.cut, clean=False)

    @property
    def done(self) -> bool:
        """Whether no call is in flight and none will follow."""
        return not self._flying and (self._spent or not self._open)

    @property
    def passed_rows(self) -> Rows:
        """The rows that were in a call that succeeded."""
        return self._rows[self._passed]

    @property
    def guilty(self) -> Rows:
        """The rows proved bad: each one's own call failed."""
        return self._rows[self._guilty]

    @property
    def unresolved(self) -> Rows:
        """The rows neither passed nor guilty: when `done`, those for which the calls or the seconds did not suffice."""
        return self._rows[~(self._passed | self._guilty)]

    @property
    def suspicious(self) -> bool:
        """Whether single rows failed one after the other and nothing ever passed, so that the rows may not be why."""
        return int(self._guilty.sum()) >= SUSPICIOUS_SINGLES and not self._passed.any()

    @property
    def _spent(self) -> bool:
        return self._late or self.calls >= self._most_calls

    @property
    def _open(self) -> bool:
        return bool(self._ready or self._suspects or self._unknown.any())

    def _choose(self) -> _Call | None:
        """The next call: the smallest suspect group's first, and the unknown rows' when no search is open."""
        if not self._ready and self._suspects:
            self._ready.extend(self._cut(heapq.heappop(self._suspects)[-1]))
        if self._ready:
            return self._ready.popleft()
        searching = any(call.cut for call in self._flying.values())
        return None if searching or not self._unknown.any() else _Call(group=self._unknown_group(), cut=None)

    def _cut(self, suspects: Rows) -> list[_Call]:
        size = len(suspects)
        if size <= 2:
            return [_Call(group=suspects[at : at + 1], cut=None) for at in range(size)]
        if self._failures >= FAILURES_BEFORE_SINGLES and not self._passed.any():
            ends = [1]
        elif size > THIRDS_ABOVE:
            ends = [size // 3, 2 * size // 3]
        else:
            ends = [size // 2]
        *asked, rest = np.split(suspects, ends)
        cut = _Cut(rest=rest, waiting=len(asked))
        return [_Call(group=part, cut=cut) for part in asked]

    def _unknown_group(self) -> Rows:
        """So many of the unknown rows that about half of such groups fail: ln 2 over the share of bad rows so far."""
        unknown = np.flatnonzero(self._unknown)
        if self._guilty.any():
            share = self._guilty.sum() / (self._guilty.sum() + self._passed.sum())
            unknown = unknown[: max(1, int(math.log(2) / share))]
        if self._guilty.any() and not self._passed.any():  # bad rows may stand together: look all over the group
            every = np.flatnonzero(self._unknown)
            at = len(every) * int(self._guilty.sum() % SUSPICIOUS_SINGLES) // SUSPICIOUS_SINGLES
            unknown = every[at : at + 1]
        self._unknown[unknown] = False
        return unknown

    def _land(self, rows: Rows) -> _Call:
        call = self._flying.get(int(rows[0])) if len(rows) else None
        if call is None or not np.array_equal(self._rows[call.group], rows):
            raise ValueError("no such group is in flight: tell of each group once, as `next` returned it")
        del self._flying[int(rows[0])]
        return call

    def _blame(self, group: Rows) -> None:
        self._failures += 1
        if len(group) == 1:
            self._guilty[group] = True
        else:
            heapq.heappush(self._suspects, (len(group), int(group[0]), group))

    def _settle(self, cut: _Cut | None, *, clean: bool) -> None:
        """Notes a part's answer; after the last one the part that was not asked for is suspect, or unknown."""
        if cut is None:
            return
        cut.waiting -= 1
        cut.clean = cut.clean and clean
        if cut.waiting == 0 and cut.clean:
            heapq.heappush(self._suspects, (len(cut.rest), int(cut.rest[0]), cut.rest))
        elif cut.waiting == 0:
            self._unknown[cut.rest] = True
