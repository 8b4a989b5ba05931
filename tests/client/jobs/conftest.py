"""What the tests of jobs share: endpoints over the simulated AWS, in virtual time, and a state folder of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.client.user_folders import STATE_VARIABLE
from chem_endpoints.local.faults.clients import SimulatedClients
from chem_endpoints.local.faults.journal import Journal
from chem_endpoints.local.faults.release import Release
from chem_endpoints.local.faults.runtime import FaultyRuntime
from chem_endpoints.local.faults.schedule import Fault, Schedule
from chem_endpoints.local.faults.settings import RuntimeSettings
from chem_endpoints.local.faults.simple_models import text_release
from simulated import SimulatedWorkers

ROWS_PER_CHUNK = 10


class World:
    """A simulated AWS, and processes that each make their own `Endpoint`."""

    def __init__(self, *faults: Fault, releases: list[Release] | None = None, **settings: Any) -> None:
        described = {"kind": "async", "client_settings": {"rows_per_chunk": ROWS_PER_CHUNK}, **settings}
        self.machine = FaultyRuntime(
            releases or text_release(), RuntimeSettings(**described), Schedule(faults), journal=Journal()
        )
        self.clients = SimulatedClients(self.machine)
        self.journal = self.machine.journal

    def endpoint(self) -> Endpoint:
        """What a new process makes."""
        clients: Any = self.clients
        return Endpoint(
            self.machine.settings.name,
            clients=clients,
            workers=lambda threads: SimulatedWorkers(self.clients.clock, threads),
        )

    def let_pass(self, seconds: float) -> None:
        """Time in which nobody does anything but the queue."""
        self.clients.clock.spend(seconds)


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's jobs lie."""
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def world() -> Callable[..., World]:
    """Makes a simulated AWS."""
    return World


@pytest.fixture
def frame() -> pd.DataFrame:
    """95 rows with an index and columns that never travel."""
    count = 95
    return pd.DataFrame(
        {
            "smiles": [f"C{row}" if row % 20 else f"bad{row}" for row in range(count)],
            "weight": [row / 3 for row in range(count)],
            "batch": pd.Categorical([f"b{row % 3}" for row in range(count)]),
        },
        index=pd.Index([f"row {row % 50}" for row in range(count)], name="id"),
    )
