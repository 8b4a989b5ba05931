"""Will the next instance load the model that was reviewed? SageMaker always reads an artifact's current version."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from chem_endpoints.client.aws import ABSENT, split_uri
from chem_endpoints.doctor.finding import Flaw
from chem_endpoints.doctor.look import Look
from chem_endpoints.doctor.subject import Answer, Subject

VERSION_TAG = "chem-endpoints:artifact-version"
"""The declared S3 version of a Model's artifact; the stacks write it."""


def artifact_is_as_declared(subject: Subject, look: Look) -> Iterator[Flaw]:
    """Every artifact is there, and where the declaration names its version, that is the current one."""
    for model in subject.models:
        for uri in _artifacts(model):
            yield from _artifact(model, uri, look)


def _artifacts(model: Answer) -> list[str]:
    containers = [model.get("PrimaryContainer", {}), *model.get("Containers", ())]
    return [container["ModelDataUrl"] for container in containers if "ModelDataUrl" in container]


def _artifact(model: Answer, uri: str, look: Look) -> Iterator[Flaw]:
    bucket, key = split_uri(uri)
    try:
        current = look.s3.head_object(Bucket=bucket, Key=key).get("VersionId")
    except ClientError as error:
        if error.response["Error"]["Code"] not in (*ABSENT, "NoSuchBucket"):
            raise
        yield Flaw(
            severity="error",
            happened=f"the artifact {uri} is gone: no further instance can start",
            remedy="Upload the same bundle there again, or deploy another",
        )
        return
    declared = _declared_version(model, look)
    if declared and current != declared:
        yield Flaw(
            severity="error",
            happened=f"the artifact {uri} was overwritten: its current version is {current}, declared is {declared}."
            " New instances load another model than those that run",
            remedy="Make the declared version current again (aws s3api copy-object with ?versionId=), then declare and"
            " deploy the version that this makes",
        )


def _declared_version(model: Answer, look: Look) -> str | None:
    pages = look.sagemaker.get_paginator("list_tags").paginate(ResourceArn=model["ModelArn"])
    tags = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
    return tags.get(VERSION_TAG)
