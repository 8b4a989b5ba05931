"""Promise: the console's history holds each change of the last hour of the clock, and nothing of what is gone."""

import time
from collections.abc import Iterator

import pytest

from chem_endpoints.local.console.history import WINDOW_SECONDS, History, Key, Level, Point
from chem_endpoints.local.scaling.clock import Clock

A, B = ("us-east-1", "a"), ("us-east-1", "b")


class Levels:
    """What the endpoints are at."""

    def __init__(self) -> None:
        self.now: dict[Key, Level] = {}

    def __call__(self) -> Iterator[tuple[Key, Level]]:
        yield from self.now.items()


@pytest.fixture
def levels() -> Levels:
    return Levels()


@pytest.fixture
def clock() -> Clock:
    return Clock(speed=0, real=lambda: 1000.0)


@pytest.fixture
def history(clock: Clock, levels: Levels) -> History:
    return History(clock, levels)


def test_only_changes_are_kept(history: History, levels: Levels, clock: Clock) -> None:
    for instances, backlog in [(0, 0), (0, 0), (0, 4), (1, 4), (1, 4), (1, 0)]:
        levels.now = {A: Level(instances, backlog)}
        history.note()
        clock.advance(60)
    assert history.of(*A) == [Point(1000, 0, 0), Point(1120, 0, 4), Point(1180, 1, 4), Point(1300, 1, 0)]


def test_what_the_hour_began_with_stays_until_it_is_no_longer_needed(
    history: History, levels: Levels, clock: Clock
) -> None:
    for instances in (1, 2, 3):
        levels.now = {A: Level(instances, None)}
        history.note()
        clock.advance(60)
    clock.advance(WINDOW_SECONDS - 120)
    assert history.of(*A) == [Point(1000, 1, None), Point(1060, 2, None), Point(1120, 3, None)]
    clock.advance(30)
    assert history.of(*A) == [Point(1060, 2, None), Point(1120, 3, None)]
    clock.advance(10 * WINDOW_SECONDS)
    assert history.of(*A) == [Point(1120, 3, None)]


def test_an_endpoint_that_is_gone_is_forgotten(history: History, levels: Levels) -> None:
    levels.now = {A: Level(1, None), B: Level(2, None)}
    history.note()
    levels.now = {B: Level(2, None)}
    history.note()
    assert history.of(*A) == []
    levels.now[A] = Level(3, None)
    history.note()
    assert [point.instances for point in history.of(*A)] == [3]


def test_memory_is_bounded(history: History, levels: Levels) -> None:
    for number in range(5000):
        levels.now = {A: Level(number, None)}
        history.note()
    kept = history.of(*A)
    assert len(kept) < 1000
    assert kept[-1].instances == 4999


def test_it_looks_by_itself_also_after_a_look_that_failed(
    clock: Clock, levels: Levels, caplog: pytest.LogCaptureFixture
) -> None:
    failures = [ValueError("while a dictionary changes")]

    def unsteady() -> Iterator[tuple[Key, Level]]:
        if failures:
            raise failures.pop()
        return levels()

    history = History(clock, unsteady)
    levels.now = {A: Level(7, None)}
    history.start()
    try:
        deadline = time.monotonic() + 10
        while not history.of(*A):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        history.stop()
    assert "has a gap" in caplog.text
