"""Requests to a `LocalServer`: what SageMaker would forward, posted to the server itself."""

from collections.abc import Generator

import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError

from chem_endpoints.client.local_server import LocalServer
from chem_endpoints.client.realtime import BODY_LIMIT
from chem_endpoints.client.retry import FailedInvocation, Failure, of_container
from chem_endpoints.client.transport import Invocation, Reply
from chem_endpoints.errors import InvocationTimeoutError, ModelFailedError
from chem_endpoints.wire.options import HEADER, MODEL_DIGEST_KEY, parse_attributes

CONNECT_SECONDS = 5.0
CONNECTIONS = 64
"""Connections that are kept for the next request."""

_DYING_PAUSES = (0.05, 0.1, 0.2, 0.4)
"""A process that was killed closes its connections shortly before it is known to have ended."""


class LocalTransport:
    """``POST /invocations`` on the loopback interface; connections are kept. Safe to use from several threads.

    Args:
        server: the server; it lives at least as long as this object.
        body_limit: largest body in bytes; default: that of a real-time endpoint.
    """

    def __init__(self, server: LocalServer, *, body_limit: int = BODY_LIMIT) -> None:
        self._server = server
        self.body_limit = body_limit
        self._pool = urllib3.HTTPConnectionPool(
            "127.0.0.1",
            port=server.port,
            maxsize=CONNECTIONS,
            retries=False,
            timeout=urllib3.Timeout(
                connect=CONNECT_SECONDS, read=float(server.description.settings.invocation_timeout_s)
            ),
        )

    def invoke(self, invocation: Invocation) -> Generator[float, None, Reply]:
        """See `chem_endpoints.client.transport.Transport`; one call, no pause.

        Raises:
            FailedInvocation: the server refused, failed, did not answer in time, or has ended.
        """
        headers = {"Content-Type": invocation.content_type, "Accept": invocation.accept}
        if invocation.attributes:
            headers[HEADER] = invocation.attributes
        try:
            response = self._pool.urlopen("POST", "/invocations", body=invocation.body, headers=headers)
        except ReadTimeoutError:
            error = InvocationTimeoutError("the local server did not answer in time; send fewer rows")
            raise FailedInvocation(Failure(kind="timeout", error=error)) from None
        except HTTPError as error:
            raise FailedInvocation((yield from self._lost(type(error).__name__))) from None
        if not 200 <= response.status < 300:
            raise FailedInvocation(of_container(response.status, response.data.decode(errors="replace")))
        return Reply(
            body=response.data,
            content_type=response.headers.get("Content-Type", invocation.accept),
            digest=parse_attributes(response.headers.get(HEADER)).get(MODEL_DIGEST_KEY, ""),
        )

    def _lost(self, what: str) -> Generator[float, None, Failure]:
        """What a lost connection means: the server has ended, or it is worth another try."""
        for pause in _DYING_PAUSES:
            if not self._server.alive:
                break
            yield pause
        if self._server.alive:
            return Failure(
                kind="connection", error=ModelFailedError(f"the connection to the local server failed ({what})")
            )
        name = self._server.description.name
        return Failure(
            kind="refused",
            error=ModelFailedError(
                f"the local server of {name} {self._server.how_it_ended()}; start it again with Endpoint.local"
            ),
        )
