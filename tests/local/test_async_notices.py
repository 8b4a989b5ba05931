"""Notices have SageMaker's members, and the response only where it is wanted and small enough."""

import base64
from typing import Any

import pytest

from chem_endpoints.local.async_notices import RESPONSE_BYTES, notice, topic_of
from chem_endpoints.local.async_request import AsyncRequest, request_from

PREFIX = "X-Amzn-SageMaker-"


def request(**notification: Any) -> AsyncRequest:
    output = {"S3OutputPath": "s3://jobs/out", "S3FailurePath": "s3://jobs/failed", "NotificationConfig": notification}
    headers = {
        PREFIX + "InputLocation": "s3://jobs/in/a.csv",
        PREFIX + "Content-Type": "text/csv",
        PREFIX + "Accept": "application/json",
        PREFIX + "Inference-Id": "job 1",
    }
    return request_from({"OutputConfig": output}, headers, b"", 0.0)


def told(*, failure: str | None = None, response: bytes | None = None) -> dict[str, Any]:
    return notice("logs", "us-east-1", request(), content_type="application/json", failure=failure, response=response)


def test_a_success_names_what_was_asked_and_where_the_answer_lies() -> None:
    found = told()
    assert found["eventTime"].endswith("Z")
    assert found["receivedTime"] <= found["eventTime"]
    output = found["responseParameters"].pop("outputLocation")
    assert output.startswith("s3://jobs/out/")
    assert {key: value for key, value in found.items() if not key.endswith("Time")} == {
        "awsRegion": "us-east-1",
        "invocationStatus": "Completed",
        "requestParameters": {
            "accept": "application/json",
            "contentType": "text/csv",
            "endpointName": "logs",
            "inputLocation": "s3://jobs/in/a.csv",
        },
        "responseParameters": {"contentType": "application/json"},
        "inferenceId": "job 1",
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }


def test_a_failure_has_a_reason_and_no_response_parameters() -> None:
    found = told(failure="ClientError: no")
    assert (found["invocationStatus"], found["failureReason"]) == ("Failed", "ClientError: no")
    assert "responseParameters" not in found


@pytest.mark.parametrize("size", [0, RESPONSE_BYTES], ids=["empty", "largest"])
def test_a_response_of_up_to_128_kib_is_in_the_notice(size: int) -> None:
    body = told(response=b"x" * size)["responseBody"]
    assert (base64.b64decode(body["content"]), body["encoding"]) == (b"x" * size, "BASE64")


def test_a_larger_response_is_not_in_the_notice() -> None:
    body = told(response=b"x" * (RESPONSE_BYTES + 1))["responseBody"]
    assert "content" not in body
    assert body["message"].startswith("Check S3 path location")


def test_each_topic_says_for_itself_whether_it_wants_the_response() -> None:
    asked = request(SuccessTopic="s", ErrorTopic="e", IncludeInferenceResponseIn=["ERROR_NOTIFICATION_TOPIC"])
    assert topic_of(asked, failed=False) == ("s", False)
    assert topic_of(asked, failed=True) == ("e", True)
    assert topic_of(request(), failed=False) == (None, False)
