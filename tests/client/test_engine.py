"""Promise: every row of a run ends once, with its own answer or a reason, whatever fails in between."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.client.budget import RetryBudget
from chem_endpoints.client.capacity import CapacityWait
from chem_endpoints.client.congestion import Congestion
from chem_endpoints.client.engine import BodyTooLargeError, Engine
from chem_endpoints.client.joined import join_answers
from chem_endpoints.client.pace import FIRST_ROWS, Pace
from chem_endpoints.client.plan import DEADLINE, Answer, Plan, Positions
from chem_endpoints.client.retry import FailedInvocation, Failure
from chem_endpoints.client.steps import Steps
from chem_endpoints.client.wakes import WakeHistory
from chem_endpoints.errors import (
    AccessRefusedError,
    EndpointError,
    InvocationTimeoutError,
    ModelFailedError,
    NoCapacityError,
)
from chem_endpoints.local.faults.virtual_clock import VirtualClock
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.manifest import Output
from simulated import SimulatedWorkers

OUTPUTS = (Output(name="prediction", dtype="float64"),)
Behaviour = Callable[[Positions, int], "pd.DataFrame | None"]


def right(rows: Positions) -> pd.DataFrame:
    return pd.DataFrame({"prediction": rows + 0.5, PREDICTION_ERROR: pd.Series([""] * len(rows), dtype="str")})


class World:
    """Runs one plan against a behaviour: (rows, number of the call) → the answer, or an exception."""

    def __init__(self, total: int, behave: Behaviour, *, places: int = 4, row_seconds: float = 0.01) -> None:
        self.clock = VirtualClock()
        self.calls = 0
        self.sizes: list[int] = []
        self._behave, self._row_seconds = behave, row_seconds
        self.plan = Plan(total=total, pace=Pace(), places=places)
        wait = CapacityWait(
            name="e", seconds=1200, tell=lambda line: None, history=WakeHistory(path=Path("/dev/null/none"))
        )
        self.ended: list[tuple[int, int]] = []
        self.engine = Engine(
            plan=self.plan,
            ask=self._ask,
            workers=SimulatedWorkers(self.clock, places),
            control=self._ask,
            congestion=Congestion(most=places, budget=RetryBudget(), capacity=wait),
            told=lambda ended, failed: self.ended.append((ended, failed)),
        )

    def _ask(self, rows: Positions) -> Steps[Answer]:
        self.calls += 1
        number = self.calls
        self.sizes.append(len(rows))
        yield 0.0
        self.clock.spend(0.02 + self._row_seconds * len(rows))
        frame = self._behave(rows, number)
        return Answer(frame=right(rows) if frame is None else frame, digest="d", bytes_sent=len(rows))

    def run(self) -> pd.DataFrame:
        self.engine.run()
        return join_answers(self.plan, OUTPUTS)


def model_failure() -> FailedInvocation:
    return FailedInvocation(Failure(kind="model", error=ModelFailedError("failed")))


def failing(kind: str) -> FailedInvocation:
    return FailedInvocation(Failure(kind=kind, error=InvocationTimeoutError(kind)))


def assert_right(out: pd.DataFrame, bad: set[int] = frozenset()) -> None:  # type: ignore[assignment]
    good = np.array([row not in bad for row in range(len(out))], dtype=bool)
    assert (out.loc[good, "prediction"] == np.flatnonzero(good) + 0.5).all()
    assert (out[PREDICTION_ERROR] == "").to_numpy().tolist() == good.tolist()
    assert out.loc[~good, "prediction"].isna().all()


def test_a_run_begins_with_a_small_request_and_goes_on_with_large_ones() -> None:
    world = World(10_000, lambda rows, call: None)
    assert_right(world.run())
    assert world.sizes[0] == FIRST_ROWS
    assert max(world.sizes) > 10 * FIRST_ROWS
    assert sum(ended for ended, _ in world.ended) == 10_000


def test_rows_without_time_are_sent_again_smaller() -> None:
    def behave(rows: Positions, call: int) -> pd.DataFrame | None:
        answer = right(rows)
        answer.loc[100:, ["prediction"]] = float("nan")
        answer.loc[100:, PREDICTION_ERROR] = f"{DEADLINE}; send fewer rows"
        return answer

    world = World(3_000, behave, row_seconds=0.0001)
    assert_right(world.run())


def test_a_request_that_is_not_answered_in_time_is_halved_down_to_its_row() -> None:
    def behave(rows: Positions, call: int) -> None:
        if 77 in rows:
            raise failing("timeout")

    out = World(300, behave).run()
    assert_right(out, {77})
    assert out.loc[77, PREDICTION_ERROR].startswith("timeout: ")


def test_a_body_that_is_too_large_is_cut() -> None:
    def behave(rows: Positions, call: int) -> None:
        if len(rows) > 10:
            raise BodyTooLargeError(len(rows), 10)

    world = World(500, behave)
    assert_right(world.run())
    assert world.calls < 200


def test_a_row_that_is_too_large_alone_has_its_reason_and_the_others_theirs() -> None:
    def behave(rows: Positions, call: int) -> None:
        if 5 in rows:
            raise failing("too large")

    out = World(100, behave).run()
    assert_right(out, {5})
    assert out.loc[5, PREDICTION_ERROR].startswith("too_large: ")


@pytest.mark.parametrize("bad", [{0}, {99}, {0, 1, 2}, {3, 50, 64, 65}, set(range(0, 100, 2))])
def test_rows_that_break_their_request_are_found(bad: set[int]) -> None:
    def behave(rows: Positions, call: int) -> None:
        if bad & set(rows.tolist()):
            raise model_failure()

    out = World(100, behave).run()
    assert_right(out, bad)
    assert out.loc[sorted(bad), PREDICTION_ERROR].str.startswith("prediction_failed: ").all()


@pytest.mark.parametrize("rows", [1, 2, 5, 20, 5_000])
def test_an_endpoint_that_fails_whatever_it_is_sent_is_an_error_and_not_a_frame_of_nothing(rows: int) -> None:
    def behave(rows: Positions, call: int) -> None:
        raise model_failure()

    world = World(rows, behave)
    with pytest.raises(ModelFailedError, match="failed"):
        world.run()
    assert world.calls < 60


@pytest.mark.parametrize("bad", [range(10), range(30, 45), range(64, 100)])
def test_bad_rows_that_stand_together_do_not_end_the_run(bad: range) -> None:
    def behave(rows: Positions, call: int) -> None:
        if set(bad) & set(rows.tolist()):
            raise model_failure()

    assert_right(World(1_000, behave).run(), set(bad))


@pytest.mark.parametrize("kind", ["model", "answer", "timeout"])
def test_an_endpoint_that_breaks_later_ends_the_run_and_blames_no_row(kind: str) -> None:
    """Rows that fail are at fault only while a row that was answered before is answered again."""

    def behave(rows: Positions, call: int) -> None:
        if call > 3:
            raise FailedInvocation(Failure(kind=kind, error=ModelFailedError("broken")))

    world = World(2_000, behave)
    with pytest.raises(ModelFailedError, match="broken"):
        world.run()
    assert world.calls < 150
    out = join_answers(world.plan, OUTPUTS)
    assert (out[PREDICTION_ERROR] == "").sum() == sum(world.sizes[:3])


def test_a_row_at_a_time_an_endpoint_that_never_answers_is_found_out_soon() -> None:
    def behave(rows: Positions, call: int) -> None:
        raise model_failure()

    world = World(1_000, behave)
    world.plan.pace.most_rows = 1
    with pytest.raises(ModelFailedError):
        world.run()
    assert world.calls < 60


def test_time_in_which_the_endpoint_is_away_is_no_time_of_the_search() -> None:
    world = World(10, lambda rows, call: None)

    def behave(rows: Positions, call: int) -> None:
        if 5.0 < world.clock.now() < 1_000.0:
            raise FailedInvocation(Failure(kind="no capacity", error=NoCapacityError("asleep")))
        if 7 in rows:
            world.clock.spend(6.0)
            raise model_failure()

    world._behave = behave
    assert_right(world.run(), {7})


@pytest.mark.parametrize("kind", ["model", "timeout"])
def test_an_accident_of_the_only_good_row_does_not_end_the_run(kind: str) -> None:
    """Found by the schedules: three of four rows are bad, and the first call of the fourth alone goes wrong."""
    accidents: list[int] = []

    def behave(rows: Positions, call: int) -> None:
        if {0, 1, 3} & set(rows.tolist()):
            raise model_failure()
        if not accidents:
            accidents.append(call)
            raise FailedInvocation(Failure(kind=kind, error=ModelFailedError("accident")))

    assert_right(World(4, behave).run(), {0, 1, 3})


@pytest.mark.parametrize("rows", [1, 1_000])
def test_one_failure_of_the_server_costs_few_more_requests_and_blames_nobody(rows: int) -> None:
    def behave(rows: Positions, call: int) -> None:
        if call == 1:
            raise model_failure()

    world, undisturbed = World(rows, behave), World(rows, lambda rows, call: None)
    assert_right(world.run())
    assert_right(undisturbed.run())
    assert world.calls <= undisturbed.calls + 10


def test_an_outage_that_ends_loses_nothing() -> None:
    world = World(5_000, lambda rows, call: None)

    def behave(rows: Positions, call: int) -> None:
        if 1.0 < world.clock.now() < 6.0:
            raise FailedInvocation(Failure(kind="unavailable", error=ModelFailedError("down")))

    world._behave = behave
    assert_right(world.run())


def test_a_refusal_ends_the_run_at_once_and_what_came_before_is_kept() -> None:
    def behave(rows: Positions, call: int) -> None:
        if call > 3:
            raise FailedInvocation(Failure(kind="refused", error=AccessRefusedError("no")))

    world = World(5_000, behave, places=1)
    with pytest.raises(AccessRefusedError, match="no"):
        world.run()
    assert world.calls == 4
    out = join_answers(world.plan, OUTPUTS)
    answered = out[PREDICTION_ERROR] == ""
    assert answered.sum() == sum(world.sizes[:3])
    assert out.loc[~answered, PREDICTION_ERROR].str.startswith("unsent: ").all()


def test_what_was_kept_is_not_asked_again() -> None:
    world = World(1_000, lambda rows, call: None)
    kept = np.arange(10, 900, dtype=np.int64)
    world.plan.keep(kept, right(kept), "d")
    assert_right(world.run())
    assert sum(world.sizes) == 110


def test_no_rows_need_no_call() -> None:
    world = World(0, lambda rows, call: None)
    assert len(world.run()) == 0
    assert world.calls == 0


@given(
    st.integers(1, 400), st.integers(1, 8), st.sets(st.integers(0, 399), max_size=6), st.randoms(use_true_random=False)
)
def test_every_row_ends_once(total: int, places: int, bad: set[int], draw: "st.DataObject") -> None:
    """Random failures of every kind that passes, among rows of which some always break their request."""

    def behave(rows: Positions, call: int) -> None:
        if bad & set(rows.tolist()):
            raise model_failure()
        if call % 3 == 0 and draw.random() < 0.3:  # type: ignore[attr-defined]
            kind = draw.choice(["throttled", "timeout", "too large", "connection"])  # type: ignore[attr-defined]
            raise FailedInvocation(Failure(kind=kind, error=ModelFailedError(kind)))

    world = World(total, behave, places=places)
    try:
        out = world.run()
    except EndpointError:
        assert not world.plan.answers or world.calls > 3
        return
    good = (out[PREDICTION_ERROR] == "").to_numpy()
    assert (out.loc[good, "prediction"].to_numpy() == np.flatnonzero(good) + 0.5).all()
    assert not good[[row for row in bad if row < total]].any()
    assert sum(ended for ended, _ in world.ended) == total
