"""Calls of the simulated clients, as the tests of the state machine make them."""

from typing import Any

import pandas as pd

from chem_endpoints.local.faults.clients import SimulatedClients
from chem_endpoints.local.faults.journal import Journal
from chem_endpoints.local.faults.runtime import FaultyRuntime
from chem_endpoints.local.faults.schedule import Fault, Schedule
from chem_endpoints.local.faults.settings import RuntimeSettings
from chem_endpoints.local.faults.simple_models import text_release
from chem_endpoints.wire import codec
from chem_endpoints.wire.columns import ROW_NUMBER
from chem_endpoints.wire.content_types import CSV

NAME = RuntimeSettings().name
TEXTS = ["CCO", "bad", "CCN"]


def simulated(*faults: Fault, seed: int = 0, keeps_rows: bool = False, **settings: Any) -> SimulatedClients:
    """Clients of an endpoint with the model of texts."""
    machine = FaultyRuntime(
        text_release(),
        RuntimeSettings(**settings),
        Schedule(faults=faults, seed=seed),
        journal=Journal(keeps_rows=keeps_rows),
    )
    return SimulatedClients(machine)


def body(texts: list[str], content_type: str = CSV) -> bytes:
    """A request of ours for some texts; its rows are numbered from 5."""
    rows = {ROW_NUMBER: range(5, 5 + len(texts)), "smiles": pd.Series(texts, dtype="str")}
    return codec.encode(pd.DataFrame(rows), content_type)


def invoke(clients: SimulatedClients, texts: list[str] = TEXTS, content_type: str = CSV, **more: Any) -> Any:
    """InvokeEndpoint."""
    return clients.runtime.invoke_endpoint(
        EndpointName=NAME,
        Body=body(texts, content_type),
        ContentType=content_type,
        Accept=content_type,
        CustomAttributes="return=added",
        **more,
    )


def invoke_async(clients: SimulatedClients, **more: Any) -> Any:
    """InvokeEndpointAsync, with the body in the call unless told otherwise."""
    parameters = {"Body": body(TEXTS)} | more
    return clients.runtime.invoke_endpoint_async(
        EndpointName=NAME, ContentType=CSV, Accept=CSV, CustomAttributes="return=added", **parameters
    )


def look(clients: SimulatedClients, location: str) -> Any:
    """The object at a location, as it is now."""
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return clients.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
