"""Promise: what botocore's description of an operation forbids is refused in SageMaker's words, before it is done."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.local.control_parameters import RefusedError
from chem_endpoints.local.parameter_check import check_parameters

Clients = Callable[[str], Any]
NAME = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
VARIANT = {"VariantName": "A", "ModelName": "m", "InstanceType": "ml.c7i.xlarge", "InitialInstanceCount": 1}
CAPTURE = {
    "InitialSamplingPercentage": 50,
    "DestinationS3Uri": "s3://bucket/prefix",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}


def config(*, capture: dict[str, Any] | None = None, **variant: Any) -> dict[str, Any]:
    parameters: dict[str, Any] = {"EndpointConfigName": "c", "ProductionVariants": [{**VARIANT, **variant}]}
    return parameters if capture is None else {**parameters, "DataCaptureConfig": {**CAPTURE, **capture}}


def model(name: str = "m", environment: Any = None, url: str = "s3://models/m.tar.gz") -> dict[str, Any]:
    container = {"Image": "image", "ModelDataUrl": url, "Environment": environment or {}}
    return {"ModelName": name, "PrimaryContainer": container}


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("CreateEndpoint", {"EndpointName": "a-b", "EndpointConfigName": "c", "DeploymentConfig": None}),
        ("CreateEndpointConfig", config(capture={})),
        ("CreateEndpointConfig", config(InstanceType="ml.c99.xlarge")),
        ("CreateModel", model(environment={"SECRET_KEY": "a = b\n"})),
        ("CreateEndpoint", {"EndpointName": "a", "EndpointConfigName": "c", "Tags": [{"Key": "ä:1", "Value": ""}]}),
        ("ListTransformJobs", {"CreationTimeAfter": 1.5}),
        ("NoSuchOperation", {"EndpointName": "../x"}),
    ],
    ids=["endpoint", "capture", "new-instance-type", "environment", "tags", "time", "unknown"],
)
def test_what_is_allowed_passes(operation: str, parameters: dict[str, Any]) -> None:
    check_parameters(operation, parameters)


@pytest.mark.parametrize(
    ("operation", "parameters", "words"),
    [
        (
            "CreateEndpoint",
            {"EndpointName": "../../../evil8", "EndpointConfigName": "c"},
            "Value '../../../evil8' at 'endpointName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {NAME}",
        ),
        ("DescribeEndpoint", {"EndpointName": ""}, "Value '' at 'endpointName' failed"),
        ("DeleteEndpoint", {"EndpointName": "a/b"}, "Value 'a/b' at 'endpointName' failed"),
        (
            "DescribeEndpoint",
            {},
            "Value null at 'endpointName' failed to satisfy constraint: Member must not be null",
        ),
        (
            "DescribeEndpoint",
            {"EndpointName": 5},
            "Value '5' at 'endpointName' failed to satisfy constraint: Member mus",
        ),
        ("CreateModel", model("../m"), "Value '../m' at 'modelName' failed"),
        ("CreateModel", model(url="http://x/y"), "Value 'http://x/y' at 'primaryContainer.modelDataUrl' failed"),
        ("CreateEndpointConfig", config(VariantName="/tmp/a"), "at 'productionVariants.1.member.variantName' failed"),
        (
            "CreateEndpointConfig",
            config(InitialInstanceCount=-1),
            "Value '-1' at 'productionVariants.1.member.initialInstanceCount' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
        (
            "CreateEndpointConfig",
            config(capture={"InitialSamplingPercentage": 500}),
            "Value '500' at 'dataCaptureConfig.initialSamplingPercentage' failed to satisfy constraint: "
            "Member must have value less than or equal to 100",
        ),
        (
            "CreateEndpointConfig",
            config(capture={"CaptureOptions": [{"CaptureMode": "All"}]}),
            "Value 'All' at 'dataCaptureConfig.captureOptions.1.member.captureMode' failed to satisfy constraint: "
            "Member must satisfy enum value set: [Input, Output, InputAndOutput]",
        ),
        (
            "CreateEndpointConfig",
            config(capture={"DestinationS3Uri": "bucket"}),
            "at 'dataCaptureConfig.destinationS3Uri",
        ),
        (
            "CreateModel",
            model(environment={"A=B": "hidden"}),
            "Value at 'primaryContainer.environment' failed to satisfy constraint: Map keys must satisfy constraint: "
            "[Member must satisfy regular expression pattern: [a-zA-Z_][a-zA-Z0-9_]*]",
        ),
        ("CreateModel", model(environment={"A\0": "hidden"}), "Map keys must satisfy"),
        ("CreateModel", model(environment={"A": "hidden\0"}), "Map value must satisfy"),
        ("CreateModel", model(environment={"A": "hidden" * 1000}), "Map value must satisfy"),
        ("CreateModel", model(environment=["hidden"]), "Member must be of type map"),
    ],
    ids=[
        "path",
        "empty",
        "slash",
        "missing",
        "number",
        "model",
        "url",
        "variant",
        "least",
        "most",
        "enumeration",
        "destination",
        "name-of-variable",
        "nul-in-name",
        "nul-in-value",
        "long-value",
        "no-map",
    ],
)
def test_a_violation_is_told_in_the_words_of_sagemaker(operation: str, parameters: Any, words: str) -> None:
    with pytest.raises(RefusedError, match="1 validation error detected: .*" + re.escape(words)) as refused:
        check_parameters(operation, parameters)
    assert "hidden" not in str(refused.value)


def test_all_violations_are_told_at_once() -> None:
    with pytest.raises(RefusedError, match=r"2 validation errors detected: .*; "):
        check_parameters("CreateEndpoint", {"EndpointName": "a/b"})


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("create_endpoint", {"EndpointName": "../../../evil8", "EndpointConfigName": "c"}),
        ("create_model", model("..")),
        ("create_endpoint_config", config(VariantName="../../evil8")),
        (
            "create_feature_group",
            {
                "FeatureGroupName": "a/b",
                "RecordIdentifierFeatureName": "a",
                "EventTimeFeatureName": "b",
                "FeatureDefinitions": [{"FeatureName": "a", "FeatureType": "String"}],
            },
        ),
    ],
    ids=["endpoint", "model", "variant", "moto-alone"],
)
def test_the_service_refuses_it(client: Clients, clone: Path, operation: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="1 validation error detected") as refused:
        getattr(client("sagemaker"), operation)(**parameters)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert not list(clone.parent.rglob("evil8")), json.dumps(parameters)
