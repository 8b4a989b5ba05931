"""Random endpoints, frames and fault schedules, and what may come of them."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from chem_endpoints.client.aws import AwsClients
from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.local.faults.clients import SimulatedClients
from chem_endpoints.local.faults.journal import Journal
from chem_endpoints.local.faults.release import Release
from chem_endpoints.local.faults.runtime import FaultyRuntime
from chem_endpoints.local.faults.schedule import CONTROL, TARGETS, Fault, FaultKind, Operation, Schedule
from chem_endpoints.local.faults.settings import RuntimeSettings
from chem_endpoints.local.faults.simple_models import BAD, text_release
from simulated import SimulatedWorkers

BEGIN = 1.0
"""Virtual second at which the description has been read, and faults may begin."""

SLOW = 20.0
"""Seconds per row of the slowest model: two rows in time at real-time endpoints."""

OFFSET = 1000.0
"""What a second release adds to each prediction."""

BLAMES_ROWS = frozenset(
    {
        FaultKind.MODEL_FAILED,
        FaultKind.MODEL_ERROR,
        FaultKind.MODEL_SILENT,
        FaultKind.READ_TIMEOUT,
        FaultKind.TRUNCATED,
        FaultKind.RESET_AFTER,
        FaultKind.RESET_BEFORE,
    }
)
"""Kinds that may look as if a row had caused them."""


WAITED_OUT = frozenset({FaultKind.LOST, FaultKind.S3_MISSING, FaultKind.S3_FORBIDDEN, FaultKind.S3_LATE})
"""Kinds that look like an answer that is not there yet."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One endpoint and its troubles.

    Attributes:
        settings: what the endpoint is like.
        faults: its troubles.
        seed: their luck.
        light: few enough troubles that a caller must not notice any.
        redeployed_at: when another model takes over; ``None``: never.
        threads: requests at once that the caller asks for.
    """

    settings: RuntimeSettings
    faults: tuple[Fault, ...]
    seed: int
    light: bool
    redeployed_at: float | None
    threads: int | None

    @property
    def releases(self) -> list[Release]:
        """What is deployed."""
        later = [] if self.redeployed_at is None else [text_release(at=self.redeployed_at, offset=OFFSET)]
        return [text_release(), *later]

    @property
    def may_blame_rows(self) -> bool:
        """Whether a good row may end with a reason."""
        slow = callable(self.settings.row_seconds) or self.settings.row_seconds > 10
        searched = self.settings.on_bad_row != "reason"  # an accident in the search for bad rows looks like one
        return slow or ((searched or not self.light) and any(fault.kind in BLAMES_ROWS for fault in self.faults))


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """An endpoint as its caller sees it, and what is behind it."""

    endpoint: Endpoint
    machine: FaultyRuntime
    clients: SimulatedClients

    @property
    def now(self) -> float:
        """Virtual seconds."""
        return self.clients.clock.now()


def simulate(
    settings: RuntimeSettings,
    *faults: Fault,
    seed: int = 0,
    releases: list[Release] | None = None,
    wake_seconds: float = 1200.0,
    keeps_rows: bool = False,
) -> Simulation:
    """An endpoint over simulated clients and virtual time, already described; now is `BEGIN`."""
    journal = Journal(keeps_rows=keeps_rows)
    machine = FaultyRuntime(releases or text_release(), settings, Schedule(faults=faults, seed=seed), journal=journal)
    clients = SimulatedClients(machine)
    endpoint = Endpoint(
        settings.name,
        clients=AwsClients(sagemaker=clients.sagemaker, runtime=clients.runtime, s3=clients.s3),
        workers=lambda threads: SimulatedWorkers(clients.clock, threads),
        wake_seconds=wake_seconds,
    )
    assert endpoint.description.kind == settings.kind
    clients.clock.advance_to(BEGIN)
    return Simulation(endpoint=endpoint, machine=machine, clients=clients)


# -- frames ----------------------------------------------------------------------------------------------------------

TEXT_DTYPES = [object, "str", "string", "category"]


def _index(kind: str, rows: int) -> Any:
    made: dict[str, Any] = {
        "range": pd.RangeIndex(rows),
        "doubled": pd.Index([number // 2 for number in range(rows)], name="id"),
        "text": pd.Index([f"r{number}" for number in range(rows)], dtype=object),
        "named like an answer": pd.Index(range(rows, 0, -1), name="prediction"),
        "times": pd.date_range("2026-01-01", periods=rows, freq="h", tz="Europe/Berlin"),
        "levels": pd.MultiIndex.from_arrays([["a"] * rows, range(rows)], names=["x", None]),
        "floats": pd.Index([number / 3 for number in range(rows)]),
    }
    return made[kind]


def _extras(rows: int) -> dict[str, Any]:
    numbers = range(rows)
    return {
        "drawing": pd.Series([object() for _ in numbers], dtype=object),
        "mixed": pd.Series([[None, 1, "x", float("nan"), [1]][number % 5] for number in numbers], dtype=object),
        "whole": pd.Series([None if number % 3 else number for number in numbers], dtype="Int64"),
        "level": pd.Categorical.from_codes([number % 2 for number in numbers], categories=["lo", "hi", "no"]),
        "when": pd.Series(pd.date_range("2026-01-01", periods=rows, tz="UTC")),
        "small": pd.Series([number % 100 for number in numbers], dtype="int8"),
        "yes": pd.Series([None if number % 4 == 0 else True for number in numbers], dtype="boolean"),
    }


@st.composite
def frames(draw: st.DrawFn, most: int) -> pd.DataFrame:
    """Rows with distinct texts, of which some are bad (`BAD`) or missing, under an index of any kind."""
    rows = draw(st.one_of(st.integers(0, 25), st.integers(0, most)))
    dtype = draw(st.sampled_from(TEXT_DTYPES))
    odd = draw(st.lists(st.integers(0, max(0, rows - 1)), max_size=4, unique=True)) if rows else []
    missing = odd[: draw(st.integers(0, len(odd)))]
    texts = [None if row in missing else (f"{BAD}{row}" if row in odd else f"C{row}") for row in range(rows)]
    columns: dict[str, Any] = {"SMILES": pd.Series(texts, dtype=dtype)}
    extras = _extras(rows)
    columns |= {name: extras[name] for name in draw(st.lists(st.sampled_from(sorted(extras)), max_size=3, unique=True))}
    order = draw(st.permutations(sorted(columns)))
    frame = pd.DataFrame({name: columns[name] for name in order})
    frame.index = _index(
        draw(st.sampled_from(["range", "doubled", "text", "named like an answer", "times", "levels", "floats"])), rows
    )
    frame.attrs["mine"] = "kept"
    return frame


# -- schedules -------------------------------------------------------------------------------------------------------


def _kinds(settings: RuntimeSettings) -> list[FaultKind]:
    used = {Operation.INVOKE_ASYNC, Operation.ASYNC_WORK, Operation.PUT, Operation.GET}
    used = used if settings.kind == "async" else {Operation.INVOKE}
    return [kind for kind in FaultKind if TARGETS[kind] & used]


@st.composite
def _fault(draw: st.DrawFn, settings: RuntimeSettings, *, light: bool) -> Fault:
    kinds = _kinds(settings)
    if light:  # lost requests and rows blamed are noticed, and S3 that hides an object is what absence looks like
        kinds = [kind for kind in kinds if kind is not FaultKind.LOST]
    kind = draw(st.sampled_from(kinds))
    operations = TARGETS[kind] - CONTROL
    if light:
        return Fault(kind=kind, operations=operations, first_call=draw(st.integers(1, 8)), calls=1, after=BEGIN)
    if kind in WAITED_OUT:  # hours of looking whether something has appeared: a few of them are enough
        return Fault(kind=kind, operations=operations, first_call=draw(st.integers(1, 12)), calls=2, after=BEGIN)
    shape = draw(st.sampled_from(["burst", "window", "luck"]))
    if shape == "burst":
        first, calls = draw(st.integers(1, 12)), draw(st.integers(1, 8))
        return Fault(kind=kind, operations=operations, first_call=first, calls=calls, after=BEGIN)
    if shape == "window":
        after = BEGIN + draw(st.sampled_from([0.0, 0.1, 1.0, 30.0, 100.0]))
        until = after + draw(st.sampled_from([0.1, 1.0, 20.0, 300.0, float("inf")]))
        return Fault(kind=kind, operations=operations, after=after, until=until)
    probability = draw(st.sampled_from([0.02, 0.1, 0.3, 0.6]))
    return Fault(kind=kind, operations=operations, probability=probability, after=BEGIN)


@st.composite
def cases(draw: st.DrawFn) -> tuple[pd.DataFrame, Scenario]:
    """A frame and a scenario; few rows where each takes a request of its own."""
    scenario = draw(scenarios())
    requested = scenario.settings.client_settings.get("rows_per_chunk", 100)
    return draw(frames(60 if requested < 10 or scenario.settings.row_seconds == SLOW else 600)), scenario


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Endpoints of ours, of any kind, with any troubles."""
    kind: Any = draw(st.sampled_from(["realtime", "serverless", "inference_component", "async"]))
    wakes = kind in ("inference_component", "async") and draw(st.booleans())
    rows_per_chunk = draw(st.sampled_from([None, 1, 3, 10, 100]))
    on_bad_row: Any = draw(st.sampled_from(["reason", "reason", "reason", "refuse", "crash"]))
    settings = RuntimeSettings(
        kind=kind,
        slots=draw(st.sampled_from([4, 16] if on_bad_row == "crash" else [1, 4, 16])),
        max_waiting=draw(st.sampled_from([1, 64])),
        row_seconds=draw(st.sampled_from([0.0, 0.03, 0.5, SLOW])),
        wake_seconds=draw(st.sampled_from([60.0, 720.0])) if wakes else None,
        on_bad_row=on_bad_row,
        hides_absence=kind == "async" and draw(st.booleans()),
        output_delay=draw(st.sampled_from([0.0, 3.0])),
        client_settings={"rows_per_chunk": rows_per_chunk} if rows_per_chunk else {},
        captured=draw(st.booleans()) and kind == "realtime",
    )
    light = draw(st.booleans())
    most = 1 if light else 4
    faults = draw(st.lists(_fault(settings, light=light), max_size=most))
    return Scenario(
        settings=settings,
        faults=tuple(faults),
        seed=draw(st.integers(0, 2**16)),
        light=light,
        redeployed_at=draw(st.sampled_from([None, None, None, BEGIN + 0.5, BEGIN + 30.0])),
        threads=draw(st.sampled_from([None, 1, 8])),
    )
