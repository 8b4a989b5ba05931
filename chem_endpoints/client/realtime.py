"""Real-time and serverless endpoints, and inference components: one request, one answer."""

from collections.abc import Generator
from typing import Any

from chem_endpoints.client.aws import AwsClients
from chem_endpoints.client.transport import Invocation, Reply
from chem_endpoints.wire.options import MODEL_DIGEST_KEY, parse_attributes

BODY_LIMIT = 5_000_000
"""AWS's pages say 25 MB or 6 MB; what each accepts goes everywhere."""
SERVERLESS_BODY_LIMIT = 4_000_000
"""Request and answer may have 4 MB each; ours are seldom larger than what was sent (SageMaker developer guide)."""


class RealtimeTransport:
    """``InvokeEndpoint``.

    Args:
        name: SageMaker endpoint name.
        clients: AWS clients.
        component: the inference component to ask; default: the endpoint's own model.
        body_limit: largest body in bytes.
    """

    def __init__(
        self, name: str, clients: AwsClients, *, component: str | None = None, body_limit: int = BODY_LIMIT
    ) -> None:
        self._name = name
        self._runtime = clients.runtime
        self._addressed = {"InferenceComponentName": component} if component else {}
        self.body_limit = body_limit

    def invoke(self, invocation: Invocation) -> Generator[float, None, Reply]:
        """See `chem_endpoints.client.transport.Transport`; one call, no pause."""
        yield from ()
        response: dict[str, Any] = self._runtime.invoke_endpoint(
            EndpointName=self._name,
            Body=invocation.body,
            ContentType=invocation.content_type,
            Accept=invocation.accept,
            **({"CustomAttributes": invocation.attributes} if invocation.attributes else {}),
            **self._addressed,
        )
        return Reply(
            body=bytes(response["Body"].read()),
            content_type=str(response.get("ContentType", invocation.accept)),
            digest=parse_attributes(response.get("CustomAttributes")).get(MODEL_DIGEST_KEY, ""),
        )
