"""An answer that is under way: the container has answered with its head, and its place is taken until the end."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from types import TracebackType
from typing import IO

from chem_endpoints.local.container_response import ContainerResponse, NoAnswerError
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.invocation_errors import InvocationError, model_error
from chem_endpoints.local.observing import Watch
from chem_endpoints.local.scaling.traffic import CountedRequest
from chem_endpoints.local.sessions import Owner


@dataclass(frozen=True)
class Server:
    """Who takes a request."""

    endpoint: HostedEndpoint
    variant: str
    component: str | None = None

    @property
    def owner(self) -> Owner:
        """Whose sessions it serves."""
        return Owner(region=self.endpoint.region, endpoint=self.endpoint.name, component=self.component)

    def error(self, status: int, message: str) -> InvocationError:
        """What the caller gets when the container answered so; status 0: it did not answer."""
        return model_error(
            endpoint=self.endpoint.name,
            variant=self.variant,
            component=self.component,
            region=self.endpoint.region,
            status=status,
            message=message,
        )


@dataclass(frozen=True, kw_only=True)
class OpenAnswer:
    """An answer under way. It must be closed, which counts the request and frees the container's place."""

    server: Server
    response: ContainerResponse
    counted: CountedRequest
    held: ExitStack
    watch: Watch | None = None
    """Who is told of it, if anybody."""

    def __enter__(self) -> "OpenAnswer":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends it; more than once does no harm."""
        self.held.close()

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes; whoever watches is told at its end.

        Raises:
            NoAnswerError: it breaks off or is not complete in time.
        """
        for piece in self.response.pieces():
            if self.watch is not None:
                self.watch.add(piece)
            yield piece
        if self.watch is not None:
            self.watch.end(self.response.status, self.response.content_type, dict(self.response.headers))

    def read(self) -> bytes:
        """The whole body.

        Raises:
            InvocationError: as `copy_to` says.
        """
        body = BytesIO()
        self.copy_to(body)
        return body.getvalue()

    def copy_to(self, file: IO[bytes]) -> None:
        """Writes the whole body to a file.

        Raises:
            InvocationError: it breaks off or is not complete in time: no part of it is an answer.
        """
        try:
            for piece in self.pieces():
                file.write(piece)
        except NoAnswerError as error:
            raise self.without_end(error) from error

    def without_end(self, error: NoAnswerError) -> InvocationError:
        """Closes it as a request without an answer; returns what the caller gets."""
        self.counted.status = 0
        self.close()
        return self.server.error(0, str(error))
