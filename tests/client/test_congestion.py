"""Promise: a failing endpoint is probed by one request at a time, throttling halves the load, retries stay few."""

from pathlib import Path

import pytest

from chem_endpoints.client.budget import PER_SECOND, PER_SUCCESS, TOKENS, RetryBudget
from chem_endpoints.client.capacity import CapacityWait
from chem_endpoints.client.congestion import Congestion
from chem_endpoints.client.retry import RULES, Failure
from chem_endpoints.client.wakes import WakeHistory
from chem_endpoints.errors import EndpointError, ModelFailedError, NoCapacityError


@pytest.fixture
def congestion(tmp_path: Path) -> Congestion:
    history = WakeHistory(path=tmp_path / "wakes.json")
    wait = CapacityWait(name="e", seconds=100.0, tell=lambda line: None, history=history)
    return Congestion(most=16, budget=RetryBudget(), capacity=wait, draw=lambda low, high: high)


def failure(kind: str) -> Failure:
    waits = RULES[kind].waits
    return Failure(kind=kind, error=NoCapacityError(kind) if waits else ModelFailedError(kind))


def test_an_outage_leaves_one_probe_at_a_time(congestion: Congestion) -> None:
    congestion.refused(failure("unavailable"), begun=0.0, now=1.0)
    assert (congestion.limit, congestion.open_at, congestion.refusals.total()) == (1, 1.5, 1)
    congestion.refused(failure("unavailable"), begun=0.5, now=1.2)  # It was under way: no news.
    assert congestion.refusals.total() == 1
    congestion.refused(failure("unavailable"), begun=1.5, now=2.0)
    assert (congestion.refusals.total(), congestion.open_at) == (2, 3.0)


def test_throttling_halves_and_successes_add_one_at_a_time(congestion: Congestion) -> None:
    congestion.refused(failure("throttled"), begun=0.0, now=1.0)
    assert congestion.limit == 8
    for number, limit in ((8, 9), (9, 10)):
        for _ in range(number):
            congestion.succeeded(2.0)
        assert congestion.limit == limit
    assert not congestion.refusals
    for _ in range(1000):
        congestion.succeeded(3.0)
    assert congestion.limit == congestion.most


def test_after_an_outage_the_load_doubles(congestion: Congestion) -> None:
    congestion.refused(failure("unavailable"), begun=0.0, now=1.0)
    for limit in (2, 4, 8, 16, 16):
        congestion.succeeded(2.0)
        assert congestion.limit == limit


def test_a_server_that_takes_two_at_once_is_found_with_few_refusals(congestion: Congestion) -> None:
    refusals = 0
    for number in range(1000):
        if congestion.limit > 2:
            refusals += 1
            congestion.refused(failure("overloaded"), begun=float(number), now=number + 0.5)
        else:
            congestion.succeeded(number + 0.5)
    assert refusals < 400


@pytest.mark.parametrize("kind", [kind for kind, rule in RULES.items() if rule.scope == "endpoint" and not rule.waits])
def test_each_kind_is_tried_as_often_as_its_rule_says(congestion: Congestion, kind: str) -> None:
    for number in range(1, RULES[kind].attempts):
        congestion.refused(failure(kind), begun=float(number), now=number + 0.5)
    with pytest.raises(ModelFailedError, match=kind):
        congestion.refused(failure(kind), begun=100.0, now=101.0)


def test_want_of_capacity_costs_patience_and_no_retries(congestion: Congestion) -> None:
    now = 0.0
    while now < 100.0:
        congestion.refused(failure("no capacity"), begun=now, now=now)
        now = congestion.open_at
    with pytest.raises(NoCapacityError, match="waited"):
        congestion.refused(failure("no capacity"), begun=now, now=now)
    assert congestion.budget.take(now)


def test_a_budget_that_is_used_up_ends_the_run(congestion: Congestion) -> None:
    while congestion.budget.take(0.0):
        pass
    with pytest.raises(EndpointError, match="retry budget is used up"):
        congestion.refused(failure("unavailable"), begun=0.0, now=0.0)


def test_retries_are_half_of_what_succeeds() -> None:
    budget, retries = RetryBudget(), 0
    for _ in range(1000):
        budget.succeeded()
        retries += budget.take(0.0)
    assert retries <= TOKENS + 1000 * PER_SUCCESS


def test_waiting_gives_retries_back() -> None:
    budget = RetryBudget()
    while budget.take(0.0):
        pass
    assert not budget.take(0.5 / PER_SECOND)
    assert budget.take(2.0 / PER_SECOND)
