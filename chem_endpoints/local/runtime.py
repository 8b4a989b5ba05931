"""The SageMaker runtime: takes invocations and passes them to the processes behind the endpoint."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass

from chem_endpoints.local.fleet import Fleet, NoInstanceError, UnknownVariantError
from chem_endpoints.local.hosting import HostedEndpoint, Hosting
from chem_endpoints.local.invocation_errors import (
    body_too_large,
    endpoint_not_found,
    model_error,
    service_unavailable,
    validation_error,
)

_ERROR_MESSAGE_LENGTH = 4096
_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. "
    "Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)
_BROKEN_OFF = "The container closed the connection before it answered."
_PREFIX = "X-Amzn-SageMaker-"
FORWARDED_HEADERS = (
    "Content-Type",
    "Accept",
    *(
        _PREFIX + name
        for name in (
            "Custom-Attributes",
            "Target-Model",
            "Target-Variant",
            "Target-Container-Hostname",
            "Inference-Id",
            "Enable-Explanations",
            "Inference-Component",
            "Session-Id",
            "Prefix-Aware-Id",
        )
    ),
)
"""Only these reach the container (botocore, InvokeEndpoint)."""

_RETURNED_HEADERS = (
    _PREFIX + "Custom-Attributes",
    _PREFIX + "New-Session-Id",
    _PREFIX + "Closed-Session-Id",
)


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """What is sent to the container."""

    body: bytes
    headers: dict[str, str]
    target_variant: str | None = None


@dataclass(frozen=True, kw_only=True)
class ContainerAnswer:
    """What the container answered, with a status of 2xx."""

    body: bytes
    content_type: str
    headers: list[tuple[str, str]]
    variant: str


def invocation_from(headers: Mapping[str, str], body: bytes) -> Invocation:
    """An invocation with those of the caller's headers that SageMaker forwards."""
    forwarded = {name: headers[name] for name in FORWARDED_HEADERS if name in headers}
    return Invocation(body=body, headers=forwarded, target_variant=headers.get(_PREFIX + "Target-Variant"))


class Runtime:
    """InvokeEndpoint."""

    def __init__(self, hosting: Hosting, *, seconds: float, body_bytes: int) -> None:
        self._hosting = hosting
        self._seconds = seconds
        self.body_bytes = body_bytes

    def invoke(self, name: str, region: str, invocation: Invocation) -> ContainerAnswer:
        """Answers a synchronous invocation.

        Raises:
            InvocationError: in the shape that the caller's SDK expects.
        """
        if len(invocation.body) > self.body_bytes:
            raise body_too_large(self.body_bytes)
        endpoint, fleet = self.serving(name, region)
        if fleet.async_config is not None:
            raise validation_error(
                f"Endpoint {name} of account does not support synchronous inference: "
                "it is an asynchronous endpoint. Use InvokeEndpointAsync."
            )
        return self.forward(endpoint, fleet, invocation, self._seconds)

    def serving(self, name: str, region: str) -> tuple[HostedEndpoint, Fleet]:
        """The endpoint and the fleet that serves it now.

        Raises:
            InvocationError: there is no such endpoint in service.
        """
        endpoint = self._hosting.find(name, region)
        if endpoint is None or endpoint.fleet is None:
            raise endpoint_not_found(name)
        return endpoint, endpoint.fleet

    def forward(
        self, endpoint: HostedEndpoint, fleet: Fleet, invocation: Invocation, seconds: float
    ) -> ContainerAnswer:
        """Passes an invocation to the least busy process, and its answer back.

        Raises:
            InvocationError: no process, no answer in time, a broken connection, or a status that is not 2xx.
        """
        try:
            with fleet.routed(invocation.target_variant) as (variant, port):
                status, answer = _post(port, invocation, variant, seconds)
        except NoInstanceError as error:
            successor = endpoint.fleet
            if successor is not None and successor is not fleet:
                return self.forward(endpoint, successor, invocation, seconds)
            raise service_unavailable(str(error)) from error
        except UnknownVariantError as error:
            raise validation_error(str(error)) from error
        if 200 <= status < 300:
            return answer
        message = answer.body.decode(errors="replace")[:_ERROR_MESSAGE_LENGTH]
        raise model_error(
            endpoint=endpoint.name, variant=answer.variant, region=endpoint.region, status=status, message=message
        )


def _post(port: int, invocation: Invocation, variant: str, seconds: float) -> tuple[int, ContainerAnswer]:
    """Status and answer; a container that does not answer counts as status 0, as in SageMaker's own messages.

    Raises:
        NoInstanceError: nobody listens: the request reached no container.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.connect()
    except ConnectionRefusedError:
        raise NoInstanceError(f"Variant {variant} has no healthy instance at present") from None
    except OSError:
        return 0, _no_answer(_BROKEN_OFF, variant)
    try:
        connection.request("POST", "/invocations", body=invocation.body, headers=invocation.headers)
        response = connection.getresponse()
        body = response.read()
    except TimeoutError:
        return 0, _no_answer(_TIMED_OUT, variant)
    except (OSError, http.client.HTTPException):
        return 0, _no_answer(_BROKEN_OFF, variant)
    finally:
        connection.close()
    headers = [(name, value) for name in _RETURNED_HEADERS if (value := response.getheader(name)) is not None]
    content_type = response.getheader("Content-Type", "application/octet-stream")
    return response.status, ContainerAnswer(body=body, content_type=content_type, headers=headers, variant=variant)


def _no_answer(message: str, variant: str) -> ContainerAnswer:
    return ContainerAnswer(body=message.encode(), content_type="text/plain", headers=[], variant=variant)
