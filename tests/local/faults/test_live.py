"""Promise: a fault strikes the calls that it was ordered for, counted and timed from its beginning, and no others."""

import subprocess
import sys
from io import BytesIO
from typing import Any

import pytest

from chem_endpoints.local.faults.live import LiveFaults, RequestLostError, TooManyFaultsError
from chem_endpoints.local.faults.schedule import FaultKind
from chem_endpoints.local.faults.script import MOST_FAULTS, FaultOrder
from chem_endpoints.local.invocation_errors import InvocationError
from chem_endpoints.local.wsgi import Dropped, Reply, Request

DONE = Reply(status=200, body=b"0123456789")
KIND = FaultKind.SERVICE_UNAVAILABLE


class Time:
    """A clock that moves by waiting."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def wait(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def faults(time: Time) -> LiveFaults:
    return LiveFaults(lambda: time.seconds, time.wait)


def ask(faults: LiveFaults, endpoint: str = "logs-v1", kind: str = "invocations") -> int | str:
    """Status of a call's answer, or ``dropped``."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/endpoints/{endpoint}/{kind}",
        "wsgi.input": BytesIO(b"body"),
        "CONTENT_LENGTH": "4",
    }
    answer = faults.answer(Request(environ), lambda: DONE)
    return "dropped" if isinstance(answer, Dropped) else answer.status


def order(kind: FaultKind = KIND, **more: Any) -> FaultOrder:
    return FaultOrder(kind=kind, **more)


def test_without_faults_every_call_is_served(faults: LiveFaults) -> None:
    assert [ask(faults) for _ in range(3)] == [200, 200, 200]


def test_calls_are_counted_from_the_order_and_for_each_operation(faults: LiveFaults) -> None:
    ask(faults)
    faults.add([order(after_calls=1, calls=2)])
    assert [ask(faults) for _ in range(5)] == [200, 503, 503, 200, 200]
    assert [ask(faults, kind="async-invocations") for _ in range(3)] == [200, 503, 503]


def test_a_fault_strikes_within_its_seconds_and_counts_within_them(faults: LiveFaults, time: Time) -> None:
    faults.add([order(at_seconds=10, for_seconds=5, calls=1)])
    assert ask(faults) == 200
    assert faults.listing()[0]["state"] == "waiting"
    time.wait(10)
    assert faults.listing()[0]["state"] == "active"
    assert [ask(faults), ask(faults)] == [503, 200]
    time.wait(5)
    faults.add([order(at_seconds=0, for_seconds=5)])
    assert ask(faults) == 503
    assert [one["state"] for one in faults.listing()] == ["over", "active"]
    time.wait(5)
    assert ask(faults) == 200


def test_calls_used_up_end_a_fault(faults: LiveFaults) -> None:
    faults.add([order(FaultKind.MODEL_NOT_READY, calls=1)])
    assert [ask(faults), ask(faults)] == [429, 200]
    told = faults.listing()[0]
    assert (told["state"], told["struck"], told["calls"]) == ("over", 1, 1)


def test_names_of_endpoints_are_compared_without_case(faults: LiveFaults) -> None:
    faults.add([order(endpoint="Logs-V1")])
    assert [ask(faults, "logs-v1"), ask(faults, "LOGS-v1"), ask(faults, "other")] == [503, 503, 200]


def test_the_fault_that_was_ordered_first_counts(faults: LiveFaults) -> None:
    faults.add([order(FaultKind.RESET_BEFORE, calls=1), order(FaultKind.INTERNAL_FAILURE)])
    assert [ask(faults), ask(faults)] == ["dropped", 500]
    assert [one["struck"] for one in faults.listing()] == [1, 1]


def test_every_fault_counts_every_call(faults: LiveFaults) -> None:
    faults.add([order(calls=2), order(FaultKind.INTERNAL_FAILURE, after_calls=2, calls=1)])
    assert [ask(faults) for _ in range(4)] == [503, 503, 500, 200]


def test_the_same_seed_strikes_the_same_calls(faults: LiveFaults) -> None:
    runs = []
    for _ in range(2):
        faults.add([order(probability=0.5, seed=7)])
        runs.append([ask(faults) for _ in range(40)])
        assert faults.clear() == 1
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


def test_one_fault_is_cleared_by_its_id(faults: LiveFaults) -> None:
    first, second = faults.add([order(), order(FaultKind.INTERNAL_FAILURE)])
    assert faults.clear(first["id"]) == 1
    assert [one["id"] for one in faults.listing()] == [second["id"]]
    assert faults.clear(first["id"]) == 0
    assert ask(faults) == 500


def test_there_is_an_end_to_the_number_of_faults(faults: LiveFaults) -> None:
    faults.add([order()] * MOST_FAULTS)
    with pytest.raises(TooManyFaultsError, match="clear some"):
        faults.add([order()])


def test_kinds_that_are_a_matter_of_time_take_theirs(faults: LiveFaults, time: Time) -> None:
    before = time.seconds
    faults.add([order(FaultKind.LATENCY, calls=1, latency_seconds=3), order(FaultKind.READ_TIMEOUT)])
    assert (ask(faults), time.seconds - before) == (200, 3)
    assert (ask(faults), time.seconds - before) == ("dropped", 3 + 70)


def test_work_on_queued_requests_fails_or_is_lost(faults: LiveFaults) -> None:
    faults.strike_work("logs-v1")
    faults.add([order(FaultKind.MODEL_ERROR, status=502, endpoint="logs-v1", calls=1), order(FaultKind.LOST)])
    with pytest.raises(InvocationError, match=r"server error \(502\)"):
        faults.strike_work("Logs-V1")
    with pytest.raises(RequestLostError):
        faults.strike_work("logs-v1")
    assert ask(faults, kind="async-invocations") == 200


def test_the_local_aws_takes_no_data_frames_into_its_memory_for_them() -> None:
    code = "import sys, chem_endpoints.local.assembly; print('pandas' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"
