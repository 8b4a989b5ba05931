"""Promise: of a request that failed as a whole, each row ends answered, proved bad or unresolved, in few calls."""

import itertools
import random
from statistics import fmean

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.isolation import (
    CELLS,
    MOST_CALLS,
    MOST_WALL,
    PLACEMENTS,
    ROUND_TRIP_SECONDS,
    SECONDS_PER_ROW,
    bisect_sequentially,
    isolate,
    least_calls,
    placed,
)
from chem_endpoints.client.isolation import FAILURES_BEFORE_SINGLES, PARALLEL, SUSPICIOUS_SINGLES, Isolation, Rows

ENOUGH = 100_000


def positions(*rows: int) -> Rows:
    return np.array(rows, dtype=np.int64)


def search_of(n: int, *, calls: int = ENOUGH, seconds: float = 1e9, parallel: int = PARALLEL) -> Isolation:
    return Isolation(np.arange(n, dtype=np.int64), calls=calls, seconds=seconds, now=0.0, parallel=parallel)


def play(search: Isolation, bad: npt.NDArray[np.bool_], order: random.Random) -> list[Rows]:
    """Answers the calls in any order, a second passing for each; returns the groups that were sent."""
    sent: list[Rows] = []
    flying: list[Rows] = []
    for now in itertools.count():
        groups = search.next(float(now))
        sent += groups
        flying += groups
        if not flying:
            break
        rows = flying.pop(order.randrange(len(flying)))
        tell = search.failed if bad[rows].any() else search.passed
        tell(rows)
    assert search.done
    return sent


@st.composite
def bad_rows(draw: st.DrawFn) -> npt.NDArray[np.bool_]:
    n = draw(st.integers(1, 400))
    some = st.sets(st.integers(0, n - 1), min_size=1, max_size=min(n, 12))
    every = st.just(set(range(n)))
    most = some.map(lambda good: set(range(n)) - good or {0})
    bad = np.zeros(n, dtype=bool)
    bad[sorted(draw(st.one_of(some, every, most)))] = True
    return bad


@given(bad=bad_rows(), order=st.randoms(use_true_random=False), parallel=st.integers(1, 9))
def test_with_enough_calls_the_guilty_are_the_bad_and_all_others_passed(
    bad: npt.NDArray[np.bool_], order: random.Random, parallel: int
) -> None:
    search = search_of(len(bad), parallel=parallel)
    sent = play(search, bad, order)
    assert search.guilty.tolist() == np.flatnonzero(bad).tolist()
    assert search.passed_rows.tolist() == np.flatnonzero(~bad).tolist()
    assert search.unresolved.tolist() == []
    assert search.calls == len(sent)
    answered = [row for rows in sent if not bad[rows].any() for row in rows.tolist()]
    assert sorted(answered) == np.flatnonzero(~bad).tolist(), "each good row is in exactly one call that succeeded"


@given(
    bad=bad_rows(),
    order=st.randoms(use_true_random=False),
    calls=st.integers(0, 60),
    seconds=st.integers(0, 60),
    parallel=st.integers(1, 9),
)
def test_whatever_the_budget_each_row_has_one_fate_and_no_good_row_is_blamed(
    bad: npt.NDArray[np.bool_], order: random.Random, calls: int, seconds: int, parallel: int
) -> None:
    search = search_of(len(bad), calls=calls, seconds=seconds, parallel=parallel)
    sent = play(search, bad, order)
    fates = [*search.guilty.tolist(), *search.passed_rows.tolist(), *search.unresolved.tolist()]
    assert sorted(fates) == list(range(len(bad)))
    assert bad[search.guilty].all()
    assert not bad[search.passed_rows].any()
    assert len(sent) == search.calls <= calls


@given(bad=bad_rows(), order=st.randoms(use_true_random=False))
def test_groups_in_flight_share_no_row_and_keep_the_order(bad: npt.NDArray[np.bool_], order: random.Random) -> None:
    search = search_of(len(bad), parallel=5)
    flying: list[Rows] = []
    while not search.done:
        flying += search.next(0.0)
        together = [row for rows in flying for row in rows.tolist()]
        assert len(flying) <= 5
        assert len(together) == len(set(together))
        assert all((np.diff(rows) > 0).all() for rows in flying)
        rows = flying.pop(order.randrange(len(flying)))
        tell = search.failed if bad[rows].any() else search.passed
        tell(rows)


@given(n=st.integers(2, 400), order=st.randoms(use_true_random=False))
def test_a_failure_that_passes_by_itself_blames_no_row(n: int, order: random.Random) -> None:
    search = search_of(n)
    play(search, np.zeros(n, dtype=bool), order)
    assert search.guilty.tolist() == []
    assert len(search.passed_rows) == n


@given(n=st.integers(2, 400), most=st.integers(1, 50))
def test_a_request_that_fails_for_its_size_alone_blames_no_row(n: int, most: int) -> None:
    search = search_of(n)
    while not search.done:
        for rows in search.next(0.0):
            tell = search.failed if len(rows) > most else search.passed
            tell(rows)
    assert search.guilty.tolist() == []
    assert len(search.passed_rows) == n
    assert search.calls <= 4 * n


@pytest.mark.parametrize("n", [1, 2, 3, 10, 100, 1_000, 10_000])
def test_where_all_rows_are_bad_it_takes_little_more_than_a_call_each(n: int) -> None:
    search = search_of(n)
    play(search, np.ones(n, dtype=bool), random.Random(0))
    assert search.guilty.tolist() == list(range(n))
    assert search.calls <= n + 2 * PARALLEL + FAILURES_BEFORE_SINGLES


@pytest.mark.parametrize("share", [0.2, 0.3, 0.5, 0.7, 0.9])
def test_where_many_rows_are_bad_it_takes_little_more_than_a_call_each(share: float) -> None:
    bad = np.random.default_rng(0).random(1_000) < share
    search = search_of(1_000)
    play(search, bad, random.Random(0))
    assert search.calls <= 1.1 * 1_000


@pytest.mark.parametrize(("n", "k"), CELLS)
def test_calls_and_wall_time_stay_within_the_targets(n: int, k: int) -> None:
    placements = [placed(n, k, seed) for seed in range(PLACEMENTS)]
    for seconds_per_row in SECONDS_PER_ROW:
        ours = [isolate(bad, seconds_per_row=seconds_per_row) for bad in placements]
        theirs = [bisect_sequentially(bad, seconds_per_row=seconds_per_row) for bad in placements]
        assert fmean(outcome.calls for outcome in ours) <= MOST_CALLS * least_calls(n, k)
        most_seconds = MOST_WALL * fmean(outcome.seconds for outcome in theirs)
        assert fmean(outcome.seconds for outcome in ours) <= most_seconds


def test_one_bad_row_among_1000_is_found_within_15_calls_and_10_round_trips_wherever_it_is() -> None:
    outcomes = [isolate(bad, seconds_per_row=0.0) for bad in np.eye(1_000, dtype=bool)]
    assert max(outcome.calls for outcome in outcomes) == 15
    assert max(outcome.seconds for outcome in outcomes) == pytest.approx(10 * ROUND_TRIP_SECONDS)


def test_the_yardstick_asks_for_both_halves_one_after_the_other() -> None:
    bad = np.array([False, False, True, False])
    outcome = bisect_sequentially(bad, seconds_per_row=1.0)
    assert outcome.calls == 5
    assert outcome.seconds == pytest.approx(5 * ROUND_TRIP_SECONDS + 4 + 2 + 2 + 1 + 1)


def test_positions_are_the_callers_own() -> None:
    search = Isolation(positions(70, 30, 50), calls=ENOUGH, seconds=1e9, now=0.0)
    bad = np.zeros(71, dtype=bool)
    bad[30] = True
    sent = play(search, bad, random.Random(0))
    assert search.guilty.tolist() == [30]
    assert search.passed_rows.tolist() == [70, 50]
    assert all(rows.tolist() == [row for row in (70, 30, 50) if row in rows] for rows in sent)


def test_after_the_seconds_nothing_is_sent_but_answers_still_count() -> None:
    search = search_of(10, seconds=2.0)
    first, *others = search.next(1.9)
    assert others == []
    assert search.next(2.0) == []
    assert not search.done, "an answer is still to come"
    search.passed(first)
    assert search.next(1.0) == [], "a clock that goes back does not open it again"
    assert search.done
    assert search.passed_rows.tolist() == first.tolist()
    assert len(search.unresolved) == 10 - len(first)


def test_one_failed_row_is_guilty_without_another_call() -> None:
    search = search_of(1)
    assert search.done
    assert search.guilty.tolist() == [0]
    assert search.next(0.0) == []


def test_it_is_suspicious_when_only_single_failures_are_seen_and_soon() -> None:
    search = search_of(10_000)
    while not search.suspicious:
        for rows in search.next(0.0):
            search.failed(rows)
    assert len(search.guilty) >= SUSPICIOUS_SINGLES
    assert search.calls <= 4 * PARALLEL


def test_it_is_not_suspicious_once_a_call_passed() -> None:
    search = search_of(100)
    bad = np.ones(100, dtype=bool)
    bad[1] = False
    play(search, bad, random.Random(0))
    assert len(search.guilty) == 99
    assert not search.suspicious


def test_a_few_bad_rows_are_not_suspicious() -> None:
    search = search_of(SUSPICIOUS_SINGLES - 1)
    play(search, np.ones(SUSPICIOUS_SINGLES - 1, dtype=bool), random.Random(0))
    assert len(search.guilty) == SUSPICIOUS_SINGLES - 1
    assert not search.suspicious


def test_an_answer_to_nothing_in_flight_is_refused() -> None:
    search = search_of(10)
    (group,) = search.next(0.0)
    for stray in (positions(), positions(0), group[:-1], np.append(group, 9), positions(9)):
        with pytest.raises(ValueError, match="in flight"):
            search.passed(stray)
    search.passed(group)
    with pytest.raises(ValueError, match="in flight"):
        search.failed(group)


def test_a_group_without_rows_or_with_a_row_twice_is_refused() -> None:
    for rows in (positions(), positions(1, 2, 1)):
        with pytest.raises(ValueError, match="each once"):
            Isolation(rows, calls=1, seconds=1.0, now=0.0)
    with pytest.raises(ValueError, match="at least one call"):
        search_of(3, parallel=0)
