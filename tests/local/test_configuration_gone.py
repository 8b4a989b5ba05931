"""Promise: an endpoint whose configuration has been deleted behind it, as after a silent rollback, is still asked."""

from collections.abc import Callable
from typing import Any

import pytest

from chem_endpoints.client.aws import AwsClients
from chem_endpoints.client.description import describe_endpoint

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]
KINDS = ("realtime", "async", "serverless", "inference_component")


@pytest.mark.parametrize("kind", KINDS)
def test_its_kind_is_still_known(deployer: Any, client: Clients, kind: str) -> None:
    name = f"orphan-{kind.replace('_', '-')}"
    variant = deployer.variant("AllTraffic")
    more: dict[str, Any] = {}
    if kind == "async":
        more["AsyncInferenceConfig"] = {"OutputConfig": {"S3OutputPath": "s3://models/answers/"}}
    if kind == "serverless":
        variant = {"VariantName": "AllTraffic", "ModelName": variant["ModelName"]}
        variant["ServerlessConfig"] = {"MemorySizeInMB": 2048, "MaxConcurrency": 2}
    if kind == "inference_component":
        del variant["ModelName"]
        more["ExecutionRoleArn"] = "arn:aws:iam::123456789012:role/execution"
    deployer.endpoint_of(name, [variant], **more)
    clients = AwsClients(sagemaker=client("sagemaker"), runtime=client("sagemaker-runtime"), s3=client("s3"))
    before = describe_endpoint(name, clients)
    config = deployer.sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    deployer.sagemaker.delete_endpoint_config(EndpointConfigName=config)
    assert describe_endpoint(name, clients) == before
    assert before.kind == kind
