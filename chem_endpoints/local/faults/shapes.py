"""The errors of SageMaker and S3 that a schedule can call for, in the shapes that their clients parse.

Sources: botocore's models of ``sagemaker-runtime``, ``sagemaker`` and ``s3``; InvokeEndpoint API reference.
"""

import json
from collections.abc import Callable

from chem_endpoints.local.address import REGION
from chem_endpoints.local.faults.outcome import Break
from chem_endpoints.local.faults.schedule import MODEL_STATUS, Fault, FaultKind
from chem_endpoints.local.invocation_errors import (
    InvocationError,
    model_error,
    no_capacity,
    service_unavailable,
    throttled,
)

VARIANT = "AllTraffic"
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. "
    "Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)
OVERLOADED = '{"code":"overloaded","message":"as many requests wait as are allowed to; retry later"}'
SHUTTING_DOWN = '{"code":"shutting_down","message":"the server stops before the answer is ready"}'
FAILED = '{"code":"internal_error","message":"the server itself has failed"}'


def container_error(endpoint: str, status: int, message: str) -> InvocationError:
    """The container answered with an error; status 0: it did not answer."""
    return model_error(endpoint=endpoint, variant=VARIANT, region=REGION, status=status, message=message)


def overloaded(endpoint: str) -> InvocationError:
    """The container has enough to do."""
    return container_error(endpoint, 429, OVERLOADED)


def no_such_key() -> InvocationError:
    """There is no such object, and the caller may list the bucket."""
    return InvocationError(404, "NoSuchKey", "The specified key does not exist.")


def access_denied() -> InvocationError:
    """The caller may not read it; also what S3 says of an absent object to who may not list the bucket."""
    return InvocationError(403, "AccessDenied", "Access Denied")


def precondition_failed() -> InvocationError:
    """There is such an object already (``If-None-Match: *``)."""
    return InvocationError(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")


_ERRORS: dict[FaultKind, Callable[[str], InvocationError]] = {
    FaultKind.THROTTLED_400: lambda _: throttled("Rate exceeded"),
    FaultKind.THROTTLED_429: lambda _: InvocationError(429, "ThrottlingException", "Rate exceeded"),
    FaultKind.MODEL_NOT_READY: lambda _: InvocationError(
        429, "ModelNotReadyException", "Model is not ready for inference, please retry"
    ),
    FaultKind.SERVICE_UNAVAILABLE: lambda _: service_unavailable("The service is unavailable."),
    FaultKind.INTERNAL_FAILURE: lambda _: InvocationError(500, "InternalFailure", "An internal failure occurred."),
    FaultKind.INTERNAL_DEPENDENCY: lambda _: InvocationError(
        530, "InternalDependencyException", "A dependency failed. Contact customer support."
    ),
    FaultKind.NO_CAPACITY: lambda _: no_capacity(),
    FaultKind.MODEL_OVERLOADED: overloaded,
    FaultKind.MODEL_UNAVAILABLE: lambda name: container_error(name, 503, SHUTTING_DOWN),
    FaultKind.MODEL_FAILED: lambda name: container_error(name, 500, FAILED),
    FaultKind.MODEL_SILENT: lambda name: container_error(name, 0, TIMED_OUT),
    FaultKind.SLOW_DOWN: lambda _: InvocationError(503, "SlowDown", "Please reduce your request rate."),
    FaultKind.S3_INTERNAL_ERROR: lambda _: InvocationError(
        500, "InternalError", "We encountered an internal error. Please try again."
    ),
    FaultKind.S3_MISSING: lambda _: no_such_key(),
    FaultKind.S3_FORBIDDEN: lambda _: access_denied(),
}

BREAKS: dict[FaultKind, Break] = {
    FaultKind.UNREACHABLE: Break.UNREACHABLE,
    FaultKind.RESET_BEFORE: Break.RESET,
    FaultKind.RESET_AFTER: Break.RESET,
    FaultKind.READ_TIMEOUT: Break.READ_TIMEOUT,
}
"""Kinds that end the connection."""

DONE_ANYWAY = frozenset(
    {
        FaultKind.RESET_AFTER,
        FaultKind.READ_TIMEOUT,
        FaultKind.TRUNCATED,
        FaultKind.LATENCY,
        FaultKind.S3_LATE,
    }
)
"""Kinds that strike after the work was done."""


def json_body(error: InvocationError) -> bytes:
    """An error as the JSON protocol of SageMaker's control plane says it."""
    return json.dumps({"__type": error.code, "message": str(error)}).encode()


def error_of(fault: Fault, endpoint: str) -> InvocationError | None:
    """What the service says for a fault; ``None``: it says nothing, see `BREAKS` and `DONE_ANYWAY`."""
    if fault.kind is FaultKind.MODEL_ERROR:
        return container_error(endpoint, fault.status or MODEL_STATUS, FAILED)
    make = _ERRORS.get(fault.kind)
    return make(endpoint) if make else None
