"""Async endpoints: put the request into S3, invoke, wait for the answer or the failure to appear there."""

import time
import uuid
from threading import Event
from typing import Any

from chem_endpoints.client.aws import ABSENT_OR_HIDDEN, AwsClients, read_object, split_uri
from chem_endpoints.client.description import EndpointDescription
from chem_endpoints.client.retry import call, with_retries
from chem_endpoints.client.transport import Invocation, Reply
from chem_endpoints.errors import EndpointError, InvocationTimeoutError, ModelFailedError
from chem_endpoints.spec.support_matrix import SUPPORT
from chem_endpoints.wire.content_types import ARROW, CSV, JSON

EXTENSIONS = {CSV: "csv", JSON: "json", ARROW: "arrow"}
QUEUE_SECONDS = SUPPORT["async"].queue_seconds.value
"""How long a request may wait for an instance: SageMaker's own longest."""

FIRST_POLL_SECONDS = 0.1
LONGEST_POLL_SECONDS = 10.0


class AsyncTransport:
    """``InvokeEndpointAsync``. Requests and answers stay in S3 for as long as the declaration says."""

    body_limit = 100_000_000

    def __init__(self, description: EndpointDescription, clients: AwsClients) -> None:
        if description.input_uri is None:
            raise EndpointError(
                f"endpoint {description.name!r} does not say where requests belong (tag chem-endpoints:input);"
                " deploy it again"
            )
        self._description = description
        self._clients = clients
        self._input_uri = description.input_uri

    def invoke(self, invocation: Invocation, stop: Event) -> Reply:
        """Sends the request; see `chem_endpoints.client.transport.Transport`."""
        location = self._upload(invocation)
        response, retries = with_retries(lambda: self._invoke(location, invocation), sleep=stop.wait)
        body = self._wait(response["OutputLocation"], response.get("FailureLocation"), stop)
        return Reply(body=body, retries=retries)

    def _upload(self, invocation: Invocation) -> str:
        # The name says nothing about the contents: keys appear in logs.
        location = f"{self._input_uri}{uuid.uuid4().hex}.{EXTENSIONS[invocation.content_type]}"
        bucket, key = split_uri(location)
        call(
            self._clients.s3.put_object,
            Bucket=bucket,
            Key=key,
            Body=invocation.body,
            ContentType=invocation.content_type,
        )
        return location

    def _invoke(self, location: str, invocation: Invocation) -> Any:
        return self._clients.runtime.invoke_endpoint_async(
            EndpointName=self._description.name,
            InputLocation=location,
            ContentType=invocation.content_type,
            Accept=invocation.content_type,
            CustomAttributes=invocation.attributes,
            InvocationTimeoutSeconds=self._description.settings.invocation_timeout_s,
        )

    def _wait(self, output: str, failure: str | None, stop: Event) -> bytes:
        deadline = time.monotonic() + QUEUE_SECONDS + self._description.settings.invocation_timeout_s
        interval = FIRST_POLL_SECONDS
        while time.monotonic() < deadline:
            if (body := self._look(output)) is not None:
                return body
            if failure and (told := self._look(failure)) is not None:
                raise ModelFailedError(f"the invocation failed: {told.decode(errors='replace')}")
            if stop.wait(interval):
                raise EndpointError("the wait for an answer was given up, because another request failed")
            interval = min(interval * 1.5, LONGEST_POLL_SECONDS)
        raise InvocationTimeoutError(
            f"neither {output} nor a failure appeared in {QUEUE_SECONDS / 3600:.0f} hours; are you allowed to read it?"
        )

    def _look(self, location: str) -> bytes | None:
        return call(read_object, self._clients.s3, *split_uri(location), absent=ABSENT_OR_HIDDEN)
