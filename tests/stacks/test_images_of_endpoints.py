"""Promise: a template says which image an endpoint runs, from where its stage takes images, and what that needs."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from invariants import properties, resources

Declare = Callable[..., dict[str, Any]]
SERVING = {"kind": "realtime", "instance_type": "ml.c7i.large"}
PIN = f"444455556666.dkr.ecr.us-east-1.amazonaws.com/chem-endpoints@sha256:{'d' * 64}"
OURS = "123456789012.dkr.ecr.us-east-1.amazonaws.com/chem-endpoints:"


def image(template: dict[str, Any]) -> str:
    found = properties(template, "AWS::SageMaker::Model")["PrimaryContainer"]["Image"]
    return found if isinstance(found, str) else json.dumps(found)


def pulled_from(template: dict[str, Any]) -> str:
    statements = [
        statement
        for each in resources(template, "AWS::IAM::ManagedPolicy")
        for statement in each["Properties"]["PolicyDocument"]["Statement"]
        if "ecr:BatchGetImage" in statement["Action"]
    ]
    (statement,) = statements
    return json.dumps(statement["Resource"])


@pytest.mark.parametrize("images", ["source", "codebuild"])
def test_our_repository_holds_what_is_built_once(template_of: Declare, images: str) -> None:
    template = template_of(SERVING, images=images)
    reference = image(template)
    assert reference.startswith(OURS)
    assert len(reference) == len(OURS) + 64, "the tag is the SHA-256 of the sources"
    assert pulled_from(template) == '"arn:aws:ecr:us-east-1:123456789012:repository/chem-endpoints"'


def test_the_assets_repository_holds_what_the_cli_builds(template_of: Declare) -> None:
    template = template_of(SERVING, images="asset")
    assert "cdk-hnb659fds-container-assets-123456789012-us-east-1:" in image(template)
    assert "repository/cdk-hnb659fds-container-assets-123456789012-us-east-1" in pulled_from(template)


@pytest.mark.parametrize("images", ["asset", "codebuild"])
def test_a_pin_wins_and_lets_the_role_pull_from_its_repository_alone(template_of: Declare, images: str) -> None:
    template = template_of(SERVING, images=images, pins={"one-v1": PIN})
    assert image(template) == PIN
    assert pulled_from(template) == '"arn:aws:ecr:us-east-1:444455556666:repository/chem-endpoints"'


def test_where_the_sources_run_a_pin_does_not_count(template_of: Declare) -> None:
    assert image(template_of(SERVING, images="source", pins={"one-v1": PIN})).startswith(OURS)


def test_a_gpu_image_gets_the_driver_of_its_cuda_line(assembly: Any) -> None:
    (variant,) = properties(assembly.template("gpu-v1"), "AWS::SageMaker::EndpointConfig")["ProductionVariants"]
    assert variant["InferenceAmiVersion"] == "al2023-ami-sagemaker-inference-gpu-4-1"
    (cpu,) = properties(assembly.template("fixed-v1"), "AWS::SageMaker::EndpointConfig")["ProductionVariants"]
    assert "InferenceAmiVersion" not in cpu


def test_each_image_of_an_endpoint_is_an_asset_once(template_of: Declare) -> None:
    model = {"artifact": "s3://models/logs/2.tar.gz", "sha256": "b" * 64}
    variants = [
        {"name": "twin", "model": model, "instance_type": "ml.c7i.large"},
        {"name": "deep", "model": {**model, "image": "deep"}, "instance_type": "ml.c7i.large"},
    ]
    template = template_of({**SERVING, "variants": variants}, images="asset")
    found = [each["Properties"]["PrimaryContainer"]["Image"] for each in resources(template, "AWS::SageMaker::Model")]
    assert len(found) == 3
    assert len({json.dumps(each) for each in found}) == 2
