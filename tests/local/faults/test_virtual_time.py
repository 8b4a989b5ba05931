"""Promise: in virtual time calls run beside each other, end in the order of their durations, and cost no real time."""

from typing import Any

import pytest

from chem_endpoints.local.faults.virtual_clock import VirtualClock
from simulated import SimulatedWorkers


def workers(threads: int = 64) -> tuple[VirtualClock, SimulatedWorkers]:
    clock = VirtualClock()
    return clock, SimulatedWorkers(clock, threads)


def lasting(clock: VirtualClock, seconds: float, value: Any = None) -> Any:
    def call() -> Any:
        clock.spend(seconds)
        return value

    return call


def test_calls_end_in_the_order_of_their_durations() -> None:
    clock, made = workers()
    for key, seconds in (("slow", 5.0), ("fast", 1.0), ("as fast", 1.0)):
        made.start(key, lasting(clock, seconds, key))
    assert clock.now() == 0.0
    assert [one.value for one in made.wait(None)] == ["fast", "as fast"]
    assert clock.now() == 1.0
    assert [one.key for one in made.wait(100.0)] == ["slow"]
    assert clock.now() == 5.0


def test_a_wait_ends_at_its_time() -> None:
    clock, made = workers()
    made.start("slow", lasting(clock, 3600.0))
    assert made.wait(10.0) == []
    assert made.now() == 10.0
    assert [one.key for one in made.wait(None)] == ["slow"]
    assert made.wait(None) == []
    assert made.wait(4000.0) == []
    assert made.now() == 4000.0


def test_no_more_calls_at_once_than_threads() -> None:
    clock, made = workers(threads=2)
    for key in range(4):
        made.start(key, lasting(clock, 1.0))
    assert [one.key for one in made.wait(None)] == [0, 1]
    assert [one.key for one in made.wait(None)] == [2, 3]
    assert clock.now() == 2.0


def test_an_error_is_told_as_the_end_of_its_call() -> None:
    _, made = workers()

    def fail() -> None:
        raise ValueError("x")

    made.start("bad", fail)
    (finished,) = made.wait(None)
    assert isinstance(finished.error, ValueError)


def test_a_run_that_never_ends_fails_its_test() -> None:
    clock, made = workers()
    clock.spend(40 * 24 * 3600.0)
    with pytest.raises(AssertionError, match="does not end"):
        made.wait(None)
    made.close()
    with pytest.raises(AssertionError, match="after the end"):
        made.start("late", fail_if_called)


def fail_if_called() -> None:
    raise NotImplementedError
