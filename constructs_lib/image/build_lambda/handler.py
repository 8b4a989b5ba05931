"""Starts an image's build for CloudFormation, and answers CloudFormation when the build has ended.

One function, called twice: by CloudFormation (create, update, delete of the custom resource) and by EventBridge when
the build's state changes. Between the two nothing runs and nothing waits; what the answer needs travels in the build's
own environment. A build that cannot start is answered at once, so no fault makes the stack wait for its timeout.

Runs as an AWS Lambda function: the standard library and boto3 alone.
"""

import json
import logging
import urllib.request
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

logger = logging.getLogger()
logger.setLevel(logging.INFO)

Event = Mapping[str, Any]

_ANSWER_PREFIX = "CLOUDFORMATION_"
_ANSWER_FIELDS = ("ResponseURL", "StackId", "RequestId", "LogicalResourceId")
_REFERENCE = "IMAGE_REFERENCE"
_HTTP_SECONDS = 10
_REASON_CHARACTERS = 1000
"""CloudFormation reads at most 4096 bytes of an answer."""


@cache
def codebuild() -> Any:
    """Client of CodeBuild."""
    return boto3.client("codebuild")


@cache
def ecr() -> Any:
    """Client of ECR."""
    return boto3.client("ecr")


def on_event(event: Event, context: object) -> None:
    """What Lambda calls."""
    if "RequestType" in event:
        _on_request(event)
    else:
        _on_build_state(event)


def _on_request(event: Event) -> None:
    """Create, update or delete of the custom resource."""
    properties: Mapping[str, str] = event["ResourceProperties"]
    reference = f"{properties['RepositoryUri']}:{properties['Tag']}"
    logger.info("%s %s", event["RequestType"], reference)
    if event["RequestType"] == "Delete":
        # Endpoints may run the image still, and a rollback may want it.
        _answer(event, event.get("PhysicalResourceId", reference))
        return
    try:
        if not _image_exists(reference):
            _start_build(event, properties, reference)
            return
    except Exception as error:
        logger.exception("no build was started")
        known = isinstance(error, BotoCoreError | ClientError)
        _answer(event, reference, failure=f"{reference} is not being built: {error if known else repr(error)}")
        return
    _answer(event, reference)


def _start_build(event: Event, properties: Mapping[str, str], reference: str) -> None:
    variables = {
        _REFERENCE: reference,
        "IMAGE_TARGET": properties["Target"],
        "IMAGE_TAG": properties["Tag"],
        **{f"{_ANSWER_PREFIX}{field}": event[field] for field in _ANSWER_FIELDS},
    }
    build = codebuild().start_build(
        projectName=properties["ProjectName"],
        # Lambda repeats a call that failed half-way; the same request must not build twice.
        idempotencyToken=event["RequestId"],
        environmentVariablesOverride=[
            {"name": name, "value": value, "type": "PLAINTEXT"} for name, value in variables.items()
        ],
    )
    logger.info("started %s", build["build"]["id"])


def _on_build_state(event: Event) -> None:
    """The build has ended, in whatever way."""
    # The event names the build by its ARN. Source: "Build notifications input format", CodeBuild user guide.
    build_id = event["detail"]["build-id"].rpartition("/")[2]
    (build,) = codebuild().batch_get_builds(ids=[build_id])["builds"]
    variables = {each["name"]: each["value"] for each in build["environment"]["environmentVariables"]}
    if f"{_ANSWER_PREFIX}ResponseURL" not in variables:
        logger.info("%s was started by hand; nobody waits for an answer", build["id"])
        return
    request = {field: variables[f"{_ANSWER_PREFIX}{field}"] for field in _ANSWER_FIELDS}
    reference = variables[_REFERENCE]
    # Not the build's status decides but what it is for. When two builds race for an immutable tag, the second fails.
    failure = None if _image_exists(reference) else _failure(build)
    _answer(request, reference, failure=failure)


def _failure(build: Mapping[str, Any]) -> str:
    messages = [
        f"{phase['phaseType']}: {context['message']}"
        for phase in build.get("phases", [])
        if phase.get("phaseStatus") not in (None, "SUCCEEDED")
        for context in phase.get("contexts", [])
        if context.get("message")
    ]
    link = build.get("logs", {}).get("deepLink", "the project's log group")
    # The link first: the messages can be long.
    return "; ".join([f"The image's build ended as {build['buildStatus']}. Log: {link}", *messages])


def _image_exists(reference: str) -> bool:
    registry, _, rest = reference.partition("/")
    repository, _, tag = rest.rpartition(":")
    try:
        ecr().describe_images(
            registryId=registry.partition(".")[0], repositoryName=repository, imageIds=[{"imageTag": tag}]
        )
    except ecr().exceptions.ImageNotFoundException:
        return False
    return True


def _answer(request: Event, reference: str, *, failure: str | None = None) -> None:
    body = {
        "Status": "SUCCESS" if failure is None else "FAILED",
        "Reason": (failure or "The image is in the repository.")[:_REASON_CHARACTERS],
        "PhysicalResourceId": reference,
        **{field: request[field] for field in ("StackId", "RequestId", "LogicalResourceId")},
    }
    logger.info("answer: %s", body)
    # The URL is signed for an empty content type.
    sent = urllib.request.Request(  # noqa: S310 - the address is CloudFormation's own
        request["ResponseURL"], data=json.dumps(body).encode(), method="PUT", headers={"Content-Type": ""}
    )
    with urllib.request.urlopen(sent, timeout=_HTTP_SECONDS):  # noqa: S310
        pass
