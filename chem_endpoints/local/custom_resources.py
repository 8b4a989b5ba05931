"""What CloudFormation and a custom resource's function say to each other.

CloudFormation calls the function and waits for whoever sends an answer to the address that is in the request: the
function itself, or anything that it has started. On AWS it waits as long as ``ServiceTimeout`` says, an hour if
nothing does; here it gives up earlier when nothing is left that could answer.

Source: "Custom resource request and response reference", CloudFormation user guide.
"""

import json
import logging
import secrets
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.cfn_resource_type import Context
from chem_endpoints.local.provider_framework import answer_for_provider, is_provider
from chem_endpoints.local.wsgi import Reply, Request, json_reply

_LOGGER = logging.getLogger(__name__)
RESPONSE_PATH = "/_local/cfn-response/"
DEFAULT_SECONDS = 3600.0
"""``ServiceTimeout`` of a resource that names none."""

SILENT_SECONDS = 30.0
"""How long an answer may take once the function has ended: what functions start here ends at once."""

_ANSWER_BYTES = 4096
_POLL_SECONDS = 0.02


class CustomResourceError(Exception):
    """The resource has failed; ``physical_id`` is what it called itself, if it did."""

    def __init__(self, message: str, physical_id: str | None = None) -> None:
        super().__init__(message)
        self.physical_id = physical_id


@dataclass(frozen=True, kw_only=True)
class CustomAnswer:
    """What a custom resource answers when it has succeeded."""

    physical_id: str
    data: dict[str, Any]
    no_echo: bool


@dataclass(eq=False)
class _Call:
    """One request that waits for its answer."""

    request: dict[str, Any]
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    answered: threading.Event = field(default_factory=threading.Event)
    body: bytes = b""
    ended: float | None = None
    """When the function ended."""
    failure: str | None = None
    """Why it ended, if not well."""


class AnswerDesk:
    """Where answers are given: each address takes one."""

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}
        self._lock = threading.Lock()

    def answers(self, request: Request) -> bool:
        """Whether a request brings an answer."""
        return request.path.startswith(RESPONSE_PATH)

    def answer(self, request: Request) -> Reply:
        """Takes an answer."""
        body = request.read_body(_ANSWER_BYTES)
        if request.method != "PUT" or not self.give(request.path.removeprefix(RESPONSE_PATH), body):
            return json_reply(403, {"message": "The address is for one PUT, while CloudFormation waits for it"})
        return Reply(status=200, body=b"")

    def expect(self, call: _Call) -> None:
        """Opens the address of a call."""
        with self._lock:
            self._calls[call.token] = call

    def give(self, token: str, body: bytes) -> bool:
        """Gives a call its answer; False when none waits under this address."""
        with self._lock:
            call = self._calls.pop(token, None)
        if call is None:
            return False
        call.body = body
        call.answered.set()
        return True

    def close(self, call: _Call) -> None:
        """Closes the address of a call."""
        with self._lock:
            self._calls.pop(call.token, None)


DESK = AnswerDesk()
"""Of this process, which is one local AWS."""


def ask(
    context: Context,
    request_type: str,
    resource_type: str,
    properties: Mapping[str, Any],
    **more: Any,
) -> CustomAnswer:
    """Has a custom resource create, update or delete itself.

    Args:
        context: whose resource it is.
        request_type: ``Create``, ``Update`` or ``Delete``.
        resource_type: ``Custom::…``.
        properties: with ``ServiceToken``, the function's ARN.
        more: ``PhysicalResourceId``, ``OldResourceProperties``.

    Raises:
        CustomResourceError: it has failed, or has not answered in time.
    """
    call = _Call({})
    call.request = {
        "RequestType": request_type,
        "ServiceToken": properties["ServiceToken"],
        "ResponseURL": f"{context.clients.url}{RESPONSE_PATH}{call.token}",
        "StackId": context.stack_id,
        "RequestId": str(uuid.uuid4()),
        "LogicalResourceId": context.logical_id,
        **more,
        "ResourceType": resource_type,
        "ResourceProperties": as_texts(properties),
    }
    DESK.expect(call)
    try:
        threading.Thread(target=_call_function, args=(context, call), name="custom resource", daemon=True).start()
        _wait(context, call, float(properties.get("ServiceTimeout", DEFAULT_SECONDS)))
    finally:
        DESK.close(call)
    return _read(call)


def as_texts(value: Any) -> Any:
    """Property values as a custom resource gets them: every scalar is a text."""
    if isinstance(value, Mapping):
        return {key: as_texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_texts(item) for item in value]
    return value if isinstance(value, str) else json.dumps(value)


def _call_function(context: Context, call: _Call) -> None:
    functions, name = context.client("lambda"), call.request["ServiceToken"]
    try:
        configuration = functions.get_function_configuration(FunctionName=name)
        if is_provider(configuration):
            DESK.give(call.token, answer_for_provider(context, configuration, call.request))
            return
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(call.request).encode())
        returned = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            call.failure = returned.get("errorMessage", "it failed")
    except (ClientError, BotoCoreError) as error:
        call.failure = str(error)
    except Exception as error:
        _LOGGER.exception("A custom resource failed inside the local AWS")
        call.failure = f"Internal failure of the local AWS: {type(error).__name__}"
    finally:
        call.ended = time.monotonic()


def _wait(context: Context, call: _Call, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not call.answered.is_set():
        request_id, now = call.request["RequestId"], time.monotonic()
        if call.failure is not None and not call.answered.is_set():
            raise CustomResourceError(f"The function of the custom resource failed before it answered: {call.failure}")
        silent = call.ended is not None and now > call.ended + SILENT_SECONDS
        if now > deadline or silent:
            waited = f"; the local AWS waits {SILENT_SECONDS:g} s once the function has ended" if now < deadline else ""
            raise CustomResourceError(
                "CloudFormation did not receive a response from your Custom Resource. Please check your logs for "
                f"requestId [{request_id}]{waited}"
            )
        context.pause(_POLL_SECONDS)


def _read(call: _Call) -> CustomAnswer:
    if len(call.body) > _ANSWER_BYTES:
        raise CustomResourceError("Response object is too long.")
    try:
        answer = json.loads(call.body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or answer.get("Status") not in ("SUCCESS", "FAILED"):
        raise CustomResourceError("Invalid response object: Value of property Status must be SUCCESS or FAILED")
    for name in ("PhysicalResourceId", "StackId", "RequestId", "LogicalResourceId"):
        if not isinstance(answer.get(name), str) or not answer[name]:
            raise CustomResourceError(f"Invalid response object: Value of property {name} must be of type String")
    for name in ("StackId", "RequestId", "LogicalResourceId"):
        if answer[name] != call.request[name]:
            raise CustomResourceError(f"Invalid response object: {name} is not the request's")
    if answer["Status"] == "FAILED":
        words = f"Received response status [FAILED] from custom resource. Message returned: {answer.get('Reason')}"
        raise CustomResourceError(f"{words} (RequestId: {answer['RequestId']})", answer["PhysicalResourceId"])
    return CustomAnswer(
        physical_id=answer["PhysicalResourceId"],
        data=answer.get("Data") or {},
        no_echo=str(answer.get("NoEcho", False)).lower() == "true",
    )
