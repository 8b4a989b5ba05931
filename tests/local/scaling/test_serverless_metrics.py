"""Promise: each cold start of a serverless endpoint is a sample of ModelSetupTime, in microseconds, in its minute."""

from typing import Any

import pytest

pytestmark = pytest.mark.end_to_end


def test_a_cold_start_is_a_sample_of_its_minute_and_a_warm_request_none(aws: Any) -> None:
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": aws.model(instances=1),
        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 2},
    }
    aws("sagemaker").create_endpoint_config(EndpointConfigName="cold", ProductionVariants=[variant])
    aws("sagemaker").create_endpoint(EndpointName="cold", EndpointConfigName="cold")
    aws.settled("cold")
    for _ in range(2):
        aws.ask("cold")
    aws.advance(1)
    aws.ask("cold")
    aws.advance(1)
    points = aws("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="ModelSetupTime",
        Dimensions=[{"Name": "EndpointName", "Value": "cold"}, {"Name": "VariantName", "Value": "AllTraffic"}],
        StartTime="2020-01-01T00:00:00Z",
        EndTime="2100-01-01T00:00:00Z",
        Period=60,
        Statistics=["SampleCount", "Maximum"],
    )["Datapoints"]
    aws("sagemaker").delete_endpoint(EndpointName="cold")
    assert [point["SampleCount"] for point in points] == [1]
    assert points[0]["Unit"] == "Microseconds"
    assert 10_000 < points[0]["Maximum"] < 60_000_000
