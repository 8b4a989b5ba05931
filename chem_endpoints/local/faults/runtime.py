"""`FaultyRuntime`: the state machine. Each call names its time; what it comes to is known at once."""

import itertools
import uuid
from collections.abc import Callable, Sequence

from chem_endpoints.local.faults import control
from chem_endpoints.local.faults.async_request import AsyncCall, Places, placed
from chem_endpoints.local.faults.bucket import Bucket
from chem_endpoints.local.faults.calls import Calls, refused, told
from chem_endpoints.local.faults.container import Answer, Request, Worked, work
from chem_endpoints.local.faults.journal import Journal
from chem_endpoints.local.faults.objects import StoredObject, split_location
from chem_endpoints.local.faults.outcome import Outcome
from chem_endpoints.local.faults.release import Release, serving_at
from chem_endpoints.local.faults.schedule import Operation, Schedule
from chem_endpoints.local.faults.settings import BUCKET, Parameters, RuntimeSettings
from chem_endpoints.local.faults.shapes import TIMED_OUT, container_error, overloaded
from chem_endpoints.local.faults.slots import Slots
from chem_endpoints.local.invocation_errors import (
    EXPIRED,
    InvocationError,
    body_too_large,
    endpoint_not_found,
    no_capacity,
    throttled,
    validation_error,
)


class FaultyRuntime:
    """One endpoint and one bucket. Not safe for threads: whoever has some takes turns.

    ``now`` is in seconds from the beginning, and may go back a little from call to call: a caller's second step may
    be worked out before another caller's first.

    Args:
        releases: what is deployed, one or several with their times.
        settings: what the endpoint is like.
        schedule: what goes wrong.
        journal: takes down the calls; default: one without rows.

    Attributes:
        bucket: the S3 operations.
        schedule: what goes wrong; its faults may be replaced.
    """

    def __init__(
        self,
        releases: Release | Sequence[Release],
        settings: RuntimeSettings | None = None,
        schedule: Schedule | None = None,
        *,
        journal: Journal | None = None,
    ) -> None:
        self.releases = [releases] if isinstance(releases, Release) else list(releases)
        self.settings = settings or RuntimeSettings()
        self.journal = journal or Journal()
        self.schedule = schedule or Schedule()
        self._calls = Calls(self.settings, self.schedule, self.journal)
        self.bucket = Bucket(self._calls, hides_absence=self.settings.hides_absence)
        self._slots = Slots(self.settings.slots)
        self._wakes_at: float | None = None
        self._names = itertools.count(1)
        for release in self.releases:
            stored = StoredObject(at=release.at if release.at > 0 else 0.0, body=release.manifest_bytes)
            self.bucket.objects.put(BUCKET, control.manifest_key(release), stored)

    # -- the endpoint's description ------------------------------------------------------------------------------

    def describe_endpoint(self, name: str, now: float) -> Outcome[Parameters]:
        """DescribeEndpoint."""
        return self._describe(Operation.DESCRIBE_ENDPOINT, name, now, control.endpoint)

    def describe_endpoint_config(self, name: str, now: float) -> Outcome[Parameters]:
        """DescribeEndpointConfig; the configuration is called like its endpoint."""
        return self._describe(Operation.DESCRIBE_ENDPOINT_CONFIG, name, now, control.endpoint_config)

    def list_tags(self, arn: str, now: float) -> Outcome[Parameters]:
        """ListTags of the endpoint: those of Chem Endpoints, or none."""
        return self._describe(Operation.LIST_TAGS, arn.rpartition("/")[2], now, control.listed_tags)

    def _describe(
        self,
        operation: Operation,
        name: str,
        now: float,
        describe: Callable[[RuntimeSettings, Release], Parameters],
    ) -> Outcome[Parameters]:
        def answer() -> Outcome[Parameters]:
            if name != self.settings.name:
                return refused(control.not_found(name))
            return told(describe(self.settings, self.release(now)))

        return self._calls.make(operation, now, answer)

    def release(self, now: float) -> Release:
        """What serves at a time."""
        return serving_at(self.releases, now)

    # -- invocations ---------------------------------------------------------------------------------------------

    def invoke(self, name: str, request: Request, now: float, *, component: str | None = None) -> Outcome[Answer]:
        """InvokeEndpoint."""
        worked: list[Worked] = []

        def answer() -> Outcome[Answer]:
            error = self._unfit(name, request, component) or self._without_capacity(now)
            return refused(error) if error else self._work(request, now, worked)

        return self._calls.make(Operation.INVOKE, now, answer, body=request.body, worked=worked)

    def _unfit(self, name: str, request: Request, component: str | None) -> InvocationError | None:
        settings = self.settings
        if len(request.body) > settings.largest_body:
            return body_too_large(settings.largest_body)
        if name != settings.name:
            return endpoint_not_found(name)
        if settings.kind == "async":
            return validation_error(f"Endpoint {name} is an asynchronous endpoint. Use InvokeEndpointAsync.")
        if (settings.kind == "inference_component") != (component is not None):
            return validation_error("Inference Component Name header is required for endpoints with components only.")
        return None

    def _without_capacity(self, now: float) -> InvocationError | None:
        """The error while there is none. The first request wakes an endpoint at zero."""
        if self._asleep(now):
            return no_capacity()
        waiting = self._slots.unfinished(now)
        if self.settings.kind == "serverless" and waiting >= self._slots.number:
            return throttled("Rate exceeded")
        if not self.settings.foreign and waiting >= self._slots.number + self.settings.max_waiting:
            return overloaded(self.settings.name)
        return None

    def _asleep(self, now: float) -> bool:
        if self.settings.wake_seconds is None:
            return False
        if self._wakes_at is None:
            self._wakes_at = now + self.settings.wake_seconds
            self._slots.open_at(self._wakes_at)
        return now < self._wakes_at

    def _work(self, request: Request, now: float, done: list[Worked]) -> Outcome[Answer]:
        start, settings = self._slots.start(now), self.settings
        deadline = settings.deadline
        if deadline is not None and start - now >= deadline:
            return refused(overloaded(settings.name), deadline)
        available = None if deadline is None else deadline - (start - now)
        worked = work(request, self.release(start), settings, available=available)
        done.append(worked)
        self._slots.occupy(start, worked.seconds + self._restart_seconds(worked))
        seconds = start - now + worked.seconds
        if seconds > settings.longest_response:
            return refused(container_error(settings.name, 0, TIMED_OUT), settings.longest_response)
        if worked.answer is None:
            return refused(container_error(settings.name, worked.status, worked.message), seconds)
        if settings.kind == "serverless" and len(worked.answer.body) > settings.largest_body:
            message = f"The response is larger than {settings.largest_body} bytes."
            return refused(container_error(settings.name, 0, message), seconds)
        return told(worked.answer, seconds)

    def _restart_seconds(self, worked: Worked) -> float:
        """How long a place is out of work after a request; a serverless endpoint starts another container at once."""
        died = worked.status == 0
        return self.settings.restart_seconds if died and self.settings.kind != "serverless" else 0.0

    def invoke_async(self, name: str, call: AsyncCall, now: float) -> Outcome[Places]:
        """InvokeEndpointAsync. The work is done later: what comes of it lies in the bucket from its time on."""

        def accept() -> Outcome[Places]:
            if name != self.settings.name:
                return refused(endpoint_not_found(name))
            if self.settings.kind != "async":
                return refused(validation_error(f"Endpoint {name} does not support asynchronous inference."))
            try:
                places = placed(call, self.settings, own_name=str(uuid.UUID(int=next(self._names))))
            except InvocationError as error:
                return refused(error)
            self._queue(call, places, now)
            return told(places)

        return self._calls.make(Operation.INVOKE_ASYNC, now, accept, body=call.request.body)

    def _queue(self, call: AsyncCall, places: Places, now: float) -> None:
        self._asleep(now)
        start = self._slots.start(now)
        if start - now > call.ttl_seconds:
            return self._fail(places, EXPIRED, now + call.ttl_seconds)
        worked: list[Worked] = []
        body = self._body_of(call, start)

        def answer() -> Outcome[Answer]:
            if body is None:
                message = f"ClientError: Failed to download the input from {call.input_location}: NoSuchKey"
                return refused(validation_error(message))
            if len(body) > self.settings.largest_body:
                return refused(body_too_large(self.settings.largest_body))
            return self._work_queued(call, body, start, worked)

        outcome = self._calls.make(Operation.ASYNC_WORK, start, answer, body=body or b"", worked=worked)
        if outcome.broken is not None:  # LOST: nobody ever hears of it
            return None
        end = start + min(outcome.seconds, call.timeout_seconds)
        if outcome.error is not None:
            return self._fail(places, str(outcome.error), end)
        if outcome.value is not None:
            stored = StoredObject(
                at=end + self.settings.output_delay, body=outcome.value.body, content_type=outcome.value.content_type
            )
            self.bucket.objects.put(*split_location(places.output), stored)
        return None

    def _body_of(self, call: AsyncCall, now: float) -> bytes | None:
        if call.input_location is None:
            return call.request.body
        stored = self.bucket.objects.get(*split_location(call.input_location), now)
        return stored.body if stored else None

    def _work_queued(self, call: AsyncCall, body: bytes, start: float, done: list[Worked]) -> Outcome[Answer]:
        settings = self.settings
        request = Request(
            body=body,
            content_type=call.request.content_type,
            accept=call.request.accept,
            attributes=call.request.attributes,
        )
        worked = work(request, self.release(start), settings, available=settings.deadline)
        done.append(worked)
        seconds = min(worked.seconds, call.timeout_seconds)
        self._slots.occupy(start, seconds + self._restart_seconds(worked))
        if worked.seconds > call.timeout_seconds:
            return refused(container_error(settings.name, 0, TIMED_OUT), seconds)
        if worked.answer is None:
            return refused(container_error(settings.name, worked.status, worked.message), seconds)
        return told(worked.answer, seconds)

    def _fail(self, places: Places, reason: str, at: float) -> None:
        stored = StoredObject(at=at, body=reason.encode(), content_type="text/plain")
        self.bucket.objects.put(*split_location(places.failure), stored)
