"""The one shape that all ways of invoking share."""

from dataclasses import dataclass
from typing import Protocol

from chem_endpoints.client.steps import Steps


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """One request.

    Attributes:
        body: encoded rows.
        content_type: their format.
        accept: the format of the answer.
        attributes: value of the custom-attributes header.
    """

    body: bytes
    content_type: str
    accept: str
    attributes: str


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The answer to an invocation.

    Attributes:
        body: encoded rows.
        content_type: their format.
        digest: model digest that the answer carried; empty: it carried none.
    """

    body: bytes
    content_type: str
    digest: str = ""


class Transport(Protocol):
    """Sends an invocation and waits for its reply; safe to use from several threads."""

    body_limit: int
    """Largest body in bytes."""

    def invoke(self, invocation: Invocation) -> Steps[Reply]:
        """Steps that send the request and wait for the reply.

        Raises:
            ClientError, BotoCoreError, FailedInvocation: there is no reply; `chem_endpoints.client.retry` sorts them.
        """
        ...
