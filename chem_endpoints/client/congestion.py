"""How many requests may be under way: fewer after refusals that concern the endpoint, more after successes.

Failures that say nothing about a request (throttling, an outage, a connection, no capacity) slow all requests of a run:
they go back to the queue, one probe at a time finds out whether the endpoint answers again, and only probes count
as retries.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from chem_endpoints.client.budget import RetryBudget
from chem_endpoints.client.capacity import CapacityWait
from chem_endpoints.client.retry import Failure, pause


@dataclass(kw_only=True)
class Congestion:
    """Doubling up to half of what was too much, and then one more at a time, as TCP finds its rate (RFC 5681).

    Attributes:
        most: requests under way at most.
        budget: the endpoint's retry budget.
        capacity: the wait for an endpoint that sleeps.
        draw: jitter.
        limit: requests that may be under way now.
        open_at: time before which none is begun.
        refusals: failures since the endpoint last took a request, by kind.
    """

    most: int
    budget: RetryBudget
    capacity: CapacityWait
    draw: Callable[[float, float], float] = random.uniform
    limit: int = field(init=False)
    open_at: float = 0.0
    refusals: Counter[str] = field(default_factory=Counter)
    _doubling_to: int = field(init=False)
    _since_growth: int = field(default=0, init=False)
    _answers: bool = field(default=False, init=False)
    _probing_since: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        self.limit = self._doubling_to = self.most

    def succeeded(self, now: float) -> None:
        """A request was answered: the endpoint works."""
        self.capacity.over(now)
        self.reached()
        self.open_at = min(self.open_at, now)
        self.budget.succeeded()
        self._grow()

    def reached(self) -> None:
        """A request failed for reasons of its own: the endpoint takes requests."""
        self.refusals.clear()
        self._answers = True

    def _grow(self) -> None:
        if self.limit < self._doubling_to:
            self.limit = min(self.limit * 2, self._doubling_to)
            return
        self._since_growth += 1
        if self._since_growth >= self.limit and self.limit < self.most:
            self.limit, self._since_growth = self.limit + 1, 0

    def refused(self, failure: Failure, begun: float, now: float) -> None:
        """A request failed for a reason of the endpoint's.

        Args:
            failure: what was said.
            begun: when the request was begun. One that was under way when an earlier one was refused tells nothing new.
            now: the time.

        Raises:
            EndpointError: it was tried often enough, or for long enough.
        """
        rule = failure.rule
        if begun < self._probing_since:
            return
        if rule.slows == "halve":
            self.limit = self._doubling_to = max(1, self.limit // 2)
        else:
            self.limit = 1
        # A server that is full and answers others tells us our share; that costs no budget, silence does.
        full = rule.slows == "halve" and self._answers
        self._probing_since, self._since_growth, self._answers = now, 0, False
        if rule.waits:
            self.refusals.clear()  # it says something: what failed before is over
            self.open_at = now + self.capacity.pause(failure.error, now)
            return
        self.refusals[failure.kind] += 1
        if self.refusals[failure.kind] >= rule.attempts:
            raise failure.error
        if not full and not self.budget.take(now):
            raise type(failure.error)(
                f"{failure.error}; the endpoint's retry budget is used up, so it was not tried again"
            ) from failure.error
        self.open_at = now + pause(self.refusals.total(), self.draw)
