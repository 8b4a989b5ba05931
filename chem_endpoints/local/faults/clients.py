"""Stand-ins for boto3's clients over a `FaultyRuntime`: same operations, same responses, botocore's own exceptions."""

import io
import json
from collections.abc import Mapping
from http.client import responses
from typing import IO, Any, TypeVar

from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.response import StreamingBody

from chem_endpoints.local.faults.async_request import AsyncCall
from chem_endpoints.local.faults.container import Request
from chem_endpoints.local.faults.outcome import Break, Outcome
from chem_endpoints.local.faults.runtime import FaultyRuntime
from chem_endpoints.local.faults.settings import Parameters
from chem_endpoints.local.faults.virtual_clock import VirtualClock
from chem_endpoints.local.invocation_errors import InvocationError

T = TypeVar("T")

URL = "https://simulated"
_BREAKS = {
    Break.UNREACHABLE: EndpointConnectionError,
    Break.RESET: ConnectionClosedError,
    Break.READ_TIMEOUT: ReadTimeoutError,
}


class SimulatedClients:
    """The three clients that `chem_endpoints.client.aws.AwsClients` holds.

    Args:
        runtime: what answers.
        clock: moves on by what each call takes.

    Attributes:
        machine: what answers.
        clock: the clock.
        sagemaker: describe_endpoint, describe_endpoint_config, list_tags.
        runtime: invoke_endpoint, invoke_endpoint_async.
        s3: put_object, get_object, head_object, list_objects_v2, delete_object, delete_objects.
    """

    def __init__(self, runtime: FaultyRuntime, clock: VirtualClock | None = None) -> None:
        self.machine = runtime
        self.clock = clock or VirtualClock()
        self.sagemaker = SimulatedSageMaker(runtime, self.clock)
        self.runtime = SimulatedRuntime(runtime, self.clock)
        self.s3 = SimulatedS3(runtime, self.clock)


class _Client:
    def __init__(self, runtime: FaultyRuntime, clock: VirtualClock) -> None:
        self._machine, self._clock = runtime, clock

    def _take(self, outcome: Outcome[T], operation: str, *, bodiless: bool = False) -> T:
        """Lets the call's time pass; returns its value or raises what boto3 would."""
        self._clock.spend(outcome.seconds)
        if outcome.broken is not None:
            raise _BREAKS[outcome.broken](endpoint_url=URL)
        if outcome.error is not None:
            raise client_error(outcome.error, operation, bodiless=bodiless)
        assert outcome.value is not None
        return outcome.value


class SimulatedSageMaker(_Client):
    """``boto3.client("sagemaker")``."""

    def describe_endpoint(self, *, EndpointName: str) -> Parameters:  # noqa: N803 - boto3's name
        """See boto3."""
        return self._take(self._machine.describe_endpoint(EndpointName, self._clock.now()), "DescribeEndpoint")

    def describe_endpoint_config(self, *, EndpointConfigName: str) -> Parameters:  # noqa: N803
        """See boto3."""
        outcome = self._machine.describe_endpoint_config(EndpointConfigName, self._clock.now())
        return self._take(outcome, "DescribeEndpointConfig")

    def list_tags(self, *, ResourceArn: str, MaxResults: int = 100) -> Parameters:  # noqa: N803
        """See boto3."""
        return self._take(self._machine.list_tags(ResourceArn, self._clock.now()), "ListTags")


class SimulatedRuntime(_Client):
    """``boto3.client("sagemaker-runtime")``."""

    def invoke_endpoint(self, *, EndpointName: str, Body: bytes | str, **more: Any) -> Parameters:  # noqa: N803
        """See boto3."""
        request = Request(
            body=_bytes(Body),
            content_type=more.get("ContentType"),
            accept=more.get("Accept"),
            attributes=more.get("CustomAttributes"),
        )
        component = more.get("InferenceComponentName")
        outcome = self._machine.invoke(EndpointName, request, self._clock.now(), component=component)
        answer = self._take(outcome, "InvokeEndpoint")
        return {
            "Body": _streamed(answer.body, truncated=outcome.truncated),
            "ContentType": answer.content_type,
            "InvokedProductionVariant": "AllTraffic",
            **({"CustomAttributes": answer.attributes} if answer.attributes else {}),
            "ResponseMetadata": _metadata(200),
        }

    def invoke_endpoint_async(self, *, EndpointName: str, **parameters: Any) -> Parameters:  # noqa: N803
        """See boto3."""
        outcome = self._machine.invoke_async(EndpointName, async_call(parameters), self._clock.now())
        places = self._take(outcome, "InvokeEndpointAsync")
        return {
            "InferenceId": places.inference_id,
            "OutputLocation": places.output,
            "FailureLocation": places.failure,
            "ResponseMetadata": _metadata(202),
        }


class SimulatedS3(_Client):
    """``boto3.client("s3")``."""

    def put_object(self, *, Bucket: str, Key: str, Body: bytes | str | IO[bytes] = b"", **more: Any) -> Parameters:  # noqa: N803
        """See boto3."""
        outcome = self._machine.bucket.put(
            Bucket,
            Key,
            _bytes(Body),
            self._clock.now(),
            content_type=more.get("ContentType", "binary/octet-stream"),
            metadata=more.get("Metadata"),
            only_if_absent=more.get("IfNoneMatch") == "*",
        )
        return {"ETag": self._take(outcome, "PutObject").etag, "ResponseMetadata": _metadata(200)}

    def get_object(self, *, Bucket: str, Key: str) -> Parameters:  # noqa: N803
        """See boto3."""
        outcome = self._machine.bucket.get(Bucket, Key, self._clock.now())
        stored = self._take(outcome, "GetObject")
        body = stored.body or b""
        return {
            "Body": _streamed(body, truncated=outcome.truncated),
            "ContentLength": len(body),
            "ContentType": stored.content_type,
            "ETag": stored.etag,
            "Metadata": dict(stored.metadata),
            "ResponseMetadata": _metadata(200),
        }

    def head_object(self, *, Bucket: str, Key: str) -> Parameters:  # noqa: N803
        """See boto3."""
        stored = self._take(self._machine.bucket.head(Bucket, Key, self._clock.now()), "HeadObject", bodiless=True)
        return {
            "ContentLength": len(stored.body or b""),
            "ContentType": stored.content_type,
            "ETag": stored.etag,
            "Metadata": dict(stored.metadata),
            "ResponseMetadata": _metadata(200),
        }

    def list_objects_v2(self, *, Bucket: str, Prefix: str = "", **more: Any) -> Parameters:  # noqa: N803
        """See boto3. Pages by ``MaxKeys``; ``ContinuationToken`` and ``StartAfter`` are keys."""
        found = self._take(self._machine.bucket.list(Bucket, Prefix, self._clock.now()), "ListObjectsV2")
        after = more.get("ContinuationToken") or more.get("StartAfter") or ""
        rest = [(key, stored) for key, stored in found if key.encode() > after.encode()]
        page = rest[: min(int(more.get("MaxKeys", 1000)), 1000)]
        contents = [{"Key": key, "Size": len(stored.body or b""), "ETag": stored.etag} for key, stored in page]
        listed: Parameters = {
            "KeyCount": len(page),
            "IsTruncated": len(page) < len(rest),
            "ResponseMetadata": _metadata(200),
        }
        if contents:
            listed["Contents"] = contents
        if listed["IsTruncated"]:
            listed["NextContinuationToken"] = page[-1][0]
        return listed

    def delete_object(self, *, Bucket: str, Key: str) -> Parameters:  # noqa: N803
        """See boto3."""
        self._take(self._machine.bucket.delete(Bucket, Key, self._clock.now()), "DeleteObject")
        return {"ResponseMetadata": _metadata(204)}

    def delete_objects(self, *, Bucket: str, Delete: Mapping[str, Any]) -> Parameters:  # noqa: N803
        """See boto3."""
        keys = [one["Key"] for one in Delete["Objects"]]
        self._take(self._machine.bucket.delete_many(Bucket, keys, self._clock.now()), "DeleteObjects")
        return {"Deleted": [{"Key": key} for key in keys], "ResponseMetadata": _metadata(200)}


def client_error(error: InvocationError, operation: str, *, bodiless: bool = False) -> ClientError:
    """The exception that botocore makes of an error; an error without a body (HEAD) has its status as its code."""
    members = json.loads(error.body)
    code = str(error.status) if bodiless or error.code is None else error.code
    response: Any = {
        "Error": {"Code": code, "Message": _phrase(error.status) if bodiless else members["Message"]},
        "ResponseMetadata": _metadata(error.status),
        **({} if bodiless else members),
    }
    return ClientError(response, operation)


def _phrase(status: int) -> str:
    """What botocore says of an error without a body."""
    return responses.get(status, "")


def async_call(parameters: Mapping[str, Any]) -> AsyncCall:
    """Parameters of InvokeEndpointAsync as the state machine takes them."""
    request = Request(
        body=_bytes(parameters.get("Body", b"")),
        content_type=parameters.get("ContentType"),
        accept=parameters.get("Accept"),
        attributes=parameters.get("CustomAttributes"),
    )
    named = {
        "input_location": "InputLocation",
        "inference_id": "InferenceId",
        "filename": "Filename",
        "extension": "S3OutputPathExtension",
        "timeout_seconds": "InvocationTimeoutSeconds",
        "ttl_seconds": "RequestTTLSeconds",
    }
    return AsyncCall(
        request=request, **{ours: parameters[theirs] for ours, theirs in named.items() if theirs in parameters}
    )


def _bytes(body: bytes | str | IO[bytes]) -> bytes:
    if isinstance(body, str):
        return body.encode()
    return bytes(body) if isinstance(body, bytes | bytearray | memoryview) else body.read()


def _streamed(body: bytes, *, truncated: bool) -> StreamingBody:
    """The body as botocore streams it: reading one that broke off raises botocore's own error."""
    arrived = body[: len(body) // 2] if truncated else body
    return StreamingBody(io.BytesIO(arrived), content_length=max(len(body), 1) if truncated else len(body))


def _metadata(status: int) -> Parameters:
    return {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}
