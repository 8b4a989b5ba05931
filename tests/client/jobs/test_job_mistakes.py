"""Promise: what once went wrong with jobs never does again: refused chunks, arrays, two models, damaged files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chem_endpoints.errors import InvalidInputError, ModelChangedError
from chem_endpoints.local.faults.schedule import Fault, FaultKind, Operation
from chem_endpoints.local.faults.simple_models import text_release
from chem_endpoints.wire.columns import PREDICTION_ERROR

Worlds = Callable[..., Any]
FRAME = pd.DataFrame({"smiles": [f"C{row}" for row in range(40)]})


def test_a_chunk_that_the_queue_does_not_take_leaves_a_job_that_can_be_finished(world: Worlds) -> None:
    fault = Fault(kind=FaultKind.READ_TIMEOUT, operations=frozenset({Operation.INVOKE_ASYNC}), first_call=2, calls=1)
    job = world(fault).endpoint().submit(FRAME)
    assert (job.result(progress=False)[PREDICTION_ERROR] == "").all()


def test_a_column_of_arrays_is_left_out_and_named(world: Worlds) -> None:
    frame = FRAME.assign(fingerprint=[np.zeros(3)] * len(FRAME))
    with pytest.warns(UserWarning, match="fingerprint"):
        job = world(kind="realtime").endpoint().submit(frame)
    assert (job.result(progress=False)[PREDICTION_ERROR] == "").all()


def test_answers_of_two_models_are_never_mixed(world: Worlds) -> None:
    there = world(
        kind="realtime",
        row_seconds=0.5,
        releases=[text_release(), text_release(at=8.0, offset=1000.0)],
        client_settings={"rows_per_chunk": 10, "max_in_flight": 1},
    )
    job = there.endpoint().submit(FRAME)
    with pytest.raises(ModelChangedError, match=r"submit the rows"):
        job.result(progress=False)
    digests = set(job.fates()["model_sha256"]) if job._last is not None else set()
    assert len(digests - {""}) <= 1


def test_a_damaged_answer_is_asked_for_again(world: Worlds, state_folder: Path) -> None:
    job = world(kind="realtime").endpoint().submit(FRAME)
    out = job.result(progress=False)
    (answer, *_) = sorted(state_folder.rglob("*.out"))
    answer.write_bytes(b"")
    pd.testing.assert_frame_equal(job.result(progress=False), out)


def test_a_suffix_that_cannot_be_is_refused_at_once(world: Worlds) -> None:
    with pytest.raises(InvalidInputError, match="take another suffix"):
        world(kind="realtime").endpoint().submit(FRAME.assign(prediction=1.0), suffix="_error")
