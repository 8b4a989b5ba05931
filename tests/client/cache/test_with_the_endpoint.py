"""Promise: the real `Endpoint` behind a cache is asked as it is without one, also through failures and updates."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from chem_endpoints.client.cache.cache import InferenceCache
from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.errors import EndpointError
from chem_endpoints.local.faults.clients import SimulatedClients
from chem_endpoints.local.faults.release import Release
from chem_endpoints.local.faults.runtime import FaultyRuntime
from chem_endpoints.local.faults.schedule import INVOCATIONS, Fault, FaultKind, Operation
from chem_endpoints.local.faults.simple_models import text_release
from chem_endpoints.wire.columns import PREDICTION_ERROR
from simulated import SimulatedWorkers

UPDATE_AT = 3600.0
FRAME = pd.DataFrame({"id": range(6), "SMILES": ["C", "CC", "bad", "C", "CCC", ""]}, index=list("uvwxyz"))


class World:
    """A simulated endpoint in virtual time, and a real `Endpoint` that calls it."""

    def __init__(self, releases: "Release | Sequence[Release]") -> None:
        self.machine = FaultyRuntime(releases)
        self.clients = SimulatedClients(self.machine)
        self.endpoint = Endpoint(
            self.machine.settings.name,
            clients=self.clients,  # type: ignore[arg-type]
            workers=lambda threads: SimulatedWorkers(self.clients.clock, threads),
        )

    @property
    def calls(self) -> int:
        return self.machine.journal.calls(Operation.INVOKE)


def plain(frame: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return World(text_release()).endpoint.inference(frame, **options)


def test_the_answer_is_the_endpoints_own() -> None:
    world = World(text_release())
    cached = InferenceCache(world.endpoint)
    for _ in range(3):
        assert_frame_equal(cached.inference(FRAME), plain(FRAME), check_exact=True, check_flags=False)
    assert cached.inference(FRAME.drop(index=["w", "z"])).attrs["report"]["requests"] == 0
    assert world.calls == 3, "the two rows that fail are asked each time"
    assert cached.info().models == {world.endpoint.description.digest: 3}


def test_an_updated_endpoint_is_asked_again_by_the_same_object() -> None:
    world = World([text_release(), text_release(at=UPDATE_AT, offset=100.0)])
    cached = InferenceCache(world.endpoint)
    before = cached.inference(FRAME)
    world.clients.clock.advance_to(UPDATE_AT + 1)
    after = cached.inference(FRAME)
    assert (after["prediction"] - before["prediction"]).dropna().round(6).tolist() == [100.0] * 4
    assert len(cached.info().models) == 2
    changed = cached.diff(*cached.info().models, FRAME)
    assert changed["SMILES"].tolist() == ["C", "CC", "C", "CCC"]


def test_an_outage_is_loud_and_costs_no_answer() -> None:
    world = World(text_release())
    cached = InferenceCache(world.endpoint)
    cached.inference(FRAME.iloc[:2])
    world.machine.schedule.faults = (Fault(kind=FaultKind.SERVICE_UNAVAILABLE, operations=INVOCATIONS),)
    with pytest.raises(EndpointError) as failure:
        cached.inference(FRAME)
    assert failure.value.partial is not None
    told = [text.partition(":")[0] for text in failure.value.partial[PREDICTION_ERROR]]
    assert told[:2] == ["", ""]
    assert told[3:5] == ["", "unsent"]
    assert cached.inference(FRAME.iloc[:2]).attrs["report"]["cached"] == 2
    world.machine.schedule.faults = ()
    assert_frame_equal(cached.inference(FRAME), plain(FRAME), check_exact=True, check_flags=False)
