"""Promise: whatever rows make a model raise, they are found, each costs itself alone, and the search ends."""

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.wire.rows import each_row, listen
from container.server.isolation import predict_isolating
from container.server.published import Cells, PublishedWork
from container.server.script_error import ScriptError

FAILED = "prediction_failed: the model raised ValueError"
OFFSET = 1000


def model(bad: Collection[int], *, by_row: bool, after: Collection[int] = ()):  # type: ignore[no-untyped-def]
    """Raises on ``bad`` rows: at the row, or on the whole column once its loop over the rows is over."""

    def predict(rows: list[int]) -> list[int]:
        for _, row in each_row(enumerate(rows)) if by_row else enumerate(rows):
            if row in bad:
                raise ValueError("CANARY")
        if set(rows) & set(after):
            raise ValueError("CANARY")
        return [row * 2 for row in rows]

    return predict


@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)), st.booleans())
def test_the_rows_at_fault_are_found_and_the_others_predicted(bad: set[int], after: set[int], by_row: bool) -> None:
    work = PublishedWork(Cells())
    listen(work.announce)
    try:
        found = predict_isolating(list(range(31)), OFFSET, model(bad, by_row=by_row, after=after), work)
    finally:
        listen(None)
    assert found.reasons == dict.fromkeys(bad | after, FAILED)
    predicted = {row: value for rows, values in found.predicted for row, value in zip(rows, values, strict=True)}
    assert predicted == {row: row * 2 for row in range(31) if row not in bad | after}


def test_a_script_that_says_where_it_is_is_called_twice_for_each_row_at_fault() -> None:
    work, calls = PublishedWork(Cells()), []
    listen(work.announce)
    predict = model({700}, by_row=True)
    try:
        predict_isolating(list(range(1000)), 0, lambda rows: calls.append(len(rows)) or predict(rows), work)
    finally:
        listen(None)
    assert calls == [1000, 700, 299]


def test_a_row_that_takes_all_memory_is_told_so_and_a_broken_contract_is_no_rows_fault() -> None:
    def hungry(rows: list[int]) -> None:
        raise MemoryError

    def broken(rows: list[int]) -> None:
        raise ScriptError("lost a row")

    work = PublishedWork(Cells())
    reasons = predict_isolating([5], 0, hungry, work).reasons
    assert reasons == {5: "too_large: the model needs more memory for this row than it may use"}
    with pytest.raises(ScriptError):
        predict_isolating([5], 0, broken, work)
