"""A streamed answer that breaks off after it has begun is counted as SageMaker counts it."""

import json
import time
import urllib.request
from contextlib import nullcontext
from typing import Any

import pytest
from botocore.exceptions import EventStreamError

from chem_endpoints.local.address import find_running

pytestmark = pytest.mark.end_to_end


def test_a_broken_stream_is_a_mid_stream_error_among_all_requests(own_aws: Any) -> None:
    own_aws.deployer.endpoint("flowing")
    runtime = own_aws.client("sagemaker-runtime")
    for end in ({}, {"end": "break"}):
        body = json.dumps({"do": "rows", "rows": 2, **end}).encode()
        stream = runtime.invoke_endpoint_with_response_stream(EndpointName="flowing", Body=body)["Body"]
        with pytest.raises(EventStreamError, match="closed before the response") if end else nullcontext():
            assert list(stream)
    address = find_running(own_aws.folder)
    assert address is not None
    deadline = time.monotonic() + 20
    while (found := _published(own_aws, address.url)).get("SampleCount", 0) < 2:
        assert time.monotonic() < deadline, found
    assert (found["Sum"], found["SampleCount"]) == (1, 2)


def _published(own_aws: Any, url: str) -> dict[str, float]:
    """MidStreamErrors, summed over all minutes, after another one."""
    body = json.dumps({"advance_seconds": 60}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/_local/clock", data=body)) as answer:
        assert answer.status == 200
    points = own_aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="MidStreamErrors",
        Dimensions=[{"Name": "EndpointName", "Value": "flowing"}, {"Name": "VariantName", "Value": "AllTraffic"}],
        StartTime="2020-01-01T00:00:00Z",
        EndTime="2100-01-01T00:00:00Z",
        Period=60,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    return {name: sum(point[name] for point in points) for name in ("Sum", "SampleCount")}
