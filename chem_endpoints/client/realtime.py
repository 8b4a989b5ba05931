"""Real-time and serverless endpoints, and inference components: one request, one answer."""

from threading import Event
from typing import Any

from chem_endpoints.client.aws import AwsClients
from chem_endpoints.client.capacity import WAKE_SECONDS, CapacityWait
from chem_endpoints.client.retry import with_retries
from chem_endpoints.client.transport import Invocation, Reply

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
        wake_seconds: how long to wait for a component without copies.
    """

    def __init__(
        self,
        name: str,
        clients: AwsClients,
        *,
        component: str | None = None,
        body_limit: int = BODY_LIMIT,
        wake_seconds: float = WAKE_SECONDS,
    ) -> None:
        self._name = name
        self._runtime = clients.runtime
        self._addressed = {"InferenceComponentName": component} if component else {}
        self._capacity = CapacityWait(name, wake_seconds)
        self.body_limit = body_limit

    def invoke(self, invocation: Invocation, stop: Event) -> Reply:
        """Sends the request; see `chem_endpoints.client.transport.Transport`."""
        (body, retries), refused = self._capacity.run(
            lambda: with_retries(lambda: self._invoke(invocation), sleep=stop.wait), stop.wait
        )
        return Reply(body=body, retries=retries + refused)

    def _invoke(self, invocation: Invocation) -> bytes:
        response: dict[str, Any] = self._runtime.invoke_endpoint(
            EndpointName=self._name,
            Body=invocation.body,
            ContentType=invocation.content_type,
            Accept=invocation.content_type,
            CustomAttributes=invocation.attributes,
            **self._addressed,
        )
        return bytes(response["Body"].read())
