"""Async endpoints: hand the request over, then wait for the answer or the failure to appear in S3.

Sources: InvokeEndpointAsync API reference; "Asynchronous inference", SageMaker developer guide.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from chem_endpoints.client.aws import ABSENT_OR_HIDDEN, AwsClients, read_object, split_uri
from chem_endpoints.client.description import EndpointDescription
from chem_endpoints.client.retry import FailedInvocation, Failure, of_words, retried
from chem_endpoints.client.steps import Steps
from chem_endpoints.client.transport import Invocation, Reply
from chem_endpoints.errors import InvocationTimeoutError, ModelFailedError
from chem_endpoints.spec.support_matrix import SUPPORT
from chem_endpoints.wire.arrow_format import arrow_digest
from chem_endpoints.wire.content_types import ARROW, CSV, JSON

EXTENSIONS = {CSV: "csv", JSON: "json", ARROW: "arrow"}
"""Format → end of the name of its object."""
QUEUE_SECONDS = SUPPORT["async"].queue_seconds.value
"""How long a request may wait for an instance: SageMaker's own longest, and what is asked for."""
INLINE_BYTES = SUPPORT["async"].inline_request_bytes.value
"""Largest body inside the call."""
OBJECT_BYTES = 100_000_000
"""Largest body that lies in S3; SageMaker takes 1 GB, our server and its memory do not."""

FIRST_POLL_SECONDS = 0.1
POLL_GROWTH = 1.5
LONGEST_POLL_SECONDS = 10.0

EXPIRED = "expired in the queue"
"""Words of the failure of a request that no instance took in `QUEUE_SECONDS`; they say nothing about its rows."""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """Where the answer to one asynchronous request appears, or else its failure.

    Attributes:
        s3: boto3's client.
        output: ``s3://…`` of the answer.
        failure: ``s3://…`` of the failure; ``None``: the endpoint stores none.
    """

    s3: Any
    output: str
    failure: str | None

    def look(self) -> Steps[bytes | None]:
        """Steps that look once: the answer, or ``None`` when there is neither answer nor failure.

        A caller without s3:ListBucket gets 403 for an object that is not there; here it counts as absent.

        Raises:
            FailedInvocation: there is a failure.
        """
        if (body := (yield from _read(self.s3, self.output))) is not None:
            return body
        if self.failure and (told := (yield from _read(self.s3, self.failure))) is not None:
            raise FailedInvocation(failure_of(told))
        return None

    def wait(self, seconds: float) -> Steps[bytes]:
        """Steps that look, ever more seldom, for so many seconds of pauses.

        Raises:
            FailedInvocation: there is a failure, or nothing came.
        """
        waited, interval = 0.0, FIRST_POLL_SECONDS
        while (body := (yield from self.look())) is None:
            if waited >= seconds:
                raise FailedInvocation(self._missing(seconds))
            yield interval
            waited += interval
            interval = min(interval * POLL_GROWTH, LONGEST_POLL_SECONDS)
        return body

    def _missing(self, seconds: float) -> Failure:
        error = InvocationTimeoutError(
            f"neither {self.output} nor a failure appeared in {seconds / 3600:.1f} hours; are you allowed to read it?"
        )
        return Failure(kind="refused", error=error)


def failure_of(told: bytes) -> Failure:
    """The failure that a failure object means."""
    text = told.decode(errors="replace")
    if EXPIRED in text:
        error = ModelFailedError("no instance took the request before it expired in the queue; is auto scaling on?")
        return Failure(kind="unavailable", error=error)
    return of_words(text)


def longest_wait(invocation_timeout_s: float) -> float:
    """Seconds after which SageMaker itself has given a request up: its time in the queue, and that of the model."""
    return QUEUE_SECONDS + invocation_timeout_s


def reply_of(body: bytes, content_type: str) -> Reply:
    """The reply that an answer's object holds; only Arrow carries the model digest, as S3 has no header for it."""
    return Reply(body=body, content_type=content_type, digest=arrow_digest(body) if content_type == ARROW else "")


class AsyncTransport:
    """``InvokeEndpointAsync``.

    A request is put below the endpoint's input place, where the declaration's retention says how long it stays. An
    endpoint without such a place gets it inside the call, which limits its size. Nothing is sent to warm it up.
    """

    def __init__(self, description: EndpointDescription, clients: AwsClients) -> None:
        self._description = description
        self._clients = clients
        self.body_limit = INLINE_BYTES if description.input_uri is None else OBJECT_BYTES

    def invoke(self, invocation: Invocation) -> Steps[Reply]:
        """Sends the request; see `chem_endpoints.client.transport.Transport`."""
        sent: dict[str, Any] = {"Body": invocation.body}
        if self._description.input_uri is not None:
            sent = {"InputLocation": (yield from self._upload(invocation, self._description.input_uri))}
        seconds = self._description.settings.invocation_timeout_s
        response = self._clients.runtime.invoke_endpoint_async(
            EndpointName=self._description.name,
            ContentType=invocation.content_type,
            Accept=invocation.accept,
            InvocationTimeoutSeconds=seconds,
            RequestTTLSeconds=QUEUE_SECONDS,
            **({"CustomAttributes": invocation.attributes} if invocation.attributes else {}),
            **sent,
        )
        arrival = Arrival(
            s3=self._clients.s3, output=response["OutputLocation"], failure=response.get("FailureLocation")
        )
        body = yield from arrival.wait(longest_wait(seconds))
        return reply_of(body, invocation.accept)

    def _upload(self, invocation: Invocation, input_uri: str) -> Steps[str]:
        # The name says nothing about the contents: keys appear in logs.
        location = f"{input_uri}{uuid.uuid4().hex}.{EXTENSIONS[invocation.content_type]}"
        bucket, key = split_uri(location)
        yield from retried(
            lambda: self._clients.s3.put_object(
                Bucket=bucket, Key=key, Body=invocation.body, ContentType=invocation.content_type
            )
        )
        return location


def _read(s3: Any, location: str) -> Steps[bytes | None]:
    bucket, key = split_uri(location)
    return (yield from retried(lambda: read_object(s3, bucket, key, ABSENT_OR_HIDDEN)))
