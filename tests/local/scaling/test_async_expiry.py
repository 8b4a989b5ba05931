"""A request that waits in the queue for longer than it may fails, told as such, and is counted."""

import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.end_to_end


def endpoint(aws: Any, name: str) -> None:
    """An asynchronous endpoint with one slot and a place for failures."""
    config = aws("sagemaker").describe_endpoint_config(EndpointConfigName=aws.model(instances=1, asynchronous=True))
    config["AsyncInferenceConfig"]["OutputConfig"]["S3FailurePath"] = "s3://models/failed"
    wanted = {key: config[key] for key in ("ProductionVariants", "AsyncInferenceConfig")}
    own = f"version-{uuid.uuid4()}"
    aws("sagemaker").create_endpoint_config(EndpointConfigName=own, **wanted)
    aws("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=own)
    aws._endpoints.append(name)
    aws.settled(name)


def submit(aws: Any, name: str, order: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = json.dumps(order).encode()
    return dict(aws("sagemaker-runtime").invoke_endpoint_async(EndpointName=name, Body=body, **more))


def failure(aws: Any, accepted: dict[str, Any]) -> str:
    key = accepted["FailureLocation"].removeprefix("s3://models/")
    deadline = time.monotonic() + 10
    while True:
        try:
            return bytes(aws("s3").get_object(Bucket="models", Key=key)["Body"].read()).decode()
        except ClientError:
            assert time.monotonic() < deadline, f"{key} did not appear"
            time.sleep(0.02)


def total(aws: Any, name: str, metric: str, statistic: str = "Sum") -> float:
    points = aws("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "AllTraffic"}],
        StartTime="2020-01-01T00:00:00Z",
        EndTime="2100-01-01T00:00:00Z",
        Period=60,
        Statistics=[statistic],
    )["Datapoints"]
    return float(sum(point[statistic] for point in points))


def test_a_queued_request_expires_by_the_clock_though_no_instance_is_free(aws: Any) -> None:
    endpoint(aws, "hurried")
    release = aws.folder / "release-hurried"
    held = submit(aws, "hurried", {"hold": str(release)})
    patient = submit(aws, "hurried", {})
    hasty = submit(aws, "hurried", {}, RequestTTLSeconds=60)
    aws.advance(0.9)
    with pytest.raises(ClientError):
        aws("s3").head_object(Bucket="models", Key=hasty["FailureLocation"].removeprefix("s3://models/"))
    aws.advance(0.2)
    assert failure(aws, hasty) == "The request expired in the queue before it could be processed."
    release.touch()
    for accepted in (held, patient):
        aws.wait_for(accepted["OutputLocation"].removeprefix("s3://models/"))
    deadline = time.monotonic() + 20
    while total(aws, "hurried", "InvocationsProcessed") < 3:
        assert time.monotonic() < deadline
        aws.advance(1)
    assert total(aws, "hurried", "ExpiredRequests") == 1
    assert total(aws, "hurried", "InvocationFailures") == 1
    waited = total(aws, "hurried", "TimeInBacklog", "Maximum") / 1_000_000
    assert waited >= 60
