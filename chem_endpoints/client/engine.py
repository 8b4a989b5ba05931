"""The loop of a run: sends what the plan wants as fast as the endpoint takes it, until every row has its fate.

One thread decides; workers (threads, or a test's virtual clock) make the calls.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chem_endpoints.client.congestion import Congestion
from chem_endpoints.client.plan import Answer, Group, Positions
from chem_endpoints.client.planned import Planned
from chem_endpoints.client.retry import Failure, classify
from chem_endpoints.client.steps import Paused, Steps, one_step
from chem_endpoints.client.workers import Finished, Workers
from chem_endpoints.errors import EndpointError

Ask = Callable[[Positions], Steps[Answer]]
"""Asks the endpoint for some rows."""


ALONE = 8
"""Rows that failed alone, with no answer between them: then a row that was answered before is asked again."""
ALONE_AT_FIRST = 24
"""The same before anything was answered: then the endpoint is at fault, and not so many rows."""


class BodyTooLargeError(EndpointError):
    """A body is larger than the endpoint takes, and nobody sent it; the engine cuts the group in so many parts."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"a request of {size:,} bytes is over the endpoint's {limit:,}")
        self.parts = -(-size * 11 // (limit * 10))


@dataclass(kw_only=True)
class _UnderWay:
    """A request; without a group it asks for a row that was answered before."""

    group: Group | None
    steps: Steps[Answer]
    begun: float


@dataclass(kw_only=True)
class Engine:
    """Runs one plan.

    Attributes:
        plan: which rows.
        ask: how.
        workers: who makes the calls.
        congestion: how many at once.
        told: called with the rows that ended, and how many of them failed, after each request.
        control: asks once more for a row that was answered, to learn whether the endpoint or the rows are at fault;
            ``None``: it cannot be asked, so the rows are.
    """

    plan: Planned
    ask: Ask
    workers: Workers
    congestion: Congestion
    told: Callable[[int, int], None] = lambda ended, failed: None
    control: Ask | None = None
    _good: Positions | None = field(default=None, init=False)
    _alone: int = field(default=0, init=False)
    _doubt: EndpointError | None = field(default=None, init=False)
    _under_way: dict[int, _UnderWay] = field(default_factory=dict, init=False)
    _paused: list[tuple[float, int]] = field(default_factory=list, init=False)
    _number: int = field(default=0, init=False)

    def run(self) -> None:
        """Runs until every row has its fate.

        Raises:
            EndpointError: the run cannot go on; the plan holds what was answered.
        """
        while not self.plan.done or self._doubt is not None:
            until = self._begin_and_resume()
            for finished in self.workers.wait(until):
                self._take(finished)

    def _begin_and_resume(self) -> float | None:
        """Begins what may be begun, goes on with what has paused; returns when there is something to do next."""
        now = self.workers.now()
        while self._paused and self._paused[0][0] <= now:
            self._step(heapq.heappop(self._paused)[1])
        if (steps := self._control_to_begin(now)) is not None:
            self._begin(None, steps, now)
        if now < self.congestion.open_at and (self.plan.waiting or self._doubt is not None):
            return min([self.congestion.open_at, *(time for time, _ in self._paused[:1])])
        while len(self._under_way) < self.congestion.limit and (group := self.plan.next(now)) is not None:
            self._begin(group, self.ask(group.rows), now)
        return self._paused[0][0] if self._paused else None

    def _control_to_begin(self, now: float) -> Steps[Answer] | None:
        asked = any(one.group is None for one in self._under_way.values())
        if self._doubt is None or self.control is None or self._good is None or asked or now < self.congestion.open_at:
            return None
        return self.control(self._good)

    def _begin(self, group: Group | None, steps: Steps[Answer], now: float) -> None:
        self._number += 1
        self._under_way[self._number] = _UnderWay(group=group, steps=steps, begun=now)
        self._step(self._number)

    def _step(self, number: int) -> None:
        steps = self._under_way[number].steps
        self.workers.start(number, lambda: one_step(steps))

    def _take(self, finished: Finished) -> None:
        number: Any = finished.key
        now = self.workers.now()
        if isinstance(finished.value, Paused):
            heapq.heappush(self._paused, (now + finished.value.seconds, number))
            return
        under_way = self._under_way.pop(number)
        ended, failed = self._ended()
        if finished.error is None:
            self._answered(under_way, finished.value.value, now)
        else:
            self._failed(under_way, finished.error, now)
        after, failed_after = self._ended()
        self.told(after - ended, failed_after - failed)

    def _answered(self, under_way: _UnderWay, answer: Answer, now: float) -> None:
        if under_way.group is None:
            self._doubt = None
        else:
            self.plan.answered(under_way.group, answer, now - under_way.begun)
            self._good = under_way.group.rows[:1]
        self._alone = 0
        self.congestion.succeeded(now)

    def _failed(self, under_way: _UnderWay, error: BaseException, now: float) -> None:
        group = under_way.group
        if isinstance(error, BodyTooLargeError) and group is not None:
            self.plan.too_large(group, parts=max(2, error.parts))
            return
        failure = classify(error)
        if failure.rule.scope == "endpoint":
            self._refused(under_way, failure, now)
            return
        self.congestion.reached()
        if group is None:  # It was answered before: the endpoint is at fault, and not the rows that failed since.
            assert self._doubt is not None, "only a doubt is controlled"
            raise self._doubt from error
        if failure.rule.scope == "never":
            raise failure.error from error
        if failure.rule.scope == "request":
            again = group.tries + 1 < failure.rule.attempts and self._may_repeat(group, now)
            self.plan.failed(group, failure.error, again=again, now=now)
        elif failure.kind == "timeout":
            again = group.tries == 0 and self._may_repeat(group, now)
            self.plan.timed_out(group, now - under_way.begun, again=again)
        else:
            self.plan.too_large(group)
            return
        if len(group.rows) == 1 and not again:
            self._failed_alone(failure.error)

    def _refused(self, under_way: _UnderWay, failure: Failure, now: float) -> None:
        group = under_way.group
        if group is not None:
            self.plan.put_back(group)
        self.congestion.refused(failure, under_way.begun, now)
        if group is not None and group.search is not None:
            group.search.postpone(max(0.0, self.congestion.open_at - under_way.begun))

    def _failed_alone(self, error: EndpointError) -> None:
        """A row failed by itself. Many of them, and no answer between: perhaps nothing is answered any more."""
        self._alone += 1
        if self._good is None and self._alone >= ALONE_AT_FIRST:
            raise error
        if self._good is not None and self._alone >= ALONE and self.control is not None and self._doubt is None:
            self._doubt = error

    def _may_repeat(self, group: Group, now: float) -> bool:
        """Whether a request is made again as it was: only of a row alone; among several the search finds the one.

        A search repeats its rows only while nothing was answered at all: then one accident would end the run.
        """
        searched = group.search is not None and self._good is not None
        return len(group.rows) == 1 and not searched and self.congestion.budget.take(now)

    def _ended(self) -> tuple[int, int]:
        return int(self.plan.fates.ended_rows.sum()), self.plan.fates.failed
