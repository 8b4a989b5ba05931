"""The one HTTP door: decides who answers a request, and sees to it that every error is one that AWS clients parse."""

import json
import logging
import os
import re
import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from werkzeug.exceptions import ClientDisconnected

from chem_endpoints.local.address import CONSOLE_PATH, HEALTH_PATH, SERVICE_NAME, NotLoopbackError, require_loopback
from chem_endpoints.local.async_invocations import AsyncInvocations
from chem_endpoints.local.async_request import INLINE_BYTES
from chem_endpoints.local.cfn_api import CloudFormationApi
from chem_endpoints.local.cfn_stack import CloudFormationError
from chem_endpoints.local.container_response import CALLERS_HEADERS, invocation_from, streamed_invocation_from
from chem_endpoints.local.event_stream import CONTENT_TYPE
from chem_endpoints.local.hosting import Hosting
from chem_endpoints.local.invocation_errors import InvocationError
from chem_endpoints.local.moto_fixes import NO_EVENTS, answers_lookup_events
from chem_endpoints.local.own_clients import USER_AGENT_MARK
from chem_endpoints.local.playground_door import is_pages_own
from chem_endpoints.local.query_protocol import (
    MalformedQueryError,
    UnknownOperationError,
    parse_request,
    render_answer,
    render_error,
)
from chem_endpoints.local.runtime import Runtime
from chem_endpoints.local.runtime_parameters import SHARED_HEADERS, check_headers
from chem_endpoints.local.s3_bodies import IncompleteBodyError, environ_with_stored_body, let_go
from chem_endpoints.local.sagemaker_control import TARGET_PREFIX, SageMakerControl
from chem_endpoints.local.scaling.control import ScalingControl
from chem_endpoints.local.service_models import service_model
from chem_endpoints.local.settings import Settings
from chem_endpoints.local.wsgi import Answer, App, Dropped, Reply, Request, StreamedReply, json_reply
from chem_endpoints.local.wsgi_bridge import open_app

_LOGGER = logging.getLogger(__name__)
_INVOCATION = re.compile(r"/endpoints/([^/]+)/(invocations|async-invocations|invocations-response-stream)")
_CLOUDFORMATION = service_model("cloudformation")
_XML = [("Content-Type", "text/xml")]
_ASYNC_HEADERS = tuple(
    f"X-Amzn-SageMaker-{name}"
    for name in (
        "Content-Type",
        "Accept",
        "InputLocation",
        "S3OutputPathExtension",
        "Filename",
        "RequestTTLSeconds",
        "InvocationTimeoutSeconds",
        "Custom-Attributes",
        "Inference-Id",
    )
)


class Faults(Protocol):
    """Troubles that somebody ordered. Own calls and health checks are never struck."""

    def answer(self, request: Request, serve: Callable[[], Reply | StreamedReply]) -> Answer:
        """Answers a user's request: with ``serve()``, mostly.

        It runs on the request's own thread: a delay is slept before or after ``serve``; without a call of it nothing
        happens but the answer. ``Dropped`` resets the connection, before or in the middle of an answer.
        """


class OwnRequests(Protocol):
    """Requests under ``/_local`` that are no AWS service's, or of a service that is ours and not moto's."""

    def answers(self, request: Request) -> bool:
        """Whether it is one of these."""

    def answer(self, request: Request) -> Reply:
        """Answers it."""


class FrontDoor:
    """Decides who answers: health, CloudFormation, SageMaker, its runtime, and moto for all else."""

    def __init__(
        self,
        *,
        settings: Settings,
        hosting: Hosting,
        runtime: Runtime,
        async_invocations: AsyncInvocations,
        cloudformation: CloudFormationApi,
        control: SageMakerControl,
        scaling: ScalingControl,
        moto: App,
        faults: Faults | None = None,
        own_requests: Sequence[OwnRequests] = (),
        others_busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._settings, self._hosting, self._runtime = settings, hosting, runtime
        self._async, self._cloudformation, self._control = async_invocations, cloudformation, control
        self._scaling, self._moto, self._faults = scaling, moto, faults
        self._own_requests, self._others_busy = own_requests, others_busy
        self._last_request = time.monotonic()
        self._closed = False

    @property
    def idle_seconds(self) -> float:
        """Time since the last request of a user; none while a container answers, or something waits for that."""
        if self._runtime.busy or self._async.unfinished or self._others_busy():
            return 0.0
        return time.monotonic() - self._last_request

    def answer(self, request: Request) -> Answer:
        """Answers one request, and logs one line about it: never a path, a header or a body."""
        unnoticed = _is_unnoticed(request)
        if not unnoticed:
            self._last_request = request.received
        try:
            reply = self._answer(request) if unnoticed else self._answer_user(request)
        except ClientDisconnected:
            reply = Dropped()
        except Exception:
            _LOGGER.exception("%s failed inside the local AWS", _description(request))
            reply = _error(request, 500, "InternalFailure", "The local AWS failed; its log has the traceback")
        if not unnoticed:
            status = "dropped" if isinstance(reply, Dropped) else reply.status
            _LOGGER.info("%s %s %.0f ms", _description(request), status, 1000 * (time.monotonic() - request.received))
        return reply

    def close(self) -> None:
        """Refuses users from now on, so that what is kept holds all that was answered."""
        self._closed = True

    def _answer_user(self, request: Request) -> Answer:
        if self._closed:
            return _error(request, 503, "ServiceUnavailable", "The local AWS ends")
        if self._faults is None:
            return self._answer(request)
        return self._faults.answer(request, partial(self._answer, request))

    def _answer(self, request: Request) -> Reply | StreamedReply:
        if not _is_local(request.header("Host") or ""):
            return json_reply(403, {"message": "The local AWS is reached over loopback only"})
        if _comes_from_a_web_page(request) or request.path.startswith("/moto-api"):
            return json_reply(403, {"message": "The local AWS answers AWS clients: no web pages, no moto-api"})
        if not request.has_readable_length:
            return _error(request, 400, "InvalidRequest", "Content-Length is not a number")
        if request.path == HEALTH_PATH:
            return self._health()
        if self._scaling.answers(request):
            return self._scaling.answer(request)
        if own := next((each for each in self._own_requests if each.answers(request)), None):
            return _without_html(request, own.answer(request))
        if found := _INVOCATION.fullmatch(request.path):
            return self._invocation(request, found.group(1), found.group(2))
        if request.service == "cloudformation":
            return self._answer_cloudformation(request)
        if request.target.startswith(TARGET_PREFIX):
            return _without_html(request, self._control.answer(request))
        if answers_lookup_events(request.target):
            return Reply(status=200, body=NO_EVENTS, headers=[("Content-Type", "application/x-amz-json-1.1")])
        return self._answer_by_moto(request)

    def _answer_by_moto(self, request: Request) -> Reply | StreamedReply:
        try:
            environ = environ_with_stored_body(request)
        except IncompleteBodyError:
            return _error(request, 400, "IncompleteBody", "The request ended before its declared length")
        try:
            return _without_html(request, open_app(self._moto, environ))
        finally:
            let_go(environ)

    def _health(self) -> Reply:
        return json_reply(
            200,
            {
                "service": SERVICE_NAME,
                "pid": os.getpid(),
                "root": str(self._settings.root),
                "folder": str(self._settings.folder.resolve()),
                "endpoints": self._hosting.statuses(),
                "keeps": self._settings.keep,
                "clock_speed": self._settings.clock_speed,
            },
        )

    def _answer_cloudformation(self, request: Request) -> Reply:
        try:
            operation, parameters = parse_request(_CLOUDFORMATION, request.read_body().decode(errors="replace"))
        except UnknownOperationError as error:
            return _error(request, 400, "InvalidAction", f"CloudFormation has no operation {error}")
        except MalformedQueryError as error:
            return _error(request, 400, "ValidationError", str(error))
        try:
            answer = self._cloudformation.answer(operation, parameters, request.region)
        except CloudFormationError as error:
            status = 404 if error.code == "ChangeSetNotFound" else 400
            return Reply(status=status, body=render_error(error.code, str(error)), headers=_XML)
        return Reply(status=200, body=render_answer(_CLOUDFORMATION, operation, answer), headers=_XML)

    def _invocation(self, request: Request, name: str, kind: str) -> Reply | StreamedReply:
        try:
            if kind == "async-invocations":
                return self._invoke_async(request, name)
            if kind == "invocations":
                return self._invoke(request, name)
            return self._stream(request, name)
        except InvocationError as error:
            return Reply(status=error.status, body=error.body, headers=error.headers)

    def _invoke(self, request: Request, name: str) -> Reply:
        body = request.read_body(self._runtime.body_bytes)
        headers = request.headers(CALLERS_HEADERS)
        check_headers("InvokeEndpoint", headers)
        invocation = invocation_from(headers, body, request.received)
        answer = self._runtime.invoke(name, request.region, invocation)
        answered = [
            ("Content-Type", answer.content_type),
            ("x-Amzn-Invoked-Production-Variant", answer.variant),
            ("x-amzn-RequestId", str(uuid.uuid4())),
            *answer.headers,
        ]
        return Reply(status=200, body=answer.body, headers=answered)

    def _stream(self, request: Request, name: str) -> StreamedReply:
        body = request.read_body(self._runtime.body_bytes)
        headers = request.headers(CALLERS_HEADERS)
        check_headers("InvokeEndpointWithResponseStream", headers)
        invocation = streamed_invocation_from(headers, body, request.received)
        stream = self._runtime.stream(name, request.region, invocation)
        answered = [
            ("Content-Type", CONTENT_TYPE),
            ("X-Amzn-SageMaker-Content-Type", stream.content_type),
            ("x-Amzn-Invoked-Production-Variant", stream.variant),
            ("x-amzn-RequestId", str(uuid.uuid4())),
            *stream.headers,
        ]
        return StreamedReply(status=200, body=stream, headers=answered)

    def _invoke_async(self, request: Request, name: str) -> Reply:
        body = request.read_body(INLINE_BYTES)
        check_headers("InvokeEndpointAsync", request.headers(SHARED_HEADERS))
        accepted = self._async.accept(name, request.region, request.headers(_ASYNC_HEADERS), body)
        headers = [("Content-Type", "application/json"), ("X-Amzn-SageMaker-OutputLocation", accepted.output_location)]
        if accepted.failure_location is not None:
            headers.append(("X-Amzn-SageMaker-FailureLocation", accepted.failure_location))
        return Reply(status=202, body=json.dumps({"InferenceId": accepted.inference_id}).encode(), headers=headers)


def _is_unnoticed(request: Request) -> bool:
    """Our own calls, and those that only look: no log line, no fault, and no sign that somebody needs us.

    So a console that is left open does not keep the local AWS up.
    """
    own_call = USER_AGENT_MARK in (request.header("User-Agent") or "")
    return own_call or request.path == HEALTH_PATH or request.path.startswith(CONSOLE_PATH)


def _comes_from_a_web_page(request: Request) -> bool:
    """Whether a script of a page sent it; our own pages' scripts, and what they ask for, are not meant."""
    origin = request.header("Origin")
    if is_pages_own(request):
        return False
    if request.path.startswith(CONSOLE_PATH) and origin == f"http://{request.header('Host')}":
        return False
    return origin is not None


def _is_local(host: str) -> bool:
    name = (host.rpartition(":")[0] if re.search(r":\d+$", host) else host).lower()
    if name.endswith(".localhost"):
        return True
    try:
        require_loopback(name)
    except NotLoopbackError:
        return False
    return True


def _description(request: Request) -> str:
    """Service and operation."""
    if found := _INVOCATION.fullmatch(request.path):
        return f"sagemaker-runtime {found.group(2)} {found.group(1)}"
    return f"{request.service or 'unsigned'} {request.operation}"


def _without_html(request: Request, reply: Reply | StreamedReply) -> Reply | StreamedReply:
    """moto answers what it does not know, or stumbles over, with a page that no AWS client can read."""
    if isinstance(reply, StreamedReply) or reply.status < 400 or request.method == "HEAD":
        return reply
    content_type = {name.lower(): value for name, value in reply.headers}.get("content-type", "")
    if not content_type.startswith("text/html"):
        return reply
    if reply.body.lstrip().startswith(b"<?xml") or not reply.body.lstrip().lower().startswith(b"<!doctype html"):
        return reply
    # 501: clients do not retry it, as they do 500.
    return _error(request, 501, "NotImplemented", "The local AWS does not support this operation; see its log")


def _error(request: Request, status: int, code: str, message: str) -> Reply:
    if request.target or _INVOCATION.fullmatch(request.path):
        content = {"__type": code, "message": message, "Message": message}
        reply = json_reply(status, content, content_type="application/x-amz-json-1.1")
        return Reply(status=status, body=reply.body, headers=[*reply.headers, ("x-amzn-ErrorType", code)])
    return Reply(status=status, body=render_error(code, message), headers=_XML)
