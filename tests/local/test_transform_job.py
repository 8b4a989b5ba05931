"""Promise: what became of a transform job is still known after a restart, and none seems to run that does not."""

import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from chem_endpoints.local.transform_job import KeptJob, TransformJob
from chem_endpoints.local.transform_request import TransformRequest

PARAMETERS: dict[str, Any] = {
    "TransformJobName": "j",
    "ModelName": "m",
    "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in/"}}},
    "TransformOutput": {"S3OutputPath": "s3://b/out"},
    "TransformResources": {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1},
}


def job() -> TransformJob:
    return TransformJob(request=TransformRequest.read(PARAMETERS, "us-east-1"), parameters=PARAMETERS)


def restored(before: TransformJob) -> TransformJob:
    kept: KeptJob = pickle.loads(pickle.dumps(KeptJob.of(before)))
    return kept.job()


def test_a_job_that_has_ended_is_as_it_was() -> None:
    before = job()
    before.started = datetime.now(UTC)
    before.settle("Failed", "ClientError: x")
    after = restored(before)
    assert (after.status, after.failure_reason, after.created, after.started, after.ended) == (
        *("Failed", "ClientError: x"),
        *(before.created, before.started, before.ended),
    )
    assert after.request == before.request


@pytest.mark.parametrize("status", ["InProgress", "Stopping"])
def test_a_job_that_was_running_has_failed(status: Any) -> None:
    before = job()
    before.status = status
    after = restored(before)
    assert after.status == "Failed"
    assert "ended while the job was running" in str(after.failure_reason)
    assert after.ended is not None


def test_reasons_are_as_long_as_sagemaker_lets_them_be() -> None:
    one = job()
    one.settle("Failed", "x" * 5000)
    assert len(str(one.failure_reason)) == 1024
