"""The framework of CDK's ``custom_resources.Provider``, whose own functions are Node.js: what they do, done here.

CloudFormation calls the framework's function; that calls the user's ``onEvent``, then ``isComplete`` until it says
yes. Source: ``aws-cdk-lib/custom-resources/lib/provider-framework`` (Apache-2.0).
"""

import json
import threading
from collections.abc import Mapping
from typing import Any

from chem_endpoints.local.cfn_resource_type import Context

_HANDLER = "framework.onEvent"
_ON_EVENT, _IS_COMPLETE, _WAITER = (
    "USER_ON_EVENT_FUNCTION_ARN",
    "USER_IS_COMPLETE_FUNCTION_ARN",
    "WAITER_STATE_MACHINE_ARN",
)
_CREATE_FAILED = "AWSCDK::CustomResourceProviderFramework::CREATE_FAILED"
_MISSING_ID = "AWSCDK::CustomResourceProviderFramework::MISSING_PHYSICAL_ID"
_TASK = "framework-isComplete-task"
Values = dict[str, Any]


class _FailedError(Exception):
    """The user's code has failed."""


class Waiters:
    """The state machines that call ``isComplete`` again: how often, and after how many seconds."""

    def __init__(self) -> None:
        self._waiters: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def snapshot(self) -> dict[str, tuple[float, int]]:
        """All of them, by ARN."""
        return dict(self._waiters)

    def restore(self, kept: dict[str, tuple[float, int]]) -> None:
        """Takes those of another process."""
        self._waiters.update(kept)

    def keep(self, arn: str, definition: str) -> None:
        """Keeps a state machine of the framework.

        Raises:
            ValueError: it is another one.
        """
        try:
            (retry,) = json.loads(definition)["States"][_TASK]["Retry"]
            waiter = (float(retry["IntervalSeconds"]), int(retry["MaxAttempts"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError("the local AWS runs no state machine but the one of CDK's Provider framework") from error
        with self._lock:
            self._waiters[arn] = waiter

    def find(self, arn: str) -> tuple[float, int]:
        """Seconds between two calls, and how many there may be after the first."""
        with self._lock:
            return self._waiters[arn]

    def forget(self, arn: str) -> None:
        """Forgets a state machine."""
        with self._lock:
            self._waiters.pop(arn, None)


WAITERS = Waiters()
"""Of this process, which is one local AWS."""


def is_provider(configuration: Mapping[str, Any]) -> bool:
    """Whether a function is the framework's."""
    return configuration.get("Handler") == _HANDLER and _ON_EVENT in _variables(configuration)


def _variables(configuration: Mapping[str, Any]) -> Mapping[str, str]:
    found: Mapping[str, str] = configuration.get("Environment", {}).get("Variables", {})
    return found


def answer_for_provider(context: Context, configuration: Mapping[str, Any], request: Values) -> bytes:
    """What the framework answers CloudFormation."""
    if request["RequestType"] == "Delete" and request["PhysicalResourceId"] == _CREATE_FAILED:
        return _rendered("SUCCESS", request)
    try:
        return _rendered("SUCCESS", _completed(context, _variables(configuration), request))
    except _FailedError as error:
        physical_id = request.get("PhysicalResourceId") or _CREATE_FAILED
        return _rendered("FAILED", {**request, "PhysicalResourceId": physical_id}, f"Error: {error}")


def _completed(context: Context, variables: Mapping[str, str], request: Values) -> Values:
    event = _after_event(request, _call(context, variables[_ON_EVENT], request) or {})
    if _IS_COMPLETE not in variables:
        return event
    seconds, attempts = WAITERS.find(variables[_WAITER])
    for attempt in range(attempts + 1):
        if attempt:
            context.pause(seconds)
        told = _call(context, variables[_IS_COMPLETE], event) or {}
        if told.get("IsComplete"):
            return {**event, **told, "Data": {**(event.get("Data") or {}), **(told.get("Data") or {})}}
        if told.get("Data"):
            raise _FailedError('"Data" is not allowed if "IsComplete" is "False"')
    raise _FailedError("Operation timed out")


def _after_event(request: Values, told: Values) -> Values:
    before = request.get("PhysicalResourceId")
    default = request["RequestId"] if request["RequestType"] == "Create" else before
    physical_id = told.get("PhysicalResourceId") or default
    if request["RequestType"] == "Delete" and physical_id != before:
        raise _FailedError(
            f'DELETE: cannot change the physical resource ID from "{before}" to "{physical_id}" during deletion'
        )
    return {**request, **told, "PhysicalResourceId": physical_id}


def _call(context: Context, arn: str, event: Values) -> Values | None:
    answer = context.client("lambda").invoke(FunctionName=arn, Payload=json.dumps(event).encode())
    content: Values | None = json.load(answer["Payload"])
    if "FunctionError" in answer:
        name = arn.rpartition(":")[2]
        raise _FailedError(f"{(content or {}).get('errorMessage', 'error')}\n\nLogs: /aws/lambda/{name}\n")
    return content


def _rendered(status: str, event: Values, reason: str | None = None) -> bytes:
    names = ("StackId", "RequestId", "LogicalResourceId", "NoEcho", "Data")
    answer = {
        "Status": status,
        "Reason": reason or status,
        "PhysicalResourceId": event.get("PhysicalResourceId") or _MISSING_ID,
        **{name: event[name] for name in names if name in event},
    }
    return json.dumps(answer).encode()
