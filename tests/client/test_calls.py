"""Promise: how often AWS is called, and with what: little to learn, no call for no rows, no more for bad rows."""

import math
import random
import statistics
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from chem_endpoints.client.plan import ISOLATION_CALLS
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.local.faults.schedule import Operation
from chem_endpoints.local.faults.settings import RuntimeSettings
from chem_endpoints.local.faults.simple_models import BAD
from chem_endpoints.wire.columns import PREDICTION, PREDICTION_ERROR
from fault_scenarios import Simulation, simulate

MOST_RATIO = 1.02
MOST_BITS = 1.5


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def rows(number: int, bad: set[int] = frozenset()) -> pd.DataFrame:  # type: ignore[assignment]
    return pd.DataFrame({"smiles": [f"{BAD}{row}" if row in bad else f"C{row}" for row in range(number)]})


def calls(simulation: Simulation) -> int:
    return simulation.machine.journal.calls(Operation.INVOKE)


def test_an_endpoint_is_described_once_and_read_of_one_object() -> None:
    simulation = simulate(RuntimeSettings())
    for _ in range(3):
        simulation.endpoint.inference(rows(3), progress=False)
    journal = simulation.machine.journal
    known = (Operation.DESCRIBE_ENDPOINT, Operation.DESCRIBE_ENDPOINT_CONFIG, Operation.LIST_TAGS, Operation.GET)
    assert {operation: journal.calls(operation) for operation in known} == dict.fromkeys(known, 1)


def test_no_rows_need_no_call_and_have_all_columns() -> None:
    simulation = simulate(RuntimeSettings())
    some = simulation.endpoint.inference(rows(2), progress=False)
    before = calls(simulation)
    none = simulation.endpoint.inference(rows(2).iloc[:0], progress=False)
    assert calls(simulation) == before
    assert_frame_equal(none, some.iloc[:0], check_index_type=False)


def test_rows_without_a_needed_column_are_one_error_that_names_the_nearest() -> None:
    simulation = simulate(RuntimeSettings())
    with pytest.raises(InvalidInputError, match=r"feature 'smiles' has no column \(nearest: smile\)"):
        simulation.endpoint.inference(pd.DataFrame({"smile": ["C"]}), progress=False)
    assert calls(simulation) == 0


def test_bad_rows_cost_our_own_server_no_call() -> None:
    bad = set(random.Random(5).sample(range(10_000), 100))
    clean, mixed = (simulate(RuntimeSettings(row_seconds=0.001)) for _ in range(2))
    clean.endpoint.inference(rows(10_000), progress=False)
    out = mixed.endpoint.inference(rows(10_000, bad), progress=False)
    assert (out[PREDICTION_ERROR] != "").sum() == 100
    assert calls(mixed) <= MOST_RATIO * calls(clean)


@pytest.mark.parametrize(("number", "bad"), [(1_000, 1), (1_000, 3), (1_000, 10), (10_000, 1), (10_000, 10)])
def test_a_foreign_server_is_searched_in_few_calls(number: int, bad: int) -> None:
    """Through the whole client, one request of so many rows; the other cells of the table: benchmarks/isolation.py."""
    made: list[int] = []
    for placement in range(12):
        places = set(random.Random(placement).sample(range(number), bad))
        simulation = simulate(RuntimeSettings(foreign=True, on_bad_row="refuse", row_seconds=1e-6))
        endpoint = simulation.endpoint
        pace: Any = endpoint._new_pace()
        for size in (64, 1_024, 10_000):  # an endpoint whose speed is known gets all rows at once
            pace.learn(size, size * 1e-6)
        out = endpoint.inference(rows(number, places), progress=False, threads=1)
        assert set(out.index[out[PREDICTION].isna()]) == places
        made.append(calls(simulation))
    assert statistics.mean(made) <= MOST_BITS * math.log2(math.comb(number, bad))
    assert max(made) < ISOLATION_CALLS


def test_the_same_frame_again_and_a_chain_give_fresh_answers() -> None:
    simulation = simulate(RuntimeSettings())
    frame = simulation.endpoint.inference(rows(5), progress=False)
    frame[PREDICTION] = -1.0
    with pytest.warns(UserWarning, match="are replaced by the model's answers"):
        again = simulation.endpoint.inference(frame, progress=False)
    assert again[PREDICTION].tolist() == simulation.endpoint.inference(rows(5), progress=False)[PREDICTION].tolist()
    assert again.attrs["report"]["replaced"] == [PREDICTION, PREDICTION_ERROR]
    both = simulation.endpoint.inference(frame, progress=False, suffix="_new")
    assert both[PREDICTION].tolist() == [-1.0] * 5
    assert both[f"{PREDICTION}_new"].tolist() == again[PREDICTION].tolist()
