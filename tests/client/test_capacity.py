"""Promise: an endpoint that sleeps is waited for, in words, for as long as the caller wants and no longer."""

from threading import Event
from typing import Any

import pytest

from chem_endpoints.client import capacity
from chem_endpoints.client.capacity import CapacityWait
from chem_endpoints.client.description import kind_of
from chem_endpoints.errors import EndpointError, NoCapacityError


class Sleeping:
    """Has capacity after some refusals."""

    def __init__(self, refusals: int) -> None:
        self.left = refusals

    def __call__(self) -> str:
        if self.left:
            self.left -= 1
            raise NoCapacityError("no copy of the model runs at present")
        return "answer"


def test_a_sleeping_endpoint_is_waited_for_and_it_is_said_once_a_minute() -> None:
    lines: list[str] = []
    waits: list[float] = []
    waiting = CapacityWait("logs-v1", 1000, tell=lines.append)
    assert waiting.run(Sleeping(9), waits.append) == ("answer", 9)
    (line,) = lines
    assert line.startswith("logs-v1 sleeps: waiting for auto scaling to start a copy of the model")
    assert line.endswith("(0 of at most 1000 s)")
    assert waits[0] == capacity.FIRST_PAUSE_SECONDS
    assert waits[-1] == capacity.LONGEST_PAUSE_SECONDS


def test_patience_ends() -> None:
    with pytest.raises(NoCapacityError, match=r"no copy of the model runs at present; waited 0 s for one"):
        CapacityWait("logs-v1", 0).run(Sleeping(9), lambda seconds: None)


def test_a_wait_is_given_up_when_another_request_failed() -> None:
    stop = Event()
    stop.set()
    with pytest.raises(EndpointError, match="given up"):
        CapacityWait("logs-v1", 1000, tell=lambda line: None).run(Sleeping(9), stop.wait)


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({"ProductionVariants": [{"ModelName": "m"}]}, "realtime"),
        ({"ProductionVariants": [{"ModelName": "m"}], "AsyncInferenceConfig": {"OutputConfig": {}}}, "async"),
        ({"ProductionVariants": [{"ModelName": "m", "ServerlessConfig": {}}]}, "serverless"),
        ({"ProductionVariants": [{"VariantName": "v"}]}, "inference_component"),
    ],
)
def test_the_kind_is_told_by_the_configuration(config: dict[str, Any], kind: str) -> None:
    assert kind_of(config) == kind
