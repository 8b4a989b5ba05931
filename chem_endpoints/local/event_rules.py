"""EventBridge's rules: moto keeps them, this brings events to the functions that they name.

Source: "Amazon EventBridge event patterns", "Events from AWS services" (EventBridge user guide).
"""

import copy
import json
import logging
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.lambda_functions import CannotRunError, LambdaFunctions, NoSuchFunctionError
from chem_endpoints.local.wsgi import App, Reply, Request, call_app

_LOGGER = logging.getLogger(__name__)
_VARIABLE = re.compile("<([^<>]+)>")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|<[^<>]+>')
"""Of a template: a text, in which variables stand as they are, or a variable, which becomes JSON."""

_PRINCIPAL = "events.amazonaws.com"
Event = dict[str, Any]
Deliver = Callable[[str, str, str, Any], None]
"""Function's ARN, rule's ARN, region, what the function gets."""


class EventRules:
    """Answers what is signed for EventBridge, and publishes the local AWS's own events."""

    def __init__(self, functions: LambdaFunctions, moto: App) -> None:
        self._functions, self._moto = functions, moto

    def answers(self, request: Request) -> bool:
        """Whether a request is for EventBridge."""
        return request.service == "events"

    def answer(self, request: Request) -> Reply:
        """Answers one request."""
        _ = self._mended_moto
        return call_app(self._moto, request.environ)

    def publish(
        self, region: str, *, source: str, detail_type: str, resources: list[str], detail: Mapping[str, Any]
    ) -> None:
        """Publishes an event of a service on the default bus: users' clients may not name ``aws.*`` as its source."""
        from moto.events.models import events_backends

        _ = self._mended_moto
        now = datetime.now(UTC)
        event: Any = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": ACCOUNT,
            "time": now.timestamp(),
            "region": region,
            "resources": resources,
            "detail": dict(detail),
        }
        rules: list[Any] = list(events_backends[ACCOUNT][region].event_buses["default"].rules.values())
        for rule in rules:
            rule.send_to_targets(dict(event))

    @cached_property
    def _mended_moto(self) -> bool:
        """At the first request or event only."""
        bring_events_to_functions(self._deliver)
        return True

    def _deliver(self, function_arn: str, rule_arn: str, region: str, content: Any) -> None:
        """Calls a function; as on AWS, nobody hears of it when that cannot be done."""
        try:
            function = self._functions.find(function_arn, region)
        except (NoSuchFunctionError, CannotRunError) as error:
            _LOGGER.warning("An event was not delivered: %s", error)
            return
        if not _may_call(function_arn, region, rule_arn):
            _LOGGER.warning("An event was not delivered: %s has no permission for rule %s", function.name, rule_arn)
            return
        self._functions.begin(function, json.dumps(content).encode(), str(uuid.uuid4()))


def _may_call(function_arn: str, region: str, rule_arn: str) -> bool:
    from moto.awslambda.models import lambda_backends

    statements = lambda_backends[ACCOUNT][region].get_function(function_arn).policy.statements
    return any(
        statement["Principal"] == {"Service": _PRINCIPAL} and rule_arn == _source(statement, rule_arn)
        for statement in statements
    )


def _source(statement: Mapping[str, Any], default: str) -> str:
    """The only ARN from which the statement lets calls in; the default when it lets in all."""
    conditions = statement.get("Condition", {}).get("ArnLike", {})
    return str(conditions.get("AWS:SourceArn", default))


def bring_events_to_functions(deliver: Deliver) -> None:
    """moto's rules raise NotImplementedError at a function, and act even when they are disabled."""
    from moto.events.models import Rule

    original: Callable[..., None] = getattr(Rule.send_to_targets, "original", Rule.send_to_targets)

    def send(self: Any, event: Event, transform_input: bool = True) -> None:
        if self.state != "ENABLED" or not self.event_pattern.get_pattern():
            return
        functions = [target for target in self.targets if target["Arn"].split(":")[2] == "lambda"]
        if functions and self.event_pattern.matches_event(event):
            for target in functions:
                deliver(target["Arn"], self.arn, self.region_name, _content(target, event))
        others = [target for target in self.targets if target not in functions]
        if others:
            original(_rule_with(self, others), event, transform_input)

    send.original = original  # type: ignore[attr-defined]
    mended: Any = Rule
    mended.send_to_targets = send


def _rule_with(rule: Any, targets: list[dict[str, Any]]) -> Any:
    changed = copy.copy(rule)
    changed.targets = targets
    return changed


def _content(target: Mapping[str, Any], event: Event) -> Any:
    """What a target gets of an event; moto's own transformer does not quote texts."""
    told = {key: value for key, value in event.items() if key != "ingestion-time"}
    told["time"] = datetime.fromtimestamp(float(event["time"]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if "Input" in target:
        return json.loads(target["Input"])
    if "InputPath" in target:
        return _at(target["InputPath"], told)
    if "InputTransformer" in target:
        return _transformed(target["InputTransformer"], told)
    return told


def _at(path: str, event: Event) -> Any:
    """The value at a JSON path of names, ``$.detail.plate``; None when there is none."""
    value: Any = event
    for step in path.removeprefix("$").split(".")[1:]:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _transformed(transformer: Mapping[str, Any], event: Event) -> Any:
    values = {name: _at(path, event) for name, path in transformer.get("InputPathsMap", {}).items()}

    def as_text(found: re.Match[str]) -> str:
        value = values.get(found.group(1), "")
        return json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1]

    def filled(found: re.Match[str]) -> str:
        token = found.group()
        if token.startswith("<"):
            return json.dumps(values.get(token[1:-1]))
        return _VARIABLE.sub(as_text, token)

    return json.loads(_TOKEN.sub(filled, transformer["InputTemplate"]))
