"""Promise: a submitted frame comes back as `inference` would give it, from any process, and nothing is sent twice."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chem_endpoints.client.asynchronous import longest_wait
from chem_endpoints.client.jobs import open_job, submit
from chem_endpoints.client.report import REPORT_KEY
from chem_endpoints.errors import (
    AccessRefusedError,
    InvalidInputError,
    ModelChangedError,
    ModelFailedError,
)
from chem_endpoints.local.faults.schedule import INVOCATIONS, Fault, FaultKind, Operation
from chem_endpoints.local.faults.settings import BUCKET
from chem_endpoints.local.faults.simple_models import text_release, text_value

Worlds = Callable[..., Any]
KINDS = ["async", "realtime", "serverless", "inference_component"]
SENT = (Operation.INVOKE, Operation.INVOKE_ASYNC)


def without_attrs(out: pd.DataFrame) -> pd.DataFrame:
    out.attrs.clear()
    return out


@pytest.mark.parametrize("kind", KINDS)
def test_the_result_is_that_of_inference_in_this_process_and_in_another(
    kind: str, world: Worlds, frame: pd.DataFrame
) -> None:
    aws = world(kind=kind)
    expected = aws.endpoint().inference(frame)
    before = aws.journal.calls(*SENT)
    job = submit(aws.endpoint(), frame)
    here, there = job.result(), open_job(aws.endpoint(), job.id).result()
    assert aws.journal.calls(*SENT) - before == 10
    for out in (here, there):
        report = out.attrs[REPORT_KEY]
        assert report["job"] == job.id
        assert report["failed"] == expected.attrs[REPORT_KEY]["failed"]
        assert report["models"] == [aws.machine.releases[0].digest]
        json.dumps(out.attrs)
        pd.testing.assert_frame_equal(without_attrs(out), without_attrs(expected.copy()))


def test_a_queue_works_without_any_process(world: Worlds, frame: pd.DataFrame) -> None:
    aws = world(row_seconds=10.0)
    job = submit(aws.endpoint(), frame)
    assert (job.progress().done, job.progress().finished, job.progress().complete) == (0, 0, False)
    aws.let_pass(150.0)
    half = open_job(aws.endpoint(), job.id).progress()
    assert (half.total, half.done, half.requests, half.finished) == (95, 40, 10, 4)
    assert half.failed is None
    aws.let_pass(3600.0)
    asked = aws.journal.calls(*SENT)
    out = open_job(aws.endpoint(), job.id).result()
    assert aws.journal.calls(*SENT) == asked == 10
    assert (out["prediction_error"] != "").sum() == 5
    done = job.progress()
    assert (done.done, done.failed, done.complete) == (95, 5, True)


def test_partial_gives_what_is_there_and_sends_nothing(world: Worlds, frame: pd.DataFrame) -> None:
    aws = world(row_seconds=10.0)
    job = submit(aws.endpoint(), frame)
    aws.let_pass(150.0)
    before = aws.clients.clock.now()
    out = open_job(aws.endpoint(), job.id).partial()
    assert aws.clients.clock.now() - before < 10
    assert aws.journal.calls(*SENT) == 10
    unsent = out["prediction_error"].str.startswith("unsent")
    assert unsent.sum() == 55
    good = out.loc[out["prediction_error"] == ""]
    assert good["prediction"].tolist() == [text_value(text) for text in good["smiles"]]
    assert list(out.index) == list(frame.index)


def test_options_travel_with_the_job(world: Worlds, frame: pd.DataFrame) -> None:
    aws = world()
    renamed = frame.rename(columns={"smiles": "Structure"})
    job = submit(aws.endpoint(), renamed, smiles="Structure", drop_error_rows=True)
    expected = aws.endpoint().inference(renamed, smiles="Structure", drop_error_rows=True)
    out = open_job(aws.endpoint(), job.id).result()
    assert len(out) == 90
    pd.testing.assert_frame_equal(without_attrs(out), without_attrs(expected))
    again = submit(aws.endpoint(), out.rename(columns={"Structure": "mine"}), columns={"mine": "smiles"}, suffix="_2")
    assert {"prediction", "prediction_2"} <= set(again.result().columns)


def test_a_column_that_parquet_cannot_carry_comes_with_the_callers_own_frame(world: Worlds) -> None:
    aws = world()
    frame = pd.DataFrame({"smiles": ["CC", "CO"], "drawing": [object(), object()]})
    with pytest.warns(UserWarning, match=r"does not store \['drawing'\]"):
        job = submit(aws.endpoint(), frame)
    assert list(job.result().columns[:2]) == ["smiles", "drawing"]
    other = open_job(aws.endpoint(), job.id)
    assert "drawing" not in other.result().columns
    assert other.result(frame)["drawing"].tolist() == frame["drawing"].tolist()


def test_a_frame_that_was_not_submitted_is_refused(world: Worlds, frame: pd.DataFrame) -> None:
    aws = world()
    job = open_job(aws.endpoint(), submit(aws.endpoint(), frame).id)
    changed = frame.copy()
    changed.iloc[57, 0] = "CCCCCC"
    with pytest.raises(InvalidInputError, match="rows 50 to 59 differ") as refused:
        job.result(changed)
    assert "CCCCCC" not in str(refused.value)
    with pytest.raises(InvalidInputError, match="95 rows, the frame 94"):
        job.result(frame.iloc[1:])
    moved = frame.assign(weight=0.0)  # no column of the model's
    assert (job.result(moved)["weight"] == 0.0).all()


def test_the_callers_frame_may_change_after_submission(world: Worlds, frame: pd.DataFrame) -> None:
    aws = world(kind="realtime")
    kept = frame.copy()
    job = submit(aws.endpoint(), frame)
    frame["weight"] = -1.0
    pd.testing.assert_frame_equal(job.result()[["smiles", "weight", "batch"]], kept)


def test_fates_and_empty_frames(world: Worlds, frame: pd.DataFrame) -> None:
    aws = world()
    fates = submit(aws.endpoint(), frame).fates()
    assert fates["outcome"].value_counts().to_dict() == {"predicted": 90, "invalid_smiles": 5}
    empty = submit(aws.endpoint(), frame[["smiles"]].iloc[:0])
    assert list(empty.result().columns[-2:]) == ["prediction", "prediction_error"]
    assert aws.journal.calls(*SENT) == 10


def test_an_unanswered_chunk_is_waited_for_and_not_sent_again(world: Worlds, frame: pd.DataFrame) -> None:
    """Two other processes fetch the result while the queue still works."""
    aws = world(row_seconds=100.0)
    job = submit(aws.endpoint(), frame)
    aws.let_pass(1000.0)
    for _ in range(2):
        out = open_job(aws.endpoint(), job.id).result()
        assert (out["prediction_error"] == "").sum() == 90
    assert aws.journal.calls(*SENT) == 10


def test_a_lost_chunk_is_sent_again_when_the_queue_has_given_it_up(world: Worlds, frame: pd.DataFrame) -> None:
    aws = world(Fault(kind=FaultKind.LOST, calls=1))
    job = submit(aws.endpoint(), frame)
    later = open_job(aws.endpoint(), job.id)
    later._answers.clock = lambda: time.time() + longest_wait(3600) + 1  # type: ignore[attr-defined]
    out = later.result()
    assert (out["prediction_error"] == "").sum() == 90
    assert aws.journal.calls(*SENT) == 11


def test_without_listing_each_chunk_is_found_by_its_name(world: Worlds, frame: pd.DataFrame) -> None:
    aws = world(hides_absence=True)
    job = submit(aws.endpoint(), frame)
    assert len(open_job(aws.endpoint(), job.id).result()) == 95
    assert len(open_job(aws.endpoint(), job.id).result()) == 95
    assert aws.journal.calls(*SENT) == 10
    with pytest.raises(AccessRefusedError):
        job.progress()


def outage_until(seconds: float) -> Fault:
    """After three requests none is taken until then."""
    kind = FaultKind.SERVICE_UNAVAILABLE
    return Fault(kind=kind, operations=INVOCATIONS, first_call=4, until=seconds)


@pytest.mark.parametrize("kind", ["async", "realtime"])
def test_an_outage_ends_the_work_but_not_the_job(kind: str, world: Worlds, frame: pd.DataFrame) -> None:
    aws = world(outage_until(2000.0), kind=kind)
    job = submit(aws.endpoint(), frame)
    with pytest.raises(ModelFailedError) as failed:
        job.result()
    assert failed.value.partial is not None
    assert (failed.value.partial["prediction_error"] == "").sum() > 0
    assert job.progress().finished == 3
    aws.let_pass(3000.0)
    out = open_job(aws.endpoint(), job.id).result()
    assert (out["prediction_error"] == "").sum() == 90
    assert max(aws.journal.answered_bodies().values()) == 1


def test_rows_that_had_no_time_are_sent_again_smaller_and_only_once(world: Worlds, frame: pd.DataFrame) -> None:
    """20 s a row, 95 s for a request: 4 of 10 rows come back, the others as timed out."""
    aws = world(row_seconds=20.0, request_seconds=95.0)
    job = submit(aws.endpoint(), frame)
    out = job.result()
    assert (out["prediction_error"] == "").sum() == 90
    bodies = aws.journal.answered_bodies()
    assert max(bodies.values()) == 1
    asked = aws.journal.calls(*SENT)
    assert len(open_job(aws.endpoint(), job.id).result()) == 95
    assert aws.journal.calls(*SENT) == asked == len(bodies) > 10


def test_a_row_that_breaks_the_container_costs_the_others_nothing(world: Worlds, frame: pd.DataFrame) -> None:
    aws = world(on_bad_row="crash", restart_seconds=1.0)
    job = submit(aws.endpoint(), frame)
    out = job.result()
    assert out["prediction_error"].str.startswith("prediction_failed").sum() == 5
    assert (out["prediction_error"] == "").sum() == 90
    asked = aws.journal.calls(*SENT)
    again = open_job(aws.endpoint(), job.id).result()
    pd.testing.assert_frame_equal(without_attrs(again), without_attrs(out))
    assert max(aws.journal.answered_bodies().values()) == 1
    assert aws.journal.calls(*SENT) - asked <= 5  # at most the bad rows are tried once more, each alone


@pytest.mark.parametrize("kind", ["async", "realtime"])
def test_an_answer_that_cannot_be_read_is_asked_for_again(kind: str, world: Worlds, frame: pd.DataFrame) -> None:
    aws = world(kind=kind)
    job = submit(aws.endpoint(), frame)
    aws.let_pass(60.0)
    if kind == "async":
        objects = aws.machine.bucket.objects
        key = next(key for key in objects.keys(BUCKET, "async/", 1e9) if key.endswith("-1.out"))
        aws.clients.s3.put_object(Bucket=BUCKET, Key=key, Body=b"half an answ")
    else:
        job.result()
        kept = next(path for path in Path(job._store.place).glob("outputs/*.out"))
        kept.write_bytes(b'{"content_type": "text/csv", "digest": ""}\nhalf an answ')
    out = open_job(aws.endpoint(), job.id).result()
    assert (out["prediction_error"] == "").sum() == 90
    assert max(aws.journal.answered_bodies().values()) == 1  # it is cut, so its parts are other requests
    assert 10 < aws.journal.calls(*SENT) < 20


@pytest.mark.parametrize("kind", ["async", "realtime"])
def test_rows_that_are_left_are_not_sent_to_another_model(kind: str, world: Worlds, frame: pd.DataFrame) -> None:
    """Some chunks were answered by the old model; the rest could only be answered by the new one."""
    releases = [text_release(), text_release(at=500.0, offset=1000.0)]
    aws = world(outage_until(400.0), kind=kind, releases=releases)
    job = submit(aws.endpoint(), frame)
    with pytest.raises(ModelFailedError):
        job.result()
    aws.let_pass(600.0)
    with pytest.raises(ModelChangedError, match="submit the rows again"):
        open_job(aws.endpoint(), job.id).result()
    old = job.partial()["prediction"]
    assert old.notna().sum() > 0
    assert not (old >= 1000).any()


def test_a_finished_job_is_read_though_the_model_is_another(world: Worlds, frame: pd.DataFrame) -> None:
    aws = world(releases=[text_release(), text_release(at=500.0, offset=1000.0)])
    job = submit(aws.endpoint(), frame)
    aws.let_pass(600.0)
    out = open_job(aws.endpoint(), job.id).result()
    assert (out["prediction_error"] == "").sum() == 90
    assert not (out["prediction"] >= 1000).any()
    assert out.attrs[REPORT_KEY]["models"] == [aws.machine.releases[0].digest]


def test_a_row_that_is_too_large_costs_itself_alone(world: Worlds) -> None:
    aws = world(kind="realtime")
    frame = pd.DataFrame({"smiles": ["CC", "C" * 6_000_000, "CO"]})
    out = submit(aws.endpoint(), frame).result()
    assert out["prediction_error"].str.startswith("too_large").tolist() == [False, True, False]
    assert np.isnan(out["prediction"].iloc[1])
    assert out["prediction"].notna().sum() == 2


def test_the_work_of_an_interrupted_process_is_kept(world: Worlds, frame: pd.DataFrame) -> None:
    """A KeyboardInterrupt in the midst; then another process goes on."""
    aws = world(kind="realtime")
    job = submit(aws.endpoint(), frame)
    invoke, calls = aws.clients.runtime.invoke_endpoint, iter(range(100))

    def interrupted(**named: Any) -> Any:
        if next(calls) == 6:
            raise KeyboardInterrupt
        return invoke(**named)

    aws.clients.runtime.invoke_endpoint = interrupted
    with pytest.raises(KeyboardInterrupt):
        job.result()
    kept = job.progress().finished
    assert kept > 0
    before = aws.journal.calls(*SENT)
    open_job(aws.endpoint(), job.id).result()
    assert aws.journal.calls(*SENT) - before == 10 - kept
