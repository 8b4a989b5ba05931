"""The SageMaker runtime: takes invocations and passes them to the processes behind the endpoint."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chem_endpoints.local.container_calls import ContainerCalls
from chem_endpoints.local.container_response import Invocation
from chem_endpoints.local.fleet import Fleet, UnknownVariantError
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.hosting import Hosting
from chem_endpoints.local.invocation_errors import (
    InvocationError,
    body_too_large,
    endpoint_not_found,
    model_not_ready,
    no_capacity,
    service_unavailable,
    throttled,
    unknown_session,
    validation_error,
)
from chem_endpoints.local.observing import Observer
from chem_endpoints.local.open_answer import OpenAnswer, Server
from chem_endpoints.local.response_stream import ResponseStream
from chem_endpoints.local.scaling.traffic import Traffic
from chem_endpoints.local.server_pool import NoInstanceError
from chem_endpoints.local.sessions import NEW_SESSION, Session, Sessions
from chem_endpoints.local.variant import ColdStartError, ThrottledError, Variant
from chem_endpoints.spec.support_matrix import SUPPORT

_SERVERLESS_BYTES = SUPPORT["serverless"].request_bytes.value
_SHADOW_REQUESTS = 16
"""Copies that are on their way at once; further ones are dropped, so that a slow shadow costs nothing."""
_NO_COMPONENT_NAME = (
    "Inference Component Name header is required for endpoints to which you plan to deploy inference components. "
    "Please include Inference Component Name header or consider using SageMaker models."
)


@dataclass(frozen=True, kw_only=True)
class ContainerAnswer:
    """What the container answered, with a status of 2xx."""

    body: bytes
    content_type: str
    headers: list[tuple[str, str]]
    variant: str


class Runtime:
    """InvokeEndpoint and InvokeEndpointWithResponseStream."""

    def __init__(
        self,
        hosting: Hosting,
        *,
        seconds: float,
        stream_seconds: float,
        body_bytes: int,
        traffic: Traffic | None = None,
        observers: Sequence[Observer] = (),
    ) -> None:
        self._hosting = hosting
        self._seconds, self._stream_seconds = seconds, stream_seconds
        self.body_bytes = body_bytes
        self.traffic = traffic or Traffic()
        """Counts what the containers take."""
        self._sessions = Sessions()
        self._calls = ContainerCalls(self.traffic, self._sessions, observers)
        self._shadow_places = threading.BoundedSemaphore(_SHADOW_REQUESTS)

    @property
    def busy(self) -> bool:
        """Whether a request is on its way, from its choice of a container until the end of the answer."""
        return self._calls.running > 0

    def invoke(self, name: str, region: str, invocation: Invocation) -> ContainerAnswer:
        """Answers a synchronous invocation.

        Raises:
            InvocationError: in the shape that the caller's SDK expects.
        """
        endpoint, fleet = self._synchronous(name, region, invocation)
        with self._open(endpoint, fleet, invocation, self._seconds) as answer:
            body, response = answer.read(), answer.response
            if fleet.is_serverless and len(body) > _SERVERLESS_BYTES:
                raise answer.server.error(0, f"The response is larger than {_SERVERLESS_BYTES} bytes.")
        return ContainerAnswer(
            body=body, content_type=response.content_type, headers=response.headers, variant=answer.server.variant
        )

    def stream(self, name: str, region: str, invocation: Invocation) -> ResponseStream:
        """Begins to answer a synchronous invocation; the caller closes the stream.

        Raises:
            InvocationError: as `invoke`, up to the first byte of the answer.
        """
        endpoint, fleet = self._synchronous(name, region, invocation)
        if fleet.is_serverless:
            raise validation_error(f"Endpoint {name} is serverless: it does not stream. Use InvokeEndpoint.")
        return ResponseStream(self._open(endpoint, fleet, invocation, self._stream_seconds))

    def serving(self, name: str, region: str) -> tuple[HostedEndpoint, Fleet]:
        """The endpoint and the fleet that serves it now.

        Raises:
            InvocationError: there is no such endpoint in service.
        """
        endpoint = self._hosting.find(name, region)
        if endpoint is None or endpoint.fleet is None:
            raise endpoint_not_found(name)
        return endpoint, endpoint.fleet

    def will_serve(self, name: str, region: str) -> bool:
        """Whether the endpoint has no fleet yet, but is about to."""
        endpoint = self._hosting.find(name, region)
        return endpoint is not None and endpoint.status == "Creating"

    def forward(self, endpoint: HostedEndpoint, fleet: Fleet, invocation: Invocation, seconds: float) -> OpenAnswer:
        """Passes an invocation to the least busy process; the caller closes the answer.

        Args:
            endpoint: the endpoint.
            fleet: the one that serves it.
            invocation: what is passed on.
            seconds: time until the end of the answer.

        Raises:
            InvocationError: no process, no answer in time, a broken connection, or a status that is not 2xx.
        """
        session = self._session(Server(endpoint, ""), invocation)
        if session is not None:
            return self._forward_in_session(endpoint, session, invocation, seconds)
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

    def _synchronous(self, name: str, region: str, invocation: Invocation) -> tuple[HostedEndpoint, Fleet]:
        """The endpoint and the fleet for an invocation whose caller waits for the answer."""
        if invocation.size > self.body_bytes:
            raise body_too_large(self.body_bytes)
        endpoint, fleet = self.serving(name, region)
        if fleet.async_config is not None:
            raise validation_error(
                f"Endpoint {name} of account does not support synchronous inference: "
                "it is an asynchronous endpoint. Use InvokeEndpointAsync."
            )
        if fleet.is_serverless and invocation.size > _SERVERLESS_BYTES:
            raise body_too_large(_SERVERLESS_BYTES)
        return endpoint, fleet

    def _open(self, endpoint: HostedEndpoint, fleet: Fleet, invocation: Invocation, seconds: float) -> OpenAnswer:
        if fleet.takes_components or invocation.component is not None:
            return self._forward_to_component(endpoint, fleet, invocation, seconds)
        return self.forward(endpoint, fleet, invocation, seconds)

    def _forward_to(
        self,
        endpoint: HostedEndpoint,
        fleet: Fleet,
        invocation: Invocation,
        seconds: float,
        port: int | None = None,
    ) -> OpenAnswer:
        """Passes an invocation to a process of this fleet; with ``port``: to that one.

        Raises:
            NoInstanceError: none can take it.
            InvocationError: as `forward` says.
        """
        with self._calls.under_way() as held:
            try:
                variant, port = held.enter_context(fleet.routed(invocation.target_variant, port))
            except UnknownVariantError as error:
                raise validation_error(str(error)) from error
            except ThrottledError as error:
                raise throttled(str(error)) from error
            except ColdStartError as error:
                raise Server(endpoint, fleet.variants[0].name).error(500, str(error)) from error
            self._copy_to_shadow(endpoint, fleet, invocation, seconds)
            return self._calls.answer(Server(endpoint, variant), port, invocation, seconds, held)

    def _session(self, server: Server, invocation: Invocation) -> Session | None:
        """The session that an invocation goes on with.

        Raises:
            InvocationError: it names one that is not there.
        """
        session_id = invocation.session
        if session_id is None or session_id == NEW_SESSION:
            return None
        session = self._sessions.find(server.owner, session_id)
        if session is None:
            raise unknown_session(session_id)
        return session

    def _forward_in_session(
        self, endpoint: HostedEndpoint, session: Session, invocation: Invocation, seconds: float
    ) -> OpenAnswer:
        """Passes an invocation to the instance that has its session."""
        there = replace(invocation, target_variant=session.variant)
        for fleet in endpoint.fleets():
            try:
                return self._forward_to(endpoint, fleet, there, seconds, session.port)
            except NoInstanceError:
                continue
        raise unknown_session(str(invocation.session))

    def _forward_to_component(
        self, endpoint: HostedEndpoint, fleet: Fleet, invocation: Invocation, seconds: float
    ) -> OpenAnswer:
        if invocation.component is None:
            raise validation_error(_NO_COMPONENT_NAME)
        component = self._hosting.components.find(invocation.component, endpoint.region)
        if component is None or component.endpoint is not endpoint or not fleet.takes_components:
            raise validation_error(f"Inference Component {invocation.component} of endpoint {endpoint.name} not found.")
        if component.status == "Creating" and component.pool is None:
            raise model_not_ready(f"inference component {component.name}")
        server = Server(endpoint, component.variant_name, component.name)
        session = self._session(server, invocation)
        try:
            with self._calls.under_way() as held:
                port = held.enter_context(component.routed(session.port if session is not None else None))
                return self._calls.answer(server, port, invocation, seconds, held)
        except NoInstanceError:
            if session is not None:
                raise unknown_session(str(invocation.session)) from None
            self.traffic.no_capacity(endpoint.region, component.name)
            raise no_capacity() from None

    def _copy_to_shadow(self, endpoint: HostedEndpoint, fleet: Fleet, invocation: Invocation, seconds: float) -> None:
        """Sends a copy to the shadow variant when it is its turn; nobody waits for the answer."""
        shadow = fleet.next_shadow() if isinstance(invocation.body, bytes) else None  # A file has one reader.
        if shadow is None or not self._shadow_places.acquire(blocking=False):
            return

        def send(shadow: Variant = shadow) -> None:
            copy = replace(invocation, target_variant=None, received=None)
            try:
                with self._calls.under_way() as held:
                    port = held.enter_context(shadow.routed())
                    with self._calls.answer(Server(endpoint, shadow.name), port, copy, seconds, held) as answer:
                        answer.read()
            except (NoInstanceError, InvocationError):
                return  # Its failure harms nobody.
            finally:
                self._shadow_places.release()

        threading.Thread(target=send, name="shadow request", daemon=True).start()
