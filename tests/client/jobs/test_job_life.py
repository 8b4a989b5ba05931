"""Promise: jobs are found, listed, cancelled and purged as said; what cannot be one is refused unsent."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from chem_endpoints.client.jobs import endpoint_of, list_jobs, open_job, submit
from chem_endpoints.client.jobs.job_list import LEFTOVER_SECONDS, forget_leftovers
from chem_endpoints.errors import (
    EndpointError,
    ForeignEndpointError,
    InvalidInputError,
    JobCancelledError,
    JobNotFoundError,
    ModelChangedError,
)
from chem_endpoints.local.faults.schedule import Fault, FaultKind, Operation
from chem_endpoints.local.faults.settings import BUCKET
from chem_endpoints.local.faults.simple_models import text_release

Worlds = Callable[..., Any]
KINDS = ["async", "realtime", "serverless", "inference_component"]
SENT = (Operation.INVOKE, Operation.INVOKE_ASYNC)


def test_an_option_that_jobs_lack_is_refused_by_name(world: Worlds, frame: pd.DataFrame) -> None:
    with pytest.raises(InvalidInputError, match=r"does not take \['capture'\]"):
        submit(world().endpoint(), frame, capture="x")


def test_keys_and_the_record_tell_nothing_of_the_rows(world: Worlds, frame: pd.DataFrame) -> None:
    aws = world()
    job = submit(aws.endpoint(), frame)
    job.result()
    keys = aws.machine.bucket.objects.keys(BUCKET, "async/", 1e9)
    shapes = (
        r"jobs/logs-v1\.[0-9a-f]{12}/(job\.json|manifest\.json|frame\.parquet|done\.json)",
        r"jobs/logs-v1\.[0-9a-f]{12}/(inputs/[0-9a-f]{24}\.csv|sent/[0-9a-f]{24}|[0-9a-f]{24}-1\.out)",
    )
    assert len(keys) == 34
    assert all(any(re.search(f"/{shape}$", key) for shape in shapes) for key in keys)
    record = aws.machine.bucket.objects.get(BUCKET, next(key for key in keys if key.endswith("job.json")), 1e9)
    assert not [text for text in [*frame["smiles"], "row 3"] if f'"{text}"' in record.body.decode()]


def test_cancelling_sends_nothing_more_and_ends_what_waits(world: Worlds, frame: pd.DataFrame) -> None:
    aws = world(row_seconds=10.0, slots=1)
    job = submit(aws.endpoint(), frame)
    aws.let_pass(150.0)
    open_job(aws.endpoint(), job.id).cancel()
    assert open_job(aws.endpoint(), job.id).progress().cancelled
    with pytest.raises(JobCancelledError, match=r"partial\(\)"):
        job.result()
    assert (job.partial()["prediction_error"] == "").sum() > 0
    inputs = [key for key in aws.machine.bucket.objects.keys(BUCKET, "async/", 1e9) if "/inputs/" in key]
    assert len(inputs) == job.progress().finished == 1


@pytest.mark.parametrize("kind", ["async", "realtime"])
def test_purging_leaves_nothing(kind: str, world: Worlds, frame: pd.DataFrame, state_folder: Path) -> None:
    aws = world(kind=kind)
    job = submit(aws.endpoint(), frame)
    job.result()
    removed = job.purge()
    assert removed.left == ()
    assert removed.emptied == 0
    assert removed.deleted >= 24
    assert not aws.machine.bucket.objects.keys(BUCKET, "async/", 1e9)
    assert not list(state_folder.rglob("*.out"))
    with pytest.raises(JobNotFoundError):
        open_job(aws.endpoint(), job.id)
    assert list_jobs(aws.endpoint()) == []


@pytest.mark.parametrize("kind", ["async", "realtime"])
def test_jobs_are_listed_newest_first_and_half_stored_ones_are_none(
    kind: str, world: Worlds, frame: pd.DataFrame, state_folder: Path
) -> None:
    aws = world(kind=kind)
    ids = {submit(aws.endpoint(), frame).id for _ in range(3)}
    lost = submit(aws.endpoint(), frame)
    lost._store.remove(["job.json"])
    listed = list_jobs(aws.endpoint())
    assert {job.id for job in listed} == ids
    assert [job.created for job in listed] == sorted((job.created for job in listed), reverse=True)
    assert {endpoint_of(job_id) for job_id in ids} == {"logs-v1"}


def test_what_a_killed_submission_left_is_deleted_by_age(
    world: Worlds, frame: pd.DataFrame, state_folder: Path
) -> None:
    aws = world(kind="realtime")
    kept, lost = submit(aws.endpoint(), frame), submit(aws.endpoint(), frame)
    lost._store.remove(["job.json"])
    other = state_folder / "jobs" / "notes.d"
    other.mkdir()
    folders = state_folder / "jobs"
    now = (folders / lost.id).stat().st_mtime
    forget_leftovers(folders, now=now + LEFTOVER_SECONDS - 60)
    assert (folders / lost.id).exists()
    forget_leftovers(folders, now=now + LEFTOVER_SECONDS + 60)
    assert {path.name for path in folders.iterdir()} == {kept.id, "notes.d"}


def test_a_stale_endpoint_does_not_submit(world: Worlds, frame: pd.DataFrame) -> None:
    aws = world(releases=[text_release(), text_release(at=500.0, offset=1.0)])
    stale = aws.endpoint()
    assert stale.description.digest
    aws.let_pass(600.0)
    with pytest.raises(ModelChangedError, match="make a new Endpoint"):
        submit(stale, frame)
    assert not [key for key in aws.machine.bucket.objects.keys(BUCKET, "async/", 1e9) if "/jobs/" in key]


@pytest.mark.parametrize("job_id", ["logs-v1.0123456789ab", "other.0123456789ab", "nonsense", "logs-v1/../../x"])
def test_an_id_without_a_job_is_an_error_that_says_so(job_id: str, world: Worlds) -> None:
    with pytest.raises(JobNotFoundError):
        open_job(world().endpoint(), job_id)


def test_a_foreign_endpoint_has_no_jobs(world: Worlds, frame: pd.DataFrame) -> None:
    with pytest.raises(ForeignEndpointError):
        submit(world(foreign=True, on_bad_row="refuse").endpoint(), frame)


def test_a_job_shows_itself_in_a_notebook(world: Worlds, frame: pd.DataFrame) -> None:
    job = submit(world().endpoint(), frame)
    assert job.id in job._repr_html_()
    assert "<progress" in job._repr_html_()
    assert "of 95 rows" in str(job.progress())


def test_storage_that_refuses_is_an_error_before_anything_is_sent(world: Worlds, frame: pd.DataFrame) -> None:
    aws = world()
    put = aws.clients.s3.put_object

    def refused(**named: Any) -> Any:
        from botocore.exceptions import ClientError

        if named["Key"].endswith("frame.parquet"):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")
        return put(**named)

    aws.clients.s3.put_object = refused
    with pytest.raises(EndpointError):
        submit(aws.endpoint(), frame)
    assert aws.journal.calls(*SENT) == 0


def test_a_job_is_stored_though_the_answer_to_that_got_lost(world: Worlds, frame: pd.DataFrame) -> None:
    """The record is put only where there is none; the second try finds the first one's and knows it."""
    puts_before_the_record = 12
    fault = Fault(
        kind=FaultKind.RESET_AFTER, operations={Operation.PUT}, first_call=puts_before_the_record + 1, calls=1
    )
    aws = world(fault)
    job = submit(aws.endpoint(), frame)
    assert [record.key[-8:] for record in aws.journal.of(Operation.PUT)].count("job.json") == 2
    assert (job.result()["prediction_error"] == "").sum() == 90
