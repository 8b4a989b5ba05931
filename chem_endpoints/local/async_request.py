"""InvokeEndpointAsync's request: its limits, and where its answer goes."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chem_endpoints.local.container_response import Invocation
from chem_endpoints.local.invocation_errors import validation_error
from chem_endpoints.spec.support_matrix import SUPPORT

_PREFIX = "X-Amzn-SageMaker-"
_LIMITS = SUPPORT["async"]
INLINE_BYTES = _LIMITS.inline_request_bytes.value
"""Size that a body in the request itself may have (InvokeEndpointAsync)."""

DEFAULT_TIMEOUT_SECONDS = 900
DEFAULT_TTL_SECONDS = _LIMITS.queue_seconds.value
FILENAME = re.compile(r"(?!.*\..*\.)[a-zA-Z0-9][a-zA-Z0-9-_.]{0,31}")
"""What ``Filename`` of an asynchronous invocation may be."""
EXTENSION = re.compile(r"(?!s3:|https:)[a-zA-Z0-9!_.*'()/-]{1,512}")
"""What ``S3OutputPathExtension`` may be."""


@dataclass(frozen=True, kw_only=True)
class AsyncRequest:
    """One accepted asynchronous invocation."""

    config: Mapping[str, Any]
    """AsyncInferenceConfig of its endpoint when it was accepted."""
    inference_id: str
    invocation: Invocation
    input_location: str | None
    """None: the body came with the request."""
    output_location: str
    failure_location: str | None
    timeout_seconds: int
    ttl_seconds: int
    received: datetime = field(default_factory=lambda: datetime.now(UTC))
    queued: float
    """When, in seconds of the local AWS's clock."""

    def expired(self, now: float) -> bool:
        """Whether it has waited for longer than it may."""
        return now - self.queued > self.ttl_seconds


def request_from(config: Mapping[str, Any], headers: Mapping[str, str], body: bytes, queued: float) -> AsyncRequest:
    """Reads a request.

    Args:
        config: AsyncInferenceConfig of the endpoint.
        headers: the request's.
        body: the request's; empty when its input lies in S3.
        queued: now, in seconds of the local AWS's clock.

    Raises:
        InvocationError: it is malformed. The lengths of headers are checked before (`runtime_parameters`).
    """
    location = _decoded(headers.get(_PREFIX + "InputLocation"))
    if (location is None) == (not body):
        raise validation_error("Provide exactly one of InputLocation and Body.")
    if len(body) > INLINE_BYTES:
        raise validation_error(f"Body is larger than {INLINE_BYTES} bytes. Upload it to S3 and give its InputLocation.")
    output = config.get("OutputConfig") or {}
    output_path, failure_path = output.get("S3OutputPath"), output.get("S3FailurePath")
    if output_path is None:
        raise validation_error("The endpoint's AsyncInferenceConfig has no S3OutputPath.")
    inference_id, own_name = headers.get(_PREFIX + "Inference-Id") or str(uuid.uuid4()), str(uuid.uuid4())
    return AsyncRequest(
        config=config,
        inference_id=inference_id,
        queued=queued,
        invocation=Invocation(body=body, headers=_container_headers(headers, inference_id)),
        input_location=location,
        output_location=_join(output_path, *_output_name(headers, own_name)),
        failure_location=_join(failure_path, f"{own_name}-error.out") if failure_path else None,
        timeout_seconds=_seconds(
            headers, "InvocationTimeoutSeconds", DEFAULT_TIMEOUT_SECONDS, 1, _LIMITS.response_seconds.value
        ),
        ttl_seconds=_seconds(headers, "RequestTTLSeconds", DEFAULT_TTL_SECONDS, 60, _LIMITS.queue_seconds.value),
    )


def _decoded(location: str | None) -> str | None:
    """WSGI shows a header's bytes as Latin-1; S3's keys are UTF-8, and so most clients send them."""
    try:
        return location and location.encode("latin-1").decode()
    except UnicodeError:
        return location


def _container_headers(headers: Mapping[str, str], inference_id: str) -> dict[str, str]:
    """The asynchronous operation carries content type and accept under names of its own."""
    renamed = {
        "Content-Type": headers.get(_PREFIX + "Content-Type"),
        "Accept": headers.get(_PREFIX + "Accept"),
        _PREFIX + "Custom-Attributes": headers.get(_PREFIX + "Custom-Attributes"),
        _PREFIX + "Inference-Id": inference_id,
    }
    return {name: value for name, value in renamed.items() if value is not None}


def _output_name(headers: Mapping[str, str], own_name: str) -> tuple[str, str]:
    extension, filename = headers.get(_PREFIX + "S3OutputPathExtension"), headers.get(_PREFIX + "Filename")
    if extension is not None and not EXTENSION.fullmatch(extension):
        raise validation_error("S3OutputPathExtension has characters that are not allowed.")
    if filename is not None and not FILENAME.fullmatch(filename):
        raise validation_error("Filename has characters that are not allowed, or more than 32.")
    return extension or "", filename or f"{own_name}.out"


def _join(path: str, *names: str) -> str:
    return "/".join([path.rstrip("/"), *(name.strip("/") for name in names if name)])


def _seconds(headers: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = headers.get(_PREFIX + name)
    if text is None:
        return default
    if not text.isdecimal() or not least <= int(text) <= most:
        raise validation_error(f"{name} must be between {least} and {most}.")
    return int(text)
