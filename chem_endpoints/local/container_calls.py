"""One invocation to one container: sent, counted, watched, and sent again when it certainly reached nobody."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from chem_endpoints.local.container_pool import ContainerPool
from chem_endpoints.local.container_response import ContainerResponse, Invocation, NoAnswerError, NotReachedError
from chem_endpoints.local.observing import Observer, Watch
from chem_endpoints.local.open_answer import OpenAnswer, Server
from chem_endpoints.local.scaling.traffic import Traffic
from chem_endpoints.local.server_pool import NoInstanceError
from chem_endpoints.local.sessions import NEW_SESSION, Sessions

_ERROR_MESSAGE_LENGTH = 4096
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.005, 0.1
"""Between two attempts to reach a container whose queue of new connections is full."""


class ContainerCalls:
    """What is on its way to containers."""

    def __init__(self, traffic: Traffic, sessions: Sessions, observers: Sequence[Observer]) -> None:
        self._traffic, self._sessions, self._observers = traffic, sessions, observers
        self._pool = ContainerPool()
        self._running, self._lock = 0, threading.Lock()

    @property
    def running(self) -> int:
        """Requests on their way, each from before its container is chosen until the end of its answer."""
        return self._running

    def close(self) -> None:
        """Closes the connections that are kept for later requests."""
        self._pool.close()

    @contextmanager
    def under_way(self) -> Iterator[ExitStack]:
        """Counts a request as running; what is held goes with its answer, or with the failure."""
        with ExitStack() as held:
            with self._lock:
                self._running += 1
            held.callback(self._end)
            yield held

    def _end(self) -> None:
        with self._lock:
            self._running -= 1

    def answer(self, server: Server, port: int, invocation: Invocation, seconds: float, held: ExitStack) -> OpenAnswer:
        """Sends an invocation; what is ``held`` goes with the answer.

        Raises:
            NoInstanceError: nobody listens: the request reached no container.
            InvocationError: no answer, or a status that is not 2xx.
        """
        endpoint = server.endpoint
        counted = held.enter_context(
            self._traffic.request(endpoint.region, endpoint.name, server.variant, server.component)
        )
        if invocation.received is not None:
            counted.overhead_seconds = time.monotonic() - invocation.received
        watch = self._watch(server, invocation)
        try:
            response = self._response(port, invocation, time.monotonic() + seconds)
        except ConnectionRefusedError:
            raise NoInstanceError(f"Variant {server.variant} has no healthy instance at present") from None
        except NoAnswerError as error:
            held.close()  # Before the exception passes: a request that ends with one is not counted.
            raise server.error(0, str(error)) from error
        counted.status = response.status
        held.callback(response.close)
        answer = OpenAnswer(server=server, response=response, counted=counted, held=held.pop_all(), watch=watch)
        if 200 <= response.status < 300:
            self._note_session(server, port, invocation, response)
            return answer
        with answer:
            message = answer.read().decode(errors="replace")[:_ERROR_MESSAGE_LENGTH]
        raise server.error(response.status, message)

    def _response(self, port: int, invocation: Invocation, deadline: float) -> ContainerResponse:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return ContainerResponse(self._pool, port, invocation, deadline)
            except NotReachedError:
                time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _watch(self, server: Server, invocation: Invocation) -> Watch | None:
        """Of a request whose caller waits for the answer, when an observer wants it."""
        if invocation.received is None or not isinstance(invocation.body, bytes):
            return None
        served = server.endpoint.region, server.endpoint.name, server.variant
        observers = [observer for observer in self._observers if observer.wants(*served)]
        if not observers:
            return None
        return Watch(
            observers=observers,
            region=server.endpoint.region,
            endpoint=server.endpoint.name,
            variant=server.variant,
            component=server.component,
            request_headers=invocation.headers,
            request_body=invocation.body,
        )

    def _note_session(self, server: Server, port: int, invocation: Invocation, response: ContainerResponse) -> None:
        if invocation.session == NEW_SESSION and response.opened_session is not None:
            self._sessions.open(server.owner, response.opened_session, variant=server.variant, port=port)
        if response.closed_session is not None:
            self._sessions.close(server.owner, response.closed_session)
