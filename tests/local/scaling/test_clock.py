"""Time passes as fast as it is told to."""

import pytest

from chem_endpoints.local.scaling.clock import Clock


class Wall:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_clock_of_speed_one_shows_real_time_and_can_be_moved() -> None:
    wall = Wall()
    clock = Clock(real=wall)
    wall.seconds += 5
    assert clock.seconds() == 1005
    clock.advance(600)
    assert clock.seconds() == 1605
    assert clock.now().isoformat() == "1970-01-01T00:26:45+00:00"
    assert clock.real_seconds(60) == 60


def test_a_fast_clock_is_fast() -> None:
    wall = Wall()
    clock = Clock(speed=60, real=wall)
    wall.seconds += 2
    assert clock.seconds() == 1120
    assert clock.real_seconds(60) == 1


def test_a_stepped_clock_stands_still_until_it_is_moved() -> None:
    wall = Wall()
    clock = Clock(speed=0, real=wall)
    wall.seconds += 1e6
    assert clock.seconds() == 1000
    assert clock.real_seconds(60) is None
    clock.advance(60)
    assert clock.seconds() == 1060


def test_no_clock_runs_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        Clock(speed=-1)
    with pytest.raises(ValueError, match="backwards"):
        Clock().advance(-1)
