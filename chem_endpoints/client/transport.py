"""The one shape that all ways of invoking share."""

from dataclasses import dataclass
from threading import Event
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """One request.

    Attributes:
        body: encoded rows.
        content_type: their format, in which the answer is wanted too.
        attributes: value of the custom-attributes header.
    """

    body: bytes
    content_type: str
    attributes: str


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The answer to an invocation.

    Attributes:
        body: encoded rows.
        retries: how often the request was repeated.
    """

    body: bytes
    retries: int


class Transport(Protocol):
    """Sends an invocation and waits for its reply; safe to call from several threads."""

    body_limit: int
    """Largest body in bytes."""

    def invoke(self, invocation: Invocation, stop: Event) -> Reply:
        """Waits for the reply, but not longer than until ``stop`` is set.

        Raises:
            EndpointError: there is no reply.
        """
        ...
