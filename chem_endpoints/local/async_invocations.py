"""InvokeEndpointAsync: a queue per endpoint, results and failures to the local S3, notices to SNS."""

import http
import json
import logging
import re
import shutil
import threading
import uuid
from collections import deque
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.container_response import Invocation
from chem_endpoints.local.fleet import Fleet
from chem_endpoints.local.invocation_errors import InvocationError, validation_error
from chem_endpoints.local.model_folder import s3_location
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.runtime import Runtime
from chem_endpoints.local.scaling.clock import Clock
from chem_endpoints.local.scaling.published_metrics import Backlog
from chem_endpoints.spec.support_matrix import SUPPORT

_LOGGER = logging.getLogger(__name__)
_PREFIX = "X-Amzn-SageMaker-"
_LIMITS = SUPPORT["async"]
INLINE_BYTES = _LIMITS.inline_request_bytes.value
"""Size that a body in the request itself may have (InvokeEndpointAsync)."""

DEFAULT_TIMEOUT_SECONDS = 900
DEFAULT_TTL_SECONDS = _LIMITS.queue_seconds.value
DEFAULT_CONCURRENCY = 4
"""Without MaxConcurrentInvocationsPerInstance SageMaker chooses; this is our choice."""

_POLL_SECONDS = 0.1
_COPY_BYTES = 1 << 20
FILENAME = re.compile(r"(?!.*\..*\.)[a-zA-Z0-9][a-zA-Z0-9-_.]{0,31}")
"""What ``Filename`` of an asynchronous invocation may be."""
EXTENSION = re.compile(r"(?!s3:|https:)[a-zA-Z0-9!_.*'()/-]{1,512}")
"""What ``S3OutputPathExtension`` may be."""


@dataclass(frozen=True, kw_only=True)
class AsyncRequest:
    """One accepted asynchronous invocation."""

    inference_id: str
    invocation: Invocation
    input_location: str | None
    """None: the body came with the request."""
    output_location: str
    failure_location: str | None
    timeout_seconds: int
    ttl_seconds: int
    received: datetime = field(default_factory=lambda: datetime.now(UTC))
    queued: float
    """When, in seconds of the local AWS's clock."""

    def expired(self, now: float) -> bool:
        """Whether it has waited for longer than it may."""
        return now - self.queued > self.ttl_seconds


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What became of a request."""

    body: bytes | IO[bytes]
    content_type: str
    failure: str | None = None


class _InputTooLargeError(Exception):
    """The S3 object is larger than a request may be."""


class AsyncInvocations:
    """The queues of all asynchronous endpoints."""

    def __init__(
        self,
        runtime: Runtime,
        clients: OwnClients,
        clock: Clock | None = None,
        *,
        body_bytes: int = _LIMITS.request_bytes.value,
    ) -> None:
        self._body_bytes = body_bytes
        self._runtime, self._clients, self._clock = runtime, clients, clock or Clock()
        self._queues: dict[tuple[str, str], deque[AsyncRequest]] = {}
        self._running: dict[tuple[str, str], list[AsyncRequest]] = {}
        self._changed = threading.Condition()
        threading.Thread(target=self._dispatch, name="async dispatcher", daemon=True).start()

    @property
    def unfinished(self) -> int:
        """Requests that wait or run."""
        with self._changed:
            return sum(map(len, self._queues.values())) + sum(map(len, self._running.values()))

    def backlog(self, region: str, name: str) -> Backlog:
        """The queue of an endpoint: what waits and what runs, as SageMaker counts it."""
        with self._changed:
            waiting = list(self._queues.get((region, name), ()))
            unfinished = [*waiting, *self._running.get((region, name), ())]
        now = self._clock.seconds()
        oldest = max((now - request.queued for request in unfinished), default=0.0)
        return Backlog(size=len(unfinished), waiting=len(waiting), oldest_seconds=oldest)

    def accept(self, name: str, region: str, headers: Mapping[str, str], body: bytes) -> AsyncRequest:
        """Queues an invocation.

        Raises:
            InvocationError: the endpoint is not asynchronous, or the request is malformed.
        """
        endpoint, fleet = self._runtime.serving(name, region)
        if fleet.async_config is None:
            raise validation_error(f"Endpoint {name} does not support asynchronous inference: use InvokeEndpoint.")
        request = _request_from(fleet.async_config.get("OutputConfig", {}), headers, body, self._clock.seconds())
        with self._changed:
            self._queues.setdefault((region, endpoint.name), deque()).append(request)
            self._changed.notify()
        return request

    def _dispatch(self) -> None:
        while True:
            with self._changed:
                started = [self._try_to_start_one(key) for key in list(self._queues)]
                if not any(started):
                    self._changed.wait(_POLL_SECONDS if any(self._queues.values()) else None)

    def _try_to_start_one(self, key: tuple[str, str]) -> bool:
        try:
            return self._start_one(key)
        except Exception:
            _LOGGER.exception("The asynchronous queue of %s could not be looked at; the next attempt follows", key[1])
            return False

    def _start_one(self, key: tuple[str, str]) -> bool:
        """Starts the oldest request of one queue when the endpoint has room; forgets it with its endpoint."""
        region, name = key
        try:
            _, fleet = self._runtime.serving(name, region)
        except InvocationError:
            self._queues.pop(key)
            return False
        queue = self._queues[key]
        running = self._running.setdefault(key, [])
        if not queue or (len(running) >= _slots(fleet) and not queue[0].expired(self._clock.seconds())):
            return False
        request = queue.popleft()
        running.append(request)
        threading.Thread(target=self._run, args=(key, request), name="async invocation", daemon=True).start()
        return True

    def _run(self, key: tuple[str, str], request: AsyncRequest) -> None:
        try:
            with TemporaryFile() as sent, TemporaryFile() as answered:  # Without names: nothing stays behind.
                outcome = self._outcome(key, request, sent, answered)
                if outcome is None:
                    self._put_back(key, request)
                else:
                    stored = self._stored(key, request, outcome)
                    self._count(key, stored)
                    self._notify(key, request, stored)
        except Exception:
            _LOGGER.exception("An asynchronous invocation failed inside the local AWS")
        finally:
            with self._changed:
                self._running[key].remove(request)
                self._changed.notify()

    def _put_back(self, key: tuple[str, str], request: AsyncRequest) -> None:
        """No instance took the request: it waits for one, at the head of its queue."""
        with self._changed:
            self._queues.setdefault(key, deque()).appendleft(request)

    def _outcome(
        self, key: tuple[str, str], request: AsyncRequest, sent: IO[bytes], answered: IO[bytes]
    ) -> _Outcome | None:
        """What became of the request; None when no instance could take it. The files hold its body and its answer."""
        if request.expired(self._clock.seconds()):
            return _failed("The request expired in the queue before it could be processed.")
        region, name = key
        try:
            invocation = self._with_body(region, request, sent)
            endpoint, fleet = self._runtime.serving(name, region)
            with self._runtime.forward(endpoint, fleet, invocation, request.timeout_seconds) as answer:
                answer.copy_to(answered)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            return _failed(f"ClientError: Failed to download the input from {request.input_location}: {code}")
        except _InputTooLargeError:
            return _failed(f"The input {request.input_location} is larger than {self._body_bytes} bytes.")
        except (BotoCoreError, ValueError) as error:
            _LOGGER.warning("The input of an asynchronous invocation is not readable: %s", type(error).__name__)
            return _failed(f"Failed to download the input from {request.input_location}: not an S3 object's location")
        except InvocationError as error:
            if error.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
                return None
            return _failed(str(error))
        return _Outcome(body=answered, content_type=answer.response.content_type)

    def _with_body(self, region: str, request: AsyncRequest, file: IO[bytes]) -> Invocation:
        """The invocation with its body, which is copied to the file when it lies in S3."""
        if request.input_location is None:
            return request.invocation
        bucket, key = s3_location(request.input_location)
        found = self._clients("s3", region).get_object(Bucket=bucket, Key=key)
        with closing(found["Body"]) as body:
            if found["ContentLength"] > self._body_bytes:
                raise _InputTooLargeError
            shutil.copyfileobj(body, file, _COPY_BYTES)
        headers = dict(request.invocation.headers)
        headers.setdefault("Content-Type", found["ContentType"])
        return Invocation(body=file, headers=headers)

    def _stored(self, key: tuple[str, str], request: AsyncRequest, outcome: _Outcome) -> _Outcome:
        """Puts the result, or the failure; a result that cannot be put becomes a failure."""
        region, _ = key
        if outcome.failure is None:
            try:
                self._put(region, request.output_location, outcome)
            except (ClientError, BotoCoreError) as error:
                code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
                outcome = _failed(f"ClientError: Failed to upload the output to {request.output_location}: {code}")
            else:
                return outcome
        if request.failure_location is not None:
            try:
                self._put(region, request.failure_location, outcome)
            except (ClientError, BotoCoreError) as error:
                _LOGGER.warning("The failure of an asynchronous invocation was not stored: %s", type(error).__name__)
        return outcome

    def _put(self, region: str, location: str, outcome: _Outcome) -> None:
        bucket, key = s3_location(location)
        if not isinstance(outcome.body, bytes):
            outcome.body.seek(0)
        self._clients("s3", region).put_object(
            Bucket=bucket, Key=key, Body=outcome.body, ContentType=outcome.content_type
        )

    def _notify(self, key: tuple[str, str], request: AsyncRequest, outcome: _Outcome) -> None:
        region, name = key
        topic = self._topic(name, region, "SuccessTopic" if outcome.failure is None else "ErrorTopic")
        if topic is None:
            return
        message = json.dumps(_notice(name, region, request, outcome))
        try:
            self._clients("sns", region).publish(TopicArn=topic, Message=message)
        except (ClientError, BotoCoreError) as error:
            _LOGGER.warning("The notice of an asynchronous invocation was not sent: %s", type(error).__name__)

    def _count(self, key: tuple[str, str], outcome: _Outcome) -> None:
        region, name = key
        try:
            _, fleet = self._runtime.serving(name, region)
        except InvocationError:
            return  # Deleted meanwhile: nobody asks for its metrics.
        variant = str(fleet.config["ProductionVariants"][0]["VariantName"])
        self._runtime.traffic.finished_async(region, name, variant, failed=outcome.failure is not None)

    def _topic(self, name: str, region: str, kind: str) -> str | None:
        try:
            _, fleet = self._runtime.serving(name, region)
        except InvocationError:
            return None
        output: dict[str, Any] = (fleet.async_config or {}).get("OutputConfig", {})
        return (output.get("NotificationConfig") or {}).get(kind)


def _slots(fleet: Fleet) -> int:
    client = (fleet.async_config or {}).get("ClientConfig", {})
    ready = sum(instance.ready for instance in fleet.instances)
    return int(client.get("MaxConcurrentInvocationsPerInstance", DEFAULT_CONCURRENCY)) * ready


def _failed(reason: str) -> _Outcome:
    return _Outcome(body=reason.encode(), content_type="text/plain", failure=reason)


def _request_from(output: Mapping[str, Any], headers: Mapping[str, str], body: bytes, queued: float) -> AsyncRequest:
    location = headers.get(_PREFIX + "InputLocation")
    if (location is None) == (not body):
        raise validation_error("Provide exactly one of InputLocation and Body.")
    if len(body) > INLINE_BYTES:
        raise validation_error(f"Body is larger than {INLINE_BYTES} bytes. Upload it to S3 and give its InputLocation.")
    inference_id = headers.get(_PREFIX + "Inference-Id") or str(uuid.uuid4())
    output_path, failure_path = output.get("S3OutputPath"), output.get("S3FailurePath")
    if output_path is None:
        raise validation_error("The endpoint's AsyncInferenceConfig has no S3OutputPath.")
    own_name = str(uuid.uuid4())
    return AsyncRequest(
        inference_id=inference_id,
        queued=queued,
        invocation=Invocation(body=body, headers=_container_headers(headers, inference_id)),
        input_location=location,
        output_location=_join(output_path, *_output_name(headers, own_name)),
        failure_location=_join(failure_path, f"{own_name}-error.out") if failure_path else None,
        timeout_seconds=_seconds(
            headers, "InvocationTimeoutSeconds", DEFAULT_TIMEOUT_SECONDS, 1, _LIMITS.response_seconds.value
        ),
        ttl_seconds=_seconds(headers, "RequestTTLSeconds", DEFAULT_TTL_SECONDS, 60, _LIMITS.queue_seconds.value),
    )


def _container_headers(headers: Mapping[str, str], inference_id: str) -> dict[str, str]:
    """The asynchronous operation carries content type and accept under names of its own."""
    renamed = {
        "Content-Type": headers.get(_PREFIX + "Content-Type"),
        "Accept": headers.get(_PREFIX + "Accept"),
        _PREFIX + "Custom-Attributes": headers.get(_PREFIX + "Custom-Attributes"),
        _PREFIX + "Inference-Id": inference_id,
    }
    return {name: value for name, value in renamed.items() if value is not None}


def _output_name(headers: Mapping[str, str], own_name: str) -> tuple[str, str]:
    extension, filename = headers.get(_PREFIX + "S3OutputPathExtension"), headers.get(_PREFIX + "Filename")
    if extension is not None and not EXTENSION.fullmatch(extension):
        raise validation_error("S3OutputPathExtension has characters that are not allowed.")
    if filename is not None and not FILENAME.fullmatch(filename):
        raise validation_error("Filename has characters that are not allowed, or more than 32.")
    return extension or "", filename or f"{own_name}.out"


def _join(path: str, *names: str) -> str:
    return "/".join([path.rstrip("/"), *(name.strip("/") for name in names if name)])


def _seconds(headers: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = headers.get(_PREFIX + name)
    if text is None:
        return default
    if not text.isdecimal() or not least <= int(text) <= most:
        raise validation_error(f"{name} must be between {least} and {most}.")
    return int(text)


def _notice(name: str, region: str, request: AsyncRequest, outcome: _Outcome) -> dict[str, Any]:
    """The message that SageMaker sends to the SNS topics."""
    notice: dict[str, Any] = {
        "awsRegion": region,
        "eventTime": _timestamp(datetime.now(UTC)),
        "receivedTime": _timestamp(request.received),
        "invocationStatus": "Completed" if outcome.failure is None else "Failed",
        "requestParameters": {"endpointName": name, "inputLocation": request.input_location},
        "inferenceId": request.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    if outcome.failure is None:
        notice["responseParameters"] = {
            "contentType": outcome.content_type,
            "outputLocation": request.output_location,
        }
    else:
        notice["failureReason"] = outcome.failure
        notice["failureLocation"] = request.failure_location
    return notice


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
