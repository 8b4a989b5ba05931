"""CloudFormation gets one answer per request, at once where there is nothing to wait for, and always the log's link."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from constructs_lib.image.build_lambda import handler

ACCOUNT = "123456789012"
REGION = "eu-central-1"
REPOSITORY_URI = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/chem-endpoints"
TAG = "a" * 64
REFERENCE = f"{REPOSITORY_URI}:{TAG}"
BUILD = "chem-endpoints-images:5a7d"
LINK = "https://console.example/logs/5a7d"
MANIFEST = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": []}


class Receiver(HTTPServer):
    """Where CloudFormation waits for its answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Put)
        self.answers: list[dict[str, Any]] = []
        self.content_types: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/answer?signature=abc"


class _Put(BaseHTTPRequestHandler):
    server: Receiver

    def do_PUT(self) -> None:
        self.server.answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.server.content_types.append(self.headers["Content-Type"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def cloudformation() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield receiver
        receiver.shutdown()
        thread.join()


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("ecr", region_name=REGION)
        client.create_repository(repositoryName="chem-endpoints")
        monkeypatch.setattr(handler, "ecr", lambda: client)
        yield client


@pytest.fixture
def codebuild(ecr: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    client = boto3.client("codebuild", region_name=REGION)
    monkeypatch.setattr(handler, "codebuild", lambda: client)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def push_image(ecr: Any) -> None:
    ecr.put_image(repositoryName="chem-endpoints", imageManifest=json.dumps(MANIFEST), imageTag=TAG)


def request(cloudformation: Receiver, kind: str = "Create", **more: Any) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": cloudformation.url,
        "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/ChemEndpoints-images/1",
        "RequestId": "request-1",
        "LogicalResourceId": "Imagebase",
        "ResourceProperties": {
            "ServiceToken": "arn",
            "ProjectName": "chem-endpoints-images",
            "RepositoryUri": REPOSITORY_URI,
            "Target": "base",
            "Tag": TAG,
        },
        **more,
    }


def variables_of(cloudformation: Receiver) -> dict[str, str]:
    asked = request(cloudformation)
    return {
        "IMAGE_REFERENCE": REFERENCE,
        "IMAGE_TARGET": "base",
        "IMAGE_TAG": TAG,
        **{f"CLOUDFORMATION_{key}": asked[key] for key in ("ResponseURL", "StackId", "RequestId", "LogicalResourceId")},
    }


def environment(variables: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in variables.items()]


def expect_start(codebuild: Stubber, cloudformation: Receiver) -> None:
    codebuild.add_response(
        "start_build",
        {"build": {"id": BUILD}},
        {
            "projectName": "chem-endpoints-images",
            "idempotencyToken": "request-1",
            "environmentVariablesOverride": environment(variables_of(cloudformation)),
        },
    )


def ended(codebuild: Stubber, status: str, variables: dict[str, str], **more: Any) -> dict[str, Any]:
    """The event of a build that ended, and what CodeBuild knows of it."""
    build = {
        "id": BUILD,
        "buildStatus": status,
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_MEDIUM",
            "environmentVariables": environment(variables),
        },
        "logs": {"deepLink": LINK},
        **more,
    }
    codebuild.add_response("batch_get_builds", {"builds": [build]}, {"ids": [BUILD]})
    return {
        "source": "aws.codebuild",
        "detail-type": "CodeBuild Build State Change",
        "detail": {"build-status": status, "build-id": f"arn:aws:codebuild:{REGION}:{ACCOUNT}:build/{BUILD}"},
    }


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_missing_image_is_built_and_answered_later(cloudformation: Receiver, codebuild: Stubber, kind: str) -> None:
    expect_start(codebuild, cloudformation)
    handler.on_event(request(cloudformation, kind), None)
    assert cloudformation.answers == []


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_an_image_that_exists_is_not_built_again(
    cloudformation: Receiver, codebuild: Stubber, ecr: Any, kind: str
) -> None:
    push_image(ecr)
    handler.on_event(request(cloudformation, kind), None)
    (answer,) = cloudformation.answers
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", REFERENCE)


def test_a_deletion_leaves_the_image(cloudformation: Receiver, codebuild: Stubber, ecr: Any) -> None:
    push_image(ecr)
    handler.on_event(request(cloudformation, "Delete", PhysicalResourceId="the-old-reference"), None)
    (answer,) = cloudformation.answers
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "the-old-reference")
    assert len(ecr.describe_images(repositoryName="chem-endpoints")["imageDetails"]) == 1


def test_a_build_that_cannot_start_fails_the_deployment_at_once(cloudformation: Receiver, codebuild: Stubber) -> None:
    codebuild.add_client_error("start_build", "AccountLimitExceededException", "Cannot have more than 0 builds")
    handler.on_event(request(cloudformation), None)
    (answer,) = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == REFERENCE
    assert "Cannot have more than 0 builds" in answer["Reason"]


def test_a_missing_repository_fails_the_deployment_at_once(
    cloudformation: Receiver, codebuild: Stubber, ecr: Any
) -> None:
    ecr.delete_repository(repositoryName="chem-endpoints")
    handler.on_event(request(cloudformation), None)
    (answer,) = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert "RepositoryNotFoundException" in answer["Reason"]


def test_a_fault_of_ours_fails_the_deployment_at_once(cloudformation: Receiver, codebuild: Stubber) -> None:
    asked = request(cloudformation)
    del asked["ResourceProperties"]["Target"]
    handler.on_event(asked, None)
    (answer,) = cloudformation.answers
    assert (answer["Status"], "KeyError('Target')" in answer["Reason"]) == ("FAILED", True)


def test_a_build_that_pushed_its_image_succeeds(cloudformation: Receiver, codebuild: Stubber, ecr: Any) -> None:
    push_image(ecr)
    handler.on_event(ended(codebuild, "SUCCEEDED", variables_of(cloudformation)), None)
    asked = request(cloudformation)
    assert cloudformation.answers == [
        {
            "Status": "SUCCESS",
            "Reason": "The image is in the repository.",
            "PhysicalResourceId": REFERENCE,
            **{key: asked[key] for key in ("StackId", "RequestId", "LogicalResourceId")},
        }
    ]
    assert cloudformation.content_types == [""]


@pytest.mark.parametrize("status", ["FAILED", "FAULT", "STOPPED", "TIMED_OUT", "SUCCEEDED"])
def test_a_build_without_an_image_fails_with_the_link_to_its_log(
    cloudformation: Receiver, codebuild: Stubber, status: str
) -> None:
    phases = [
        {"phaseType": "PRE_BUILD", "phaseStatus": "SUCCEEDED", "contexts": [{"message": "fine"}]},
        {"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{"message": "exit status 1 " * 500}]},
        {"phaseType": "COMPLETED"},
    ]
    handler.on_event(ended(codebuild, status, variables_of(cloudformation), phases=phases), None)
    (answer,) = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(f"The image's build ended as {status}. Log: {LINK}; BUILD: exit status 1")
    assert "fine" not in answer["Reason"]
    assert len(json.dumps(answer)) < 4096


def test_a_build_that_lost_a_race_for_the_tag_succeeds(cloudformation: Receiver, codebuild: Stubber, ecr: Any) -> None:
    push_image(ecr)
    handler.on_event(ended(codebuild, "FAILED", variables_of(cloudformation)), None)
    (answer,) = cloudformation.answers
    assert answer["Status"] == "SUCCESS"


def test_a_build_started_by_hand_is_nobodys_answer(cloudformation: Receiver, codebuild: Stubber) -> None:
    handler.on_event(ended(codebuild, "FAILED", {"IMAGE_TARGET": "base"}), None)
    assert cloudformation.answers == []


def test_an_answer_that_does_not_arrive_is_an_error_that_lambda_repeats(
    cloudformation: Receiver, codebuild: Stubber, ecr: Any
) -> None:
    push_image(ecr)
    asked = request(cloudformation, ResponseURL="http://127.0.0.1:9/nobody")
    with pytest.raises(OSError, match="refused"):
        handler.on_event(asked, None)
