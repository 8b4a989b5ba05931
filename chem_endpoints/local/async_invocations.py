"""InvokeEndpointAsync: a queue per endpoint, results and failures to the local S3, notices to SNS."""

import http
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.async_notices import RESPONSE_BYTES, notice, topic_of
from chem_endpoints.local.async_objects import AsyncObjects, ObjectError
from chem_endpoints.local.async_request import AsyncRequest, request_from
from chem_endpoints.local.container_response import Invocation
from chem_endpoints.local.faults.live import RequestLostError
from chem_endpoints.local.fleet import Fleet
from chem_endpoints.local.invocation_errors import EXPIRED, InvocationError, validation_error
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.runtime import Runtime
from chem_endpoints.local.scaling.clock import Clock
from chem_endpoints.local.scaling.published_metrics import Backlog
from chem_endpoints.local.scaling.traffic import AsyncResult
from chem_endpoints.spec.support_matrix import SUPPORT

_LOGGER = logging.getLogger(__name__)
DEFAULT_CONCURRENCY = 4
"""Without MaxConcurrentInvocationsPerInstance SageMaker chooses; this is our choice."""

_POLL_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What became of a request."""

    body: IO[bytes]
    content_type: str
    failure: str | None = None

    def response(self) -> bytes:
        """Its first bytes: all that a notice may have, and one more."""
        self.body.seek(0)
        return self.body.read(RESPONSE_BYTES + 1)


class AsyncInvocations:
    """The queues of all asynchronous endpoints."""

    def __init__(
        self,
        runtime: Runtime,
        clients: OwnClients,
        clock: Clock | None = None,
        *,
        body_bytes: int = SUPPORT["async"].request_bytes.value,
        before_work: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._runtime, self._clients, self._clock = runtime, clients, clock or Clock()
        self._before_work = before_work
        self._objects = AsyncObjects(clients, body_bytes=body_bytes)
        self._queues: dict[tuple[str, str], deque[AsyncRequest]] = {}
        self._running: dict[tuple[str, str], list[AsyncRequest]] = {}
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        threading.Thread(target=self._dispatch, name="async dispatcher", daemon=True).start()

    def stop(self) -> None:
        """Starts nothing more. What fails from now on fails since the servers end: it is kept, and begun again."""
        self._stopping.set()

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

    def snapshot(self) -> dict[tuple[str, str], list[AsyncRequest]]:
        """What is kept: all that waits, and what runs, which is begun again."""
        with self._changed:
            keys = {*self._queues, *self._running}
            return {key: [*self._running.get(key, ()), *self._queues.get(key, ())] for key in keys}

    def restore(self, kept: dict[tuple[str, str], list[AsyncRequest]]) -> None:
        """Takes the queues of another local AWS."""
        with self._changed:
            self._queues.update({key: deque(requests) for key, requests in kept.items() if requests})
            self._changed.notify()

    def accept(self, name: str, region: str, headers: Mapping[str, str], body: bytes) -> AsyncRequest:
        """Queues an invocation.

        Raises:
            InvocationError: the endpoint is not asynchronous, or the request is malformed.
        """
        endpoint, fleet = self._runtime.serving(name, region)
        if fleet.async_config is None:
            raise validation_error(f"Endpoint {name} does not support asynchronous inference: use InvokeEndpoint.")
        request = request_from(fleet.async_config, headers, body, self._clock.seconds())
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
        """Starts the oldest request of one queue when the endpoint has room, and any that has expired."""
        if self._stopping.is_set():
            return False
        region, name = key
        try:
            _, fleet = self._runtime.serving(name, region)
        except InvocationError:
            if not self._runtime.will_serve(name, region):
                self._queues.pop(key)  # It is forgotten with its endpoint.
            return False
        queue, running, now = self._queues[key], self._running.setdefault(key, []), self._clock.seconds()
        request = next((request for request in queue if request.expired(now)), None)
        if request is None and queue and len(running) < _slots(fleet):
            request = queue[0]
        if request is None:
            return False
        queue.remove(request)
        running.append(request)
        threading.Thread(target=self._run, args=(key, request), name="async invocation", daemon=True).start()
        return True

    def _run(self, key: tuple[str, str], request: AsyncRequest) -> None:
        result = AsyncResult(backlog_seconds=self._clock.seconds() - request.queued)
        try:
            with TemporaryFile() as sent, TemporaryFile() as answered:  # Without names: nothing stays behind.
                outcome = self._outcome(key, request, sent, answered, result)
                if outcome is None or (outcome.failure is not None and self._stopping.is_set()):
                    self._put_back(key, request)
                else:
                    self._finish(key, request, outcome, result)
        except RequestLostError:
            _LOGGER.info("An asynchronous invocation of %s was lost, as ordered", key[1])
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
        self, key: tuple[str, str], request: AsyncRequest, sent: IO[bytes], answered: IO[bytes], result: AsyncResult
    ) -> _Outcome | None:
        """What became of the request; None when no instance could take it. The files hold its body and its answer."""
        if request.expired(self._clock.seconds()):
            result.expired = True
            return _failed(EXPIRED)
        region, name = key
        try:
            invocation = self._with_body(region, request, sent, result)
        except ObjectError as error:
            result.download_failed = True
            return _failed(str(error))
        try:
            endpoint, fleet = self._runtime.serving(name, region)
            self._before_work(name)
            with self._runtime.forward(endpoint, fleet, invocation, request.timeout_seconds) as answer:
                answer.copy_to(answered)
        except InvocationError as error:
            if error.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
                return None
            return _failed(str(error))
        return _Outcome(body=answered, content_type=answer.response.content_type)

    def _with_body(self, region: str, request: AsyncRequest, file: IO[bytes], result: AsyncResult) -> Invocation:
        """The invocation with its body, which is copied to the file when it lies in S3.

        Raises:
            ObjectError: it cannot be read.
        """
        if request.input_location is None:
            return request.invocation
        started = time.monotonic()
        content_type = self._objects.fetch(region, request.input_location, file)
        result.download_seconds = time.monotonic() - started
        return Invocation(body=file, headers={"Content-Type": content_type, **request.invocation.headers})

    def _finish(self, key: tuple[str, str], request: AsyncRequest, outcome: _Outcome, result: AsyncResult) -> None:
        """Stores the result or the failure, tells a topic, and counts."""
        response = outcome.response()  # S3's client closes the file.
        stored = self._stored(key[0], request, outcome, result)
        result.failed = stored.failure is not None
        self._notify(key, request, stored, response if stored is outcome else stored.response(), result)
        result.total_seconds = self._clock.seconds() - request.queued
        self._count(key, result)

    def _stored(self, region: str, request: AsyncRequest, outcome: _Outcome, result: AsyncResult) -> _Outcome:
        """Puts the result, or the failure; a result that cannot be put becomes a failure."""
        if outcome.failure is None:
            started = time.monotonic()
            try:
                self._put(region, request, request.output_location, outcome)
            except ObjectError as error:
                result.upload_failed = True
                outcome = _failed(str(error))
            else:
                result.upload_seconds = time.monotonic() - started
                return outcome
        if request.failure_location is not None:
            try:
                self._put(region, request, request.failure_location, outcome)
            except ObjectError as error:
                kind = type(error.__cause__).__name__
                _LOGGER.warning("The failure of an asynchronous invocation was not stored: %s", kind)
        return _failed(outcome.failure or "")

    def _put(self, region: str, request: AsyncRequest, location: str, outcome: _Outcome) -> None:
        kms_key = (request.config.get("OutputConfig") or {}).get("KmsKeyId")
        self._objects.store(region, location, outcome.body, outcome.content_type, kms_key)

    def _notify(
        self, key: tuple[str, str], request: AsyncRequest, outcome: _Outcome, response: bytes, result: AsyncResult
    ) -> None:
        region, name = key
        topic, wants_response = topic_of(request, failed=outcome.failure is not None)
        if topic is None:
            return
        message = notice(
            name,
            region,
            request,
            content_type=outcome.content_type,
            failure=outcome.failure,
            response=response if wants_response else None,
        )
        try:
            self._clients("sns", region).publish(TopicArn=topic, Message=json.dumps(message))
        except (ClientError, BotoCoreError) as error:
            result.notice_failed = True
            _LOGGER.warning("The notice of an asynchronous invocation was not sent: %s", type(error).__name__)

    def _count(self, key: tuple[str, str], result: AsyncResult) -> None:
        region, name = key
        try:
            _, fleet = self._runtime.serving(name, region)
        except InvocationError:
            return  # Deleted meanwhile: nobody asks for its metrics.
        variant = str(fleet.config["ProductionVariants"][0]["VariantName"])
        self._runtime.traffic.finished_async(region, name, variant, result)


def _slots(fleet: Fleet) -> int:
    client = (fleet.async_config or {}).get("ClientConfig", {})
    ready = sum(instance.ready for instance in fleet.instances)
    return int(client.get("MaxConcurrentInvocationsPerInstance", DEFAULT_CONCURRENCY)) * ready


def _failed(reason: str) -> _Outcome:
    return _Outcome(body=BytesIO(reason.encode()), content_type="text/plain", failure=reason)
