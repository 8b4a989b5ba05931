"""The SageMaker runtime: takes invocations and passes them to the processes behind the endpoint."""

import http.client
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from chem_endpoints.local.components import Component
from chem_endpoints.local.fleet import Fleet, UnknownVariantError
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.hosting import Hosting
from chem_endpoints.local.invocation_errors import (
    InvocationError,
    body_too_large,
    endpoint_not_found,
    model_error,
    no_capacity,
    service_unavailable,
    throttled,
    validation_error,
)
from chem_endpoints.local.scaling.traffic import Traffic
from chem_endpoints.local.server_pool import NoInstanceError
from chem_endpoints.local.variant import ColdStartError, ThrottledError, Variant

_ERROR_MESSAGE_LENGTH = 4096
_SERVERLESS_BYTES = 4 * 1024**2
_SHADOW_REQUESTS = 16
"""Copies that are on their way at once; further ones are dropped, so that a slow shadow costs nothing."""
_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. "
    "Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)
_BROKEN_OFF = "The container closed the connection before it answered."
_NO_COMPONENT_NAME = (
    "Inference Component Name header is required for endpoints to which you plan to deploy inference components. "
    "Please include Inference Component Name header or consider using SageMaker models."
)
_PREFIX = "X-Amzn-SageMaker-"
_COMPONENT = _PREFIX + "Inference-Component"
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
    component: str | None = None


@dataclass(frozen=True, kw_only=True)
class ContainerAnswer:
    """What the container answered, with a status of 2xx."""

    body: bytes
    content_type: str
    headers: list[tuple[str, str]]
    variant: str


@dataclass(frozen=True)
class _Server:
    """Who takes a request."""

    endpoint: HostedEndpoint
    variant: str
    component: str | None = None


def invocation_from(headers: Mapping[str, str], body: bytes) -> Invocation:
    """An invocation with those of the caller's headers that SageMaker forwards."""
    forwarded = {name: headers[name] for name in FORWARDED_HEADERS if name in headers}
    return Invocation(
        body=body,
        headers=forwarded,
        target_variant=headers.get(_PREFIX + "Target-Variant"),
        component=headers.get(_COMPONENT),
    )


class Runtime:
    """InvokeEndpoint."""

    def __init__(self, hosting: Hosting, *, seconds: float, body_bytes: int, traffic: Traffic | None = None) -> None:
        self._hosting = hosting
        self._seconds = seconds
        self.body_bytes = body_bytes
        self.traffic = traffic or Traffic()
        """Counts what the containers take."""
        self._shadow_places = threading.BoundedSemaphore(_SHADOW_REQUESTS)

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
        if fleet.takes_components or invocation.component is not None:
            return self._invoke_component(endpoint, fleet, invocation)
        if fleet.is_serverless and len(invocation.body) > _SERVERLESS_BYTES:
            raise body_too_large(_SERVERLESS_BYTES)
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
        chosen = endpoint.next_fleet() or fleet
        try:
            return self._forward_to(endpoint, chosen, invocation, seconds)
        except NoInstanceError as error:
            successor = endpoint.fleet
            if successor is None or chosen in endpoint.fleets():
                raise service_unavailable(str(error)) from error
        try:  # The fleet was replaced between the choice and the attempt.
            return self._forward_to(endpoint, successor, invocation, seconds)
        except NoInstanceError as error:
            raise service_unavailable(str(error)) from error

    def _forward_to(
        self, endpoint: HostedEndpoint, fleet: Fleet, invocation: Invocation, seconds: float
    ) -> ContainerAnswer:
        """Passes an invocation to a process of this fleet.

        Raises:
            NoInstanceError: none can take it.
            InvocationError: as `forward` says.
        """
        try:
            with fleet.routed(invocation.target_variant) as (variant, port):
                self._copy_to_shadow(endpoint, fleet, invocation, seconds)
                server = _Server(endpoint, variant)
                status, reply = self._post(server, port, invocation, seconds)
        except UnknownVariantError as error:
            raise validation_error(str(error)) from error
        except ThrottledError as error:
            raise throttled(str(error)) from error
        except ColdStartError as error:
            raise _error(_Server(endpoint, fleet.variants[0].name), 500, str(error)) from error
        if fleet.is_serverless and len(reply.body) > _SERVERLESS_BYTES:
            raise _error(server, 0, f"The response is larger than {_SERVERLESS_BYTES} bytes.")
        return _checked(server, status, reply)

    def _invoke_component(self, endpoint: HostedEndpoint, fleet: Fleet, invocation: Invocation) -> ContainerAnswer:
        if invocation.component is None:
            raise validation_error(_NO_COMPONENT_NAME)
        component = self._hosting.components.find(invocation.component, endpoint.region)
        if component is None or component.endpoint is not endpoint or not fleet.takes_components:
            raise validation_error(f"Inference Component {invocation.component} of endpoint {endpoint.name} not found.")
        try:
            return self._post_to_component(component, invocation)
        except NoInstanceError:
            self.traffic.no_capacity(endpoint.region, component.name)
            raise no_capacity() from None

    def _post_to_component(self, component: Component, invocation: Invocation) -> ContainerAnswer:
        server = _Server(component.endpoint, component.variant_name, component.name)
        with component.routed() as port:
            status, reply = self._post(server, port, invocation, self._seconds)
        return _checked(server, status, reply)

    def _copy_to_shadow(self, endpoint: HostedEndpoint, fleet: Fleet, invocation: Invocation, seconds: float) -> None:
        """Sends a copy to the shadow variant when it is its turn; nobody waits for the answer."""
        shadow = fleet.next_shadow()
        if shadow is None or not self._shadow_places.acquire(blocking=False):
            return

        def send(shadow: Variant = shadow) -> None:
            copy = replace(invocation, target_variant=None)
            try:
                with shadow.routed() as port:
                    self._post(_Server(endpoint, shadow.name), port, copy, seconds)
            except NoInstanceError:
                return  # Its failure harms nobody.
            finally:
                self._shadow_places.release()

        threading.Thread(target=send, name="shadow request", daemon=True).start()

    def _post(self, server: _Server, port: int, invocation: Invocation, seconds: float) -> tuple[int, ContainerAnswer]:
        """Status and answer; a container that does not answer counts as status 0, as in SageMaker's own messages.

        Raises:
            NoInstanceError: nobody listens: the request reached no container.
        """
        endpoint, variant = server.endpoint, server.variant
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
        try:
            connection.connect()
        except ConnectionRefusedError:
            raise NoInstanceError(f"Variant {variant} has no healthy instance at present") from None
        except OSError:
            return 0, _no_answer(_BROKEN_OFF, variant)
        with self.traffic.request(endpoint.region, endpoint.name, variant, server.component) as counted:
            counted.status, reply = _exchange(connection, invocation, variant)
        return counted.status, reply


def _exchange(
    connection: http.client.HTTPConnection, invocation: Invocation, variant: str
) -> tuple[int, ContainerAnswer]:
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


def _checked(server: _Server, status: int, answer: ContainerAnswer) -> ContainerAnswer:
    """The answer, if it is one.

    Raises:
        InvocationError: the status is not 2xx.
    """
    if 200 <= status < 300:
        return answer
    raise _error(server, status, answer.body.decode(errors="replace")[:_ERROR_MESSAGE_LENGTH])


def _error(server: _Server, status: int, message: str) -> InvocationError:
    return model_error(
        endpoint=server.endpoint.name,
        variant=server.variant,
        component=server.component,
        region=server.endpoint.region,
        status=status,
        message=message,
    )


def _no_answer(message: str, variant: str) -> ContainerAnswer:
    return ContainerAnswer(body=message.encode(), content_type="text/plain", headers=[], variant=variant)
