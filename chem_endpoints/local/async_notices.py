"""What SageMaker tells SNS topics about asynchronous invocations.

Source: "Check prediction results", SageMaker developer guide. ``responseBody`` as messages that users published show
it; that the error topic's has the same members is not verified.
"""

import base64
from datetime import UTC, datetime
from typing import Any

from chem_endpoints.local.async_request import AsyncRequest

RESPONSE_BYTES = 128 * 1024
"""A response that is larger is not in the notice (AsyncInferenceNotificationConfig)."""

_ELSEWHERE = "Check S3 path location(if configured) or Cloudwatch for additional details."
_TOPICS = {True: ("ErrorTopic", "ERROR_NOTIFICATION_TOPIC"), False: ("SuccessTopic", "SUCCESS_NOTIFICATION_TOPIC")}


def topic_of(request: AsyncRequest, *, failed: bool) -> tuple[str | None, bool]:
    """The topic that is told, if any, and whether its notice has the response.

    Args:
        request: whose end is told.
        failed: whether it failed.
    """
    notification = (request.config.get("OutputConfig") or {}).get("NotificationConfig") or {}
    topic, included = _TOPICS[failed]
    return notification.get(topic), included in (notification.get("IncludeInferenceResponseIn") or ())


def notice(
    name: str, region: str, request: AsyncRequest, *, content_type: str, failure: str | None, response: bytes | None
) -> dict[str, Any]:
    """The message.

    Args:
        name: of the endpoint.
        region: of the endpoint.
        request: what was asked.
        content_type: of the response.
        failure: the reason of a failure; None: it went well.
        response: what the topic wants to have of the response, or its first bytes when it is too large; None: nothing.
    """
    headers = request.invocation.headers
    asked = {"accept": headers.get("Accept"), "contentType": headers.get("Content-Type")}
    message: dict[str, Any] = {
        "awsRegion": region,
        "eventTime": _timestamp(datetime.now(UTC)),
        "receivedTime": _timestamp(request.received),
        "invocationStatus": "Completed" if failure is None else "Failed",
        "requestParameters": {
            **{key: value for key, value in asked.items() if value is not None},
            "endpointName": name,
            "inputLocation": request.input_location,
        },
        "inferenceId": request.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    if failure is None:
        message["responseParameters"] = {"contentType": content_type, "outputLocation": request.output_location}
    else:
        message["failureReason"] = failure
        message["failureLocation"] = request.failure_location
    if response is not None:
        message["responseBody"] = _response_body(response)
    return message


def _response_body(response: bytes) -> dict[str, str]:
    told = {"message": _ELSEWHERE, "encoding": "BASE64"}
    if len(response) > RESPONSE_BYTES:
        return told
    return {"content": base64.b64encode(response).decode(), **told}


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
