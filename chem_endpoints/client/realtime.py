"""Real-time endpoints: one request, one answer."""

from threading import Event
from typing import Any

from chem_endpoints.client.aws import AwsClients
from chem_endpoints.client.retry import with_retries
from chem_endpoints.client.transport import Invocation, Reply


class RealtimeTransport:
    """``InvokeEndpoint``."""

    body_limit = 5_000_000
    """AWS's pages say 25 MB or 6 MB; what each accepts goes everywhere."""

    def __init__(self, name: str, clients: AwsClients) -> None:
        self._name = name
        self._runtime = clients.runtime

    def invoke(self, invocation: Invocation, stop: Event) -> Reply:
        """Sends the request; see `chem_endpoints.client.transport.Transport`."""
        body, retries = with_retries(lambda: self._invoke(invocation), sleep=stop.wait)
        return Reply(body=body, retries=retries)

    def _invoke(self, invocation: Invocation) -> bytes:
        response: dict[str, Any] = self._runtime.invoke_endpoint(
            EndpointName=self._name,
            Body=invocation.body,
            ContentType=invocation.content_type,
            Accept=invocation.content_type,
            CustomAttributes=invocation.attributes,
        )
        return bytes(response["Body"].read())
