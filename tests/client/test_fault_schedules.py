"""Promise: whatever fails, and whenever, no row is lost: each comes back in its place with its value or with a reason.

Or one error ends the call, where the troubles last: then what was answered is kept, and the same call made again asks
for the rest alone. All in virtual time; `--hypothesis-profile=soak` tries 10 000 schedules.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, event, given, settings
from pandas.testing import assert_frame_equal

from chem_endpoints.errors import EndpointError, ModelFailedError, NoCapacityError
from chem_endpoints.local.faults.schedule import Fault, FaultKind, Operation, outage
from chem_endpoints.local.faults.settings import RuntimeSettings
from chem_endpoints.local.faults.simple_models import BAD, text_value
from chem_endpoints.wire.columns import PREDICTION, PREDICTION_ERROR
from fault_scenarios import BEGIN, OFFSET, Scenario, Simulation, cases, simulate

QUICK, SOAK = 500, 10_000
EXAMPLES = SOAK if settings().max_examples > QUICK else QUICK
UNSENT = "unsent"
LATER_SECONDS = 600.0
"""When the same call is made again: the retry budget has filled up, and crashed containers are back."""


@pytest.fixture(autouse=True, scope="module")
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the client remembers between calls lies in a folder of the test's."""
    with pytest.MonkeyPatch.context() as patch:
        folder: Path = tmp_path_factory.mktemp("user")
        patch.setenv("XDG_STATE_HOME", str(folder))
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield


def texts_of(frame: pd.DataFrame) -> list[str | None]:
    return [None if pd.isna(text) else str(text) for text in frame["SMILES"]]


def check_caller_part(out: pd.DataFrame, frame: pd.DataFrame) -> None:
    """Rows, order, index, dtypes and cells of the caller's are as they were; the answer's columns stand behind."""
    assert list(out.columns[frame.shape[1] :]) == [PREDICTION, PREDICTION_ERROR]
    assert_frame_equal(out.iloc[:, : frame.shape[1]], frame, check_exact=True)
    for name in frame.columns:
        if frame[name].dtype == object:
            assert all(a is b for a, b in zip(out[name].array, frame[name].array, strict=True))
    assert out[PREDICTION].dtype == np.float64


def check_rows(out: pd.DataFrame, frame: pd.DataFrame, scenario: Scenario, *, partial: bool) -> None:
    """Each row has the right value, or a reason that it may have."""
    rows = zip(texts_of(frame), out[PREDICTION].tolist(), out[PREDICTION_ERROR].tolist(), strict=True)
    for text, value, error in rows:
        if error:
            assert np.isnan(value)
        else:
            assert text is not None
            assert not text.startswith(BAD)
            assert value in (text_value(text), text_value(text) + OFFSET)
            if scenario.redeployed_at is None:
                assert value == text_value(text)
        good = text is not None and not text.startswith(BAD)
        if good and error and not (partial and error.startswith(UNSENT)):
            assert scenario.may_blame_rows, error


def check_fates(fates: pd.DataFrame, out: pd.DataFrame) -> None:
    assert fates["error"].tolist() == out[PREDICTION_ERROR].tolist()
    outcomes = [error.partition(":")[0] or "predicted" for error in out[PREDICTION_ERROR]]
    assert fates["outcome"].tolist() == outcomes
    assert isinstance(fates.index, pd.RangeIndex)


def sent_texts(simulation: Simulation, begin: int) -> list[str]:
    """The texts that reached the model since a place in the journal."""
    records = simulation.machine.journal.records[begin:]
    return [text for record in records if record.sent is not None for text in record.sent["smiles"].dropna()]


def may_end(frame: pd.DataFrame, scenario: Scenario) -> bool:
    """Whether an error for all rows is right although little went wrong: the server fails on each row."""
    good = [text for text in texts_of(frame) if text is not None and not text.startswith(BAD)]
    return scenario.settings.on_bad_row != "reason" and not good


def check_resumption(simulation: Simulation, frame: pd.DataFrame, partial: pd.DataFrame, scenario: Scenario) -> None:
    """The same call, after the troubles, asks for what is missing and no more."""
    simulation.machine.schedule.faults = ()
    simulation.clients.clock.spend(LATER_SECONDS)
    begin = len(simulation.machine.journal.records)
    try:
        out = simulation.endpoint.inference(frame, progress=False, threads=scenario.threads)
    except EndpointError:
        assert may_end(frame, scenario)
        return
    check_caller_part(out, frame)
    check_rows(out, frame, scenario, partial=False)
    assert not out[PREDICTION_ERROR].str.startswith(UNSENT).any()
    if scenario.redeployed_at is None:
        answered = (partial[PREDICTION_ERROR] == "").to_numpy()
        finished = {text for text, done in zip(texts_of(frame), answered, strict=True) if done}
        assert not finished.intersection(sent_texts(simulation, begin))


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_each_row_is_answered_or_has_a_reason(case: tuple[pd.DataFrame, Scenario]) -> None:
    frame, scenario = case
    simulation = simulate(
        scenario.settings, *scenario.faults, seed=scenario.seed, releases=scenario.releases, keeps_rows=True
    )
    before = frame.copy(deep=False)
    try:
        inferred = simulation.endpoint.infer(frame, progress=False, threads=scenario.threads)
    except EndpointError as error:
        event(f"ended by {type(error).__name__}")
        assert (scenario.faults and not scenario.light) or may_end(frame, scenario), "an error for little"
        partial: Any = error.partial
        check_caller_part(partial, before)
        check_rows(partial, before, scenario, partial=True)
        check_fates(simulation.endpoint.last_report(), partial)
        check_resumption(simulation, frame, partial, scenario)
    else:
        event("ended")
        check_caller_part(inferred.frame, before)
        check_rows(inferred.frame, before, scenario, partial=False)
        check_fates(inferred.fates, inferred.frame)
        assert inferred.report["rows"] == len(frame)
    assert_frame_equal(frame, before, check_exact=True)
    assert frame.attrs == {"mine": "kept"}


# -- what an issue's figures ask for ---------------------------------------------------------------------------------


def many(rows: int) -> pd.DataFrame:
    return pd.DataFrame({"smiles": [f"C{row}" for row in range(rows)]})


@pytest.mark.parametrize(
    ("kind", "requests"),
    [
        (FaultKind.SERVICE_UNAVAILABLE, 1000),
        (FaultKind.THROTTLED_400, 200),
        (FaultKind.UNREACHABLE, 200),
        (FaultKind.MODEL_FAILED, 200),
    ],
)
def test_in_a_full_outage_retries_are_a_tenth_at_most(kind: FaultKind, requests: int) -> None:
    """Calls of one row each, one after the other, into an outage that does not end."""
    settings = RuntimeSettings(row_seconds=0.01, client_settings={"rows_per_chunk": 1, "max_in_flight": 8})
    simulation = simulate(settings, outage(BEGIN, kind=kind))
    rows = many(1)
    for _ in range(requests):
        with pytest.raises(ModelFailedError):
            simulation.endpoint.inference(rows, progress=False)
    assert requests < simulation.machine.journal.calls(Operation.INVOKE) <= 1.1 * requests


def test_one_run_of_a_thousand_requests_ends_soon_in_an_outage() -> None:
    settings = RuntimeSettings(row_seconds=0.01, client_settings={"rows_per_chunk": 1, "max_in_flight": 8})
    simulation = simulate(settings, outage(BEGIN + 2.0))
    with pytest.raises(ModelFailedError) as raised:
        simulation.endpoint.inference(many(1000), progress=False)
    calls = simulation.machine.journal.calls(Operation.INVOKE)
    partial: Any = raised.value.partial
    predicted = int((partial[PREDICTION_ERROR] == "").sum())
    assert predicted > 100
    assert calls - predicted <= 100
    simulation.machine.schedule.faults = ()
    out = simulation.endpoint.inference(many(1000), progress=False)
    assert (out[PREDICTION_ERROR] == "").all()
    assert simulation.machine.journal.calls(Operation.INVOKE) == calls + 1000 - predicted


@pytest.mark.parametrize("kind", ["inference_component", "async"])
def test_a_wake_of_twelve_minutes_loses_no_row(kind: Any) -> None:
    settings = RuntimeSettings(kind=kind, wake_seconds=720.0, client_settings={"rows_per_chunk": 100})
    simulation = simulate(settings)
    out = simulation.endpoint.inference(many(2000), progress=False)
    assert (out[PREDICTION_ERROR] == "").all()
    refused = [one for one in simulation.machine.journal.of(Operation.INVOKE) if one.outcome == "ValidationError"]
    # Requests that were begun together before the first refusal are one look.
    looks = sorted({round(one.at, 3) for one in refused})
    assert all(later - earlier >= 9.9 for earlier, later in itertools.pairwise(looks))
    assert simulation.now >= 720


def test_patience_ends_with_the_rows_intact() -> None:
    settings = RuntimeSettings(kind="inference_component", wake_seconds=720.0)
    simulation = simulate(settings, wake_seconds=300.0)
    with pytest.raises(NoCapacityError) as raised:
        simulation.endpoint.inference(many(50), progress=False)
    partial: Any = raised.value.partial
    assert partial["smiles"].tolist() == many(50)["smiles"].tolist()
    assert partial[PREDICTION_ERROR].str.startswith(UNSENT).all()
    assert 290 <= simulation.now - BEGIN <= 310


@pytest.mark.parametrize(
    ("settings", "rows"),
    [
        (RuntimeSettings(row_seconds=0.03), 10_000),
        (RuntimeSettings(kind="async", row_seconds=20.0, slots=8), 2_500),
    ],
)
def test_no_time_out_reaches_the_caller_of_a_slow_model(settings: RuntimeSettings, rows: int) -> None:
    simulation = simulate(settings)
    out = simulation.endpoint.inference(many(rows), progress=False)
    assert (out[PREDICTION_ERROR] == "").all()
    assert out[PREDICTION].tolist() == [text_value(f"C{row}") for row in range(rows)]


def test_requests_shrink_when_rows_become_slow() -> None:
    """The first rows are fast: the pace learnt from them is wrong by a factor of a thousand."""

    def slow_at_the_end(rows: pd.DataFrame) -> Any:
        numbers = rows["smiles"].str.slice(1).astype(int).to_numpy()
        return np.where(numbers < 200, 0.002, 2.0)

    simulation = simulate(RuntimeSettings(row_seconds=slow_at_the_end))
    out = simulation.endpoint.inference(many(600), progress=False)
    assert (out[PREDICTION_ERROR] == "").all()


def test_the_same_seed_runs_the_same_way() -> None:
    def journal(seed: int) -> list[tuple[str, float]]:
        fault = Fault(kind=FaultKind.MODEL_UNAVAILABLE, probability=0.2, after=BEGIN)
        simulation = simulate(RuntimeSettings(client_settings={"rows_per_chunk": 5}), fault, seed=seed)
        simulation.endpoint.inference(many(100), progress=False)
        return [(record.outcome, record.seconds) for record in simulation.machine.journal.records]

    assert journal(3) == journal(3)
    assert journal(3) != journal(4)


# -- endpoints that are not ours -------------------------------------------------------------------------------------


@pytest.mark.parametrize("on_bad_row", ["refuse", "crash"])
@pytest.mark.parametrize("bad", [[], [0], [0, 1, 2, 149, 299], list(range(100, 160))])
def test_a_foreign_server_that_fails_whole_requests_gets_its_good_rows_answered(
    on_bad_row: Any, bad: list[int]
) -> None:
    settings = RuntimeSettings(foreign=True, on_bad_row=on_bad_row, row_seconds=0.01, restart_seconds=1.0)
    frame = pd.DataFrame({"smiles": [f"{BAD}{row}" if row in bad else f"C{row}" for row in range(300)], "note": 1.5})
    simulation = simulate(settings)
    out = simulation.endpoint.inference(frame, progress=False)
    failed = (out[PREDICTION_ERROR] != "").to_numpy()
    assert np.flatnonzero(failed).tolist() == bad
    assert out.loc[~failed, PREDICTION].tolist() == [text_value(f"C{row}") for row in range(300) if row not in bad]
    assert out[PREDICTION][failed].isna().all()
    assert_frame_equal(out[["smiles", "note"]], frame)


def test_a_foreign_server_that_always_fails_is_an_error_and_blames_no_row() -> None:
    simulation = simulate(
        RuntimeSettings(foreign=True, on_bad_row="refuse"), Fault(kind=FaultKind.MODEL_FAILED, after=BEGIN)
    )
    with pytest.raises(ModelFailedError):
        simulation.endpoint.inference(many(1000), progress=False)
    assert simulation.machine.journal.calls(Operation.INVOKE) < 200
