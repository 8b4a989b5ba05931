"""Errors of the SageMaker runtime, in the shapes that its clients parse.

Codes, statuses and members follow botocore's description of ``sagemaker-runtime``.
"""

import json
import uuid

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.container_logs import component_log_group, endpoint_log_group

EXPIRED = "The request expired in the queue before it could be processed."
"""The failure of an asynchronous request that waited for too long."""


class InvocationError(Exception):
    """An invocation that the runtime does not answer with a result."""

    def __init__(self, status: int, code: str | None, message: str, **members: object) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.body = json.dumps({"Message": message, **members}).encode()

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Headers of the answer; an error without a code is one of the HTTP front end's own."""
        code = [("x-amzn-ErrorType", self.code)] if self.code else []
        return [("Content-Type", "application/json"), ("x-amzn-RequestId", str(uuid.uuid4())), *code]


def validation_error(message: str) -> InvocationError:
    """The request is wrong, whatever the model says."""
    return InvocationError(400, "ValidationError", message)


def endpoint_not_found(name: str) -> InvocationError:
    """There is no such endpoint, or it has never been in service."""
    return validation_error(f"Endpoint {name} of account {ACCOUNT} not found.")


def service_unavailable(message: str) -> InvocationError:
    """No instance can answer now."""
    return InvocationError(503, "ServiceUnavailable", message)


def body_too_large(limit: int) -> InvocationError:
    """A request over the size limit: the HTTP front end refuses it before the runtime sees it."""
    return InvocationError(413, None, f"HTTP content length exceeded {limit} bytes.")


def model_not_ready(name: str) -> InvocationError:
    """The model is still being loaded: wait and try again.

    botocore names multi-model endpoints and serverless variants under ModelNotReadyException; that a component which
    is still being created is answered so is our reading of it.
    """
    return InvocationError(429, "ModelNotReadyException", f"The model of {name} is still being loaded. Try again.")


def unknown_session(session_id: str) -> InvocationError:
    """A stateful session that is not, or no longer, there."""
    return validation_error(f"Session {session_id} not found: it is unknown, has expired, or its instance is gone.")


def throttled(message: str) -> InvocationError:
    """More requests at once than a serverless endpoint takes."""
    return InvocationError(400, "ThrottlingException", message)


def no_capacity() -> InvocationError:
    """An inference component has no copy; the same code as of a wrong request, only the words tell."""
    return validation_error(
        "Inference Component has no capacity to process this request. "
        "ApplicationAutoScaling may be in-progress (if configured) or try to increase the capacity by invoking "
        "UpdateInferenceComponentRuntimeConfig API."
    )


def model_error(
    *, endpoint: str, variant: str, region: str, status: int, message: str, component: str | None = None
) -> InvocationError:
    """The container answered with an error, or (status 0) did not answer."""
    side = "client" if 400 <= status < 500 else "server"
    group = component_log_group(component) if component else endpoint_log_group(endpoint)
    console = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group}"
    return InvocationError(
        424,
        "ModelError",
        f'Received {side} error ({status}) from primary with message "{message}". '
        f"See {console} in account {ACCOUNT} for more information.",
        OriginalStatusCode=status,
        OriginalMessage=message,
        LogStreamArn=f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}:log-stream:{variant}",
    )
