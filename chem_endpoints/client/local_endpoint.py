"""`Endpoint.local`: a bundle served on this machine, called like any endpoint."""

from functools import cached_property
from typing import Any, cast

from chem_endpoints.client.aws import AwsClients
from chem_endpoints.client.description import EndpointDescription
from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.client.local_server import LocalServer
from chem_endpoints.client.local_transport import LocalTransport
from chem_endpoints.client.transport import Transport


class LocalEndpoint(Endpoint):
    """An endpoint that is a child process; it needs no AWS.

    Args:
        server: the process; it ends with this object.
        **options: those of `Endpoint`.
    """

    def __init__(self, server: LocalServer, **options: Any) -> None:
        # No AWS clients: nothing below asks for them.
        super().__init__(server.description.name, clients=cast(AwsClients, object()), **options)
        self._server = server

    @cached_property
    def description(self) -> EndpointDescription:
        """What the bundle says."""
        return self._server.description

    @cached_property
    def _transport(self) -> Transport:
        return LocalTransport(self._server)

    @property
    def url(self) -> str:
        """Where a browser finds its playground, and `/docs` and `/model` below it; on this machine only."""
        return f"http://127.0.0.1:{self._server.port}/"

    def status(self) -> str:
        """``InService``, or ``Failed`` when the process has ended."""
        return "InService" if self._server.alive else "Failed"

    def model_digest(self) -> str:
        """Digest of the bundle's model."""
        return self.description.digest
