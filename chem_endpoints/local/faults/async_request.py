"""An asynchronous invocation as it is asked for, and where its answer or its failure will lie."""

from dataclasses import dataclass, field

from chem_endpoints.local.async_request import (
    DEFAULT_TIMEOUT_SECONDS,
    DEFAULT_TTL_SECONDS,
    EXTENSION,
    FILENAME,
    INLINE_BYTES,
)
from chem_endpoints.local.faults.container import Request
from chem_endpoints.local.faults.settings import RuntimeSettings
from chem_endpoints.local.invocation_errors import validation_error


@dataclass(frozen=True, kw_only=True)
class AsyncCall:
    """Parameters of InvokeEndpointAsync.

    Attributes:
        request: content type, accept and attributes; its body where it comes with the call.
        input_location: ``s3://…`` of the body otherwise.
        inference_id: the caller's label; default: one is made.
        filename: name of the output object; default: one is made.
        extension: folder of the output object below the endpoint's.
        timeout_seconds: longest work.
        ttl_seconds: longest wait in the queue.
    """

    request: Request = field(default_factory=lambda: Request(body=b""))
    input_location: str | None = None
    inference_id: str | None = None
    filename: str | None = None
    extension: str | None = None
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ttl_seconds: float = DEFAULT_TTL_SECONDS


@dataclass(frozen=True, kw_only=True)
class Places:
    """What InvokeEndpointAsync answers."""

    inference_id: str
    output: str
    failure: str


def placed(call: AsyncCall, settings: RuntimeSettings, *, own_name: str) -> Places:
    """Where answer and failure of a call will lie.

    Raises:
        InvocationError: the call is malformed.
    """
    if (call.input_location is None) == (not call.request.body):
        raise validation_error("Provide exactly one of InputLocation and Body.")
    if len(call.request.body) > INLINE_BYTES:
        raise validation_error(f"Body is larger than {INLINE_BYTES} bytes. Upload it to S3 and give its InputLocation.")
    if call.filename is not None and not FILENAME.fullmatch(call.filename):
        raise validation_error("Filename has characters that are not allowed, or more than 32.")
    if call.extension is not None and not EXTENSION.fullmatch(call.extension):
        raise validation_error("S3OutputPathExtension has characters that are not allowed.")
    limits = settings.limits
    if not 1 <= call.timeout_seconds <= limits.response_seconds.value:
        raise validation_error(f"InvocationTimeoutSeconds must be between 1 and {limits.response_seconds.value}.")
    if not 60 <= call.ttl_seconds <= limits.queue_seconds.value:
        raise validation_error(f"RequestTTLSeconds must be between 60 and {limits.queue_seconds.value}.")
    names = [(call.extension or "").strip("/"), call.filename or f"{own_name}.out"]
    return Places(
        inference_id=call.inference_id or own_name,
        output="/".join([settings.uri("output"), *filter(None, names)]),
        failure=f"{settings.uri('failure')}/{own_name}-error.out",
    )
