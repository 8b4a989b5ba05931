"""Promise: requests get as many rows as their time allows, learnt from answers, and never more than declared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.client.pace import AIM_SECONDS, FIRST_ROWS, GROWTH, UNTIMED_ROWS, Pace


def test_the_first_request_is_small() -> None:
    assert Pace().rows(100_000, 4) == FIRST_ROWS
    assert Pace(most_rows=10).rows(100_000, 4) == 10
    assert Pace(longest_row=5.0).rows(100_000, 4) == 4
    assert Pace(longest_row=300.0).rows(100_000, 4) == 1


def test_later_requests_aim_at_their_time() -> None:
    pace = Pace()
    pace.learn(64, 64 * 0.03)
    assert pace.rows(10_000, 4) == int(AIM_SECONDS / 0.03)
    pace.learn(64, 64 * 5.0)
    assert pace.rows(10_000, 4) == 4


def test_growth_is_bounded_and_each_place_gets_its_share() -> None:
    pace = Pace()
    pace.learn(64, 0.001)
    assert pace.rows(10**6, 4) == 64 * GROWTH
    pace.learn(64 * GROWTH, 0.01)
    assert pace.rows(10**6, 4) == 64 * GROWTH * GROWTH
    slow = Pace()
    slow.learn(64, 64 * 0.01)
    assert slow.rows(1_000, 4) == 250


def test_a_slower_answer_counts_at_once_and_a_faster_one_by_half() -> None:
    pace = Pace()
    pace.learn(100, 1.0)
    pace.learn(100, 100.0)
    assert pace.rows(10**6, 1) == 20
    pace.learn(100, 1.0)
    assert 20 < pace.rows(10**6, 1) < 50


def test_what_was_not_done_in_time_is_not_asked_again_at_that_size() -> None:
    pace = Pace()
    pace.learn(1000, 1.0)
    pace.too_slow(1000, 60.0)
    assert pace.rows(10**6, 1) <= 333


def test_a_queue_tells_nothing_about_the_model() -> None:
    pace = Pace(aim_seconds=1200, timed=False)
    pace.learn(1, 10_000.0)
    assert pace.known
    assert pace.rows(2_500, 64) == UNTIMED_ROWS
    assert Pace(aim_seconds=1200, timed=False, most_rows=1000).rows(2_500, 64) == 1000
    assert Pace(aim_seconds=1200, timed=False, most_rows=1000, longest_row=60.0).rows(2_500, 64) == 20
    for _ in range(8):  # requests that were under way together
        pace.too_slow(100, 3500.0)
    assert pace.rows(2_500, 64) == 50


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.floats(0, 10**5), st.booleans()), max_size=20),
    st.none() | st.integers(1, 10**6),
    st.integers(0, 10**6),
    st.integers(1, 64),
    st.booleans(),
)
def test_a_request_always_has_a_row_and_never_more_than_declared(
    answers: list[tuple[int, float, bool]], declared: int | None, total: int, places: int, timed: bool
) -> None:
    pace = Pace(most_rows=declared, timed=timed)
    for rows, seconds, late in answers:
        (pace.too_slow if late else pace.learn)(rows, seconds)
        assert 1 <= pace.rows(total, places) <= (declared or 10**12)


@pytest.mark.parametrize("seconds", [0.0, 1e-9])
def test_an_answer_in_no_time_is_no_division_by_zero(seconds: float) -> None:
    pace = Pace()
    pace.learn(10, seconds)
    assert pace.rows(1000, 1) == 160
