"""Lambda's door: ``Invoke`` runs the function here, moto answers all else.

Source: "Invoke", Lambda API reference.
"""

import base64
import json
import re
import uuid
from functools import cached_property
from urllib.parse import parse_qs

from chem_endpoints.local.lambda_functions import (
    CannotRunError,
    LambdaFunctions,
    NoSuchFunctionError,
    keep_logging_config,
)
from chem_endpoints.local.wsgi import App, Reply, Request, call_app, json_reply

_INVOCATIONS = re.compile(r"/2015-03-31/functions/(.+)/invocations/?")
_MOST_BYTES = {"RequestResponse": 6 * 1024**2, "Event": 1024**2, "DryRun": 6 * 1024**2}
"""Payload limits, by the invocation's type (Lambda quotas)."""
_TAIL_BYTES = 4096


class LambdaApi:
    """Answers what is signed for Lambda."""

    def __init__(self, functions: LambdaFunctions, moto: App) -> None:
        self._functions, self._moto = functions, moto

    def answers(self, request: Request) -> bool:
        """Whether a request is for Lambda."""
        return request.service == "lambda"

    def answer(self, request: Request) -> Reply:
        """Answers one request."""
        _ = self._mended_moto
        found = _INVOCATIONS.fullmatch(request.path)
        if found is None or request.method != "POST":
            return call_app(self._moto, request.environ)
        try:
            return self._invoke(request, found.group(1))
        except NoSuchFunctionError as error:
            return _error(404, "ResourceNotFoundException", str(error))
        except CannotRunError as error:
            return _error(400, "InvalidRuntimeException", str(error))

    @cached_property
    def _mended_moto(self) -> bool:
        """At the first request only: moto's Lambda takes memory that most never need."""
        keep_logging_config()
        return True

    def _invoke(self, request: Request, name: str) -> Reply:
        kind = request.header("X-Amz-Invocation-Type") or "RequestResponse"
        if kind not in _MOST_BYTES:
            return _error(400, "InvalidParameterValueException", f"Unknown invocation type {kind}")
        event = request.read_body(_MOST_BYTES[kind])
        if len(event) > _MOST_BYTES[kind]:
            words = f"{len(event)} byte payload is too large for the {kind} invocation type (limit {_MOST_BYTES[kind]})"
            return _error(413, "RequestTooLargeException", words)
        if not _is_json(event):
            return _error(400, "InvalidRequestContentException", "Could not parse request body into json")
        qualifier = parse_qs(str(request.environ.get("QUERY_STRING", ""))).get("Qualifier", [None])[0]
        function = self._functions.find(name, request.region, qualifier)
        if kind == "DryRun":
            return Reply(status=204, body=b"")
        request_id = str(uuid.uuid4())
        headers = [("x-amzn-RequestId", request_id)]
        if kind == "Event":
            self._functions.begin(function, event, request_id)
            return Reply(status=202, body=b"", headers=headers)
        outcome = self._functions.run(function, event, request_id)
        headers += [("Content-Type", "application/json"), ("X-Amz-Executed-Version", function.version)]
        if outcome.failed:
            headers.append(("X-Amz-Function-Error", "Unhandled"))
        if request.header("X-Amz-Log-Type") == "Tail":
            tail = "\n".join(outcome.log).encode()[-_TAIL_BYTES:]
            headers.append(("X-Amz-Log-Result", base64.b64encode(tail).decode()))
        return Reply(status=200, body=outcome.payload, headers=headers)


def _is_json(event: bytes) -> bool:
    try:
        json.loads(event or b"{}")
    except ValueError:
        return False
    return True


def _error(status: int, code: str, message: str) -> Reply:
    kind = {"Type": "User", "Message": message, "message": message}
    reply = json_reply(status, kind)
    return Reply(status=status, body=reply.body, headers=[*reply.headers, ("x-amzn-ErrorType", code)])
