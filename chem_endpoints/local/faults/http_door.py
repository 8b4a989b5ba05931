"""The state machine over HTTP and the real time, for real boto3 with an ``endpoint_url``."""

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chem_endpoints.local.faults.clients import async_call
from chem_endpoints.local.faults.container import Request
from chem_endpoints.local.faults.http_requests import HttpReply, HttpRequest, taken_apart
from chem_endpoints.local.faults.http_s3 import S3Door
from chem_endpoints.local.faults.outcome import Outcome
from chem_endpoints.local.faults.runtime import FaultyRuntime
from chem_endpoints.local.faults.s3_errors import s3_error
from chem_endpoints.local.faults.shapes import json_body
from chem_endpoints.local.invocation_errors import InvocationError

JOURNAL_PATH = "/_faults/journal"
"""GET: the records of the journal as a JSON list; POST: the same, and forgets them."""

_INVOCATION = re.compile(r"/endpoints/([^/]+)/(async-)?invocations")
_PREFIX = "x-amzn-sagemaker-"
_TARGET = "x-amz-target"
_ASYNC_HEADERS = {
    "ContentType": "content-type",
    "Accept": "accept",
    "CustomAttributes": "custom-attributes",
    "InferenceId": "inference-id",
    "InputLocation": "inputlocation",
    "S3OutputPathExtension": "s3outputpathextension",
    "Filename": "filename",
}
_ASYNC_NUMBERS = {
    "RequestTTLSeconds": "requestttlseconds",
    "InvocationTimeoutSeconds": "invocationtimeoutseconds",
}
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that makes closing a socket a reset."""


class HttpDoor:
    """Takes turns at the state machine; each answer leaves when the machine says so.

    Args:
        machine: what answers.
    """

    def __init__(self, machine: FaultyRuntime) -> None:
        self._machine = machine
        self._s3 = S3Door(machine)
        self._turn = threading.Lock()
        self._began = time.monotonic()

    def answer(self, request: HttpRequest) -> HttpReply | None:
        """The answer, when its time has come; ``None``: the connection ends without one."""
        arrived = time.monotonic()
        with self._turn:
            if request.path == JOURNAL_PATH:
                return self._journal(forget=request.method == "POST")
            outcome, reply = self._asked(request, arrived - self._began)
        time.sleep(max(0.0, arrived + outcome.seconds - time.monotonic()))
        if outcome.broken is not None:
            return None
        if outcome.error is not None:
            return self._error(request, outcome.error)
        assert reply is not None
        if not outcome.truncated:
            return reply
        return HttpReply(status=reply.status, headers=reply.headers, body=reply.body, received=len(reply.body) // 2)

    def _asked(self, request: HttpRequest, now: float) -> tuple[Outcome[Any], HttpReply | None]:
        if found := _INVOCATION.fullmatch(request.path):
            ask = self._invoke_async if found.group(2) else self._invoke
            return ask(found.group(1), request, now)
        if _TARGET in request.headers:
            return self._control(request, now)
        return self._s3.ask(request, now)

    def _invoke(self, name: str, request: HttpRequest, now: float) -> tuple[Outcome[Any], HttpReply | None]:
        headers = request.headers
        asked = Request(
            body=request.body,
            content_type=headers.get("content-type"),
            accept=headers.get("accept"),
            attributes=headers.get(f"{_PREFIX}custom-attributes"),
        )
        component = headers.get(f"{_PREFIX}inference-component")
        outcome = self._machine.invoke(name, asked, now, component=component)
        if outcome.value is None:
            return outcome, None
        told = [("Content-Type", outcome.value.content_type), ("x-Amzn-Invoked-Production-Variant", "AllTraffic")]
        if outcome.value.attributes:
            told.append(("X-Amzn-SageMaker-Custom-Attributes", outcome.value.attributes))
        return outcome, HttpReply(status=200, headers=told, body=outcome.value.body)

    def _invoke_async(self, name: str, request: HttpRequest, now: float) -> tuple[Outcome[Any], HttpReply | None]:
        headers = request.headers
        texts = {ours: headers.get(_PREFIX + theirs) for ours, theirs in _ASYNC_HEADERS.items()}
        numbers = {ours: headers.get(_PREFIX + theirs) for ours, theirs in _ASYNC_NUMBERS.items()}
        parameters: dict[str, Any] = {"Body": request.body}
        parameters |= {name: text for name, text in texts.items() if text is not None}
        parameters |= {name: int(text) for name, text in numbers.items() if text is not None}
        outcome = self._machine.invoke_async(name, async_call(parameters), now)
        if outcome.value is None:
            return outcome, None
        places = outcome.value
        told = [("X-Amzn-SageMaker-OutputLocation", places.output)]
        told.append(("X-Amzn-SageMaker-FailureLocation", places.failure))
        body = json.dumps({"InferenceId": places.inference_id}).encode()
        return outcome, HttpReply(status=202, headers=[*told, ("Content-Type", "application/json")], body=body)

    def _control(self, request: HttpRequest, now: float) -> tuple[Outcome[Any], HttpReply | None]:
        operation, parameters = request.headers[_TARGET].rpartition(".")[2], json.loads(request.body)
        machine = self._machine
        if operation == "DescribeEndpoint":
            outcome = machine.describe_endpoint(parameters["EndpointName"], now)
        elif operation == "DescribeEndpointConfig":
            outcome = machine.describe_endpoint_config(parameters["EndpointConfigName"], now)
        elif operation == "ListTags":
            outcome = machine.list_tags(parameters["ResourceArn"], now)
        else:
            error = InvocationError(400, "UnknownOperationException", f"{operation} is not simulated")
            return Outcome(seconds=0.0, error=error), None
        return outcome, HttpReply(
            status=200,
            headers=[("Content-Type", "application/x-amz-json-1.1")],
            body=json.dumps(outcome.value, default=_epoch).encode(),
        )

    @staticmethod
    def _error(request: HttpRequest, error: InvocationError) -> HttpReply:
        if _TARGET in request.headers:
            return HttpReply(status=error.status, headers=error.headers, body=json_body(error))
        if _INVOCATION.fullmatch(request.path):
            return HttpReply(status=error.status, headers=error.headers, body=error.body)
        return s3_error(error, bodiless=request.method == "HEAD")

    def _journal(self, *, forget: bool) -> HttpReply:
        records = self._machine.journal.records
        told = [{**asdict(record), "sent": None} for record in records]
        if forget:
            records.clear()
        return HttpReply(status=200, headers=[("Content-Type", "application/json")], body=json.dumps(told).encode())


def _epoch(moment: datetime) -> float:
    return moment.timestamp()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    door: HttpDoor

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        reply = self.door.answer(taken_apart(self.command, self.path, dict(self.headers.items()), body))
        if reply is None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.close_connection = True
            return
        length = len(reply.body) if reply.length is None else reply.length
        lines = [f"HTTP/1.1 {reply.status} {responses.get(reply.status, 'Error')}"]
        lines += [f"{name}: {value}" for name, value in [*reply.headers, ("Content-Length", str(length))]]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head + reply.body[: reply.received])  # one piece: two would wait for each other
        self.close_connection = self.close_connection or reply.received is not None

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 - names of http.server

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: paths hold names of the caller's."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that goes away, as one that is killed does, is no news."""


def make_server(machine: FaultyRuntime, *, port: int = 0) -> ThreadingHTTPServer:
    """A server on the loopback address, which its caller runs and closes; port 0: a free one."""
    handler = type("Handler", (_Handler,), {"door": HttpDoor(machine)})
    return _Server(("127.0.0.1", port), handler)


@contextmanager
def serving(machine: FaultyRuntime) -> Iterator[str]:
    """Serves in a thread; yields the ``endpoint_url``."""
    server = make_server(machine)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
