"""What holds in the template of every endpoint, whatever it declares.

`constructs_lib.review` says in terms of a reviewer what is safe; these say what would silently not work.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from constructs_lib import metrics
from constructs_lib.metrics import EndpointMetric

Template = dict[str, Any]
Check = Callable[[Template, str], Iterator[str]]

PUBLISHED: dict[tuple[str, frozenset[str]], EndpointMetric] = {
    (each.name, frozenset(each.dimensions)): each for each in vars(metrics).values() if isinstance(each, EndpointMetric)
}
"""The table of metrics; the same name may be published with other dimensions."""

_RUNBOOK = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"
_HASH = re.compile(r"[0-9a-f]{64}")
_ACCOUNT = re.compile(r"(?<![0-9A-Za-z])\d{12}(?![0-9A-Za-z])")
_MOMENT = re.compile(r"(?<!\d)20[2-9]\d-?[01]\d-?[0-3]\d(?!\d)|(?<!\d)1[6-9]\d{8}(\d{3})?(?!\d)")


def resources(template: Template, *types: str) -> list[dict[str, Any]]:
    """The resources of exactly these types."""
    return [each for each in template["Resources"].values() if each["Type"] in types]


def properties(template: Template, resource_type: str) -> dict[str, Any]:
    """The properties of the only resource of a type."""
    (found,) = resources(template, resource_type)
    only: dict[str, Any] = found["Properties"]
    return only


def alarms(template: Template, endpoint: str) -> dict[str, dict[str, Any]]:
    """Properties of the alarms, by key."""
    found = [each["Properties"] for each in resources(template, "AWS::CloudWatch::Alarm")]
    return {each["AlarmName"].removeprefix(f"chem-endpoints-{endpoint}-"): each for each in found}


def policies(template: Template, endpoint: str) -> dict[str, dict[str, Any]]:
    """Properties of the scaling policies, by key."""
    found = [each["Properties"] for each in resources(template, "AWS::ApplicationAutoScaling::ScalingPolicy")]
    return {each["PolicyName"].removeprefix(f"{endpoint}-"): each for each in found}


def watched(template: Template) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of each metric that alarms, policies and dashboards mention."""
    yield from _mentioned(template)
    for board in resources(template, "AWS::CloudWatch::Dashboard"):
        for widget in json.loads(board["Properties"]["DashboardBody"])["widgets"]:
            for namespace, name, *rest in widget["properties"].get("metrics", ()):
                texts = [part for part in rest if isinstance(part, str)]
                yield namespace, name, dict(zip(texts[::2], texts[1::2], strict=True))


def _mentioned(node: Any) -> Iterator[tuple[str, str, dict[str, str]]]:
    if isinstance(node, dict):
        if "MetricName" in node:
            dimensions = {each["Name"]: each["Value"] for each in node["Dimensions"]}
            yield node["Namespace"], node["MetricName"], dimensions
        for child in node.values():
            yield from _mentioned(child)
    elif isinstance(node, list):
        for child in node:
            yield from _mentioned(child)


def _metrics_are_published(template: Template, endpoint: str) -> Iterator[str]:
    variants = [each["VariantName"] for each in _variants(template)]
    for namespace, name, dimensions in watched(template):
        published = PUBLISHED.get((name, frozenset(dimensions)))
        if published is None or published.namespace != namespace:
            yield f"{namespace} {name} has no dimensions {sorted(dimensions)} in the table of metrics"
        elif dimensions not in [dict(published.dimension_values(endpoint, variant)) for variant in variants]:
            yield f"{name} is watched for {dimensions}, which is not this endpoint"


def _variants(template: Template) -> list[dict[str, Any]]:
    config = properties(template, "AWS::SageMaker::EndpointConfig")
    return [*config["ProductionVariants"], *config.get("ShadowProductionVariants", [])]


def _only_the_endpoint_is_named(template: Template, endpoint: str) -> Iterator[str]:
    if properties(template, "AWS::SageMaker::Endpoint")["EndpointName"] != endpoint:
        yield "the endpoint's name is not the declared one"
    for each in resources(template, "AWS::SageMaker::Model", "AWS::SageMaker::EndpointConfig"):
        if {"ModelName", "EndpointConfigName"} & set(each["Properties"]):
            yield f"{each['Type']} has a name, and its replacement would collide with it"


def _log_group_is_there(template: Template, endpoint: str) -> Iterator[str]:
    places = [each for each in template["Resources"].values() if not each["Type"].startswith("AWS::IAM::")]
    if not any(f"/aws/sagemaker/Endpoints/{endpoint}" in json.dumps(each["Properties"]) for each in places):
        yield "no resource makes the log group"


def _alarms_act_and_say_what_to_do(template: Template, endpoint: str) -> Iterator[str]:
    sections = set(re.findall(r"^## (\S+)$", _RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE))
    for key, alarm in alarms(template, endpoint).items():
        if not alarm.get("AlarmActions"):
            yield f"alarm {key} does nothing"
        section = re.search(r"docs/runbook\.md#([a-z0-9-]+)$", alarm["AlarmDescription"])
        if section is None or section[1] not in sections:
            yield f"alarm {key}: docs/runbook.md has no such section"
        if alarm["TreatMissingData"] == "breaching":
            yield f"alarm {key} fires without data"


def deployments(template: Template) -> Iterator[dict[str, Any]]:
    """Each ``DeploymentConfig``."""
    for each in resources(template, "AWS::SageMaker::Endpoint", "AWS::SageMaker::InferenceComponent"):
        if "DeploymentConfig" in each["Properties"]:
            yield each["Properties"]["DeploymentConfig"]


def bake_seconds(deployment: dict[str, Any]) -> int:
    """How long the alarms are watched after each step."""
    rolling = deployment.get("RollingUpdatePolicy")
    found: int = (rolling or deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"])[
        "WaitIntervalInSeconds"
    ]
    return found


def _period(alarm: dict[str, Any]) -> int:
    periods = [query["MetricStat"]["Period"] for query in alarm.get("Metrics", ()) if "MetricStat" in query]
    longest: int = max([*periods, alarm.get("Period", 0)])
    return longest * int(alarm["EvaluationPeriods"])


def _rollback_alarms_fire_in_time(template: Template, endpoint: str) -> Iterator[str]:
    known = {alarm["AlarmName"]: alarm for alarm in alarms(template, endpoint).values()}
    for deployment in deployments(template):
        named = [each["AlarmName"] for each in deployment["AutoRollbackConfiguration"]["Alarms"]]
        if not 1 <= len(named) <= 10:
            yield f"{len(named)} alarms undo an update; AWS takes 1 to 10"
        for name in named:
            alarm = known.get(name) if isinstance(name, str) else None
            if alarm is None:
                yield f"{name} undoes an update and is no alarm of this stack with a literal name"
            elif _period(alarm) >= bake_seconds(deployment):
                yield f"{name} needs {_period(alarm)} s, longer than the wait of {bake_seconds(deployment)} s"
            elif alarm["TreatMissingData"] != "notBreaching":
                yield f"{name} takes missing data for {alarm['TreatMissingData']}: no traffic would undo every update"


def _targets_come_after_what_they_resize(template: Template, endpoint: str) -> Iterator[str]:
    resized = {
        "variant": [k for k, each in template["Resources"].items() if each["Type"] == "AWS::SageMaker::Endpoint"],
        "inference-component": [
            k for k, each in template["Resources"].items() if each["Type"] == "AWS::SageMaker::InferenceComponent"
        ],
    }
    for target in resources(template, "AWS::ApplicationAutoScaling::ScalableTarget"):
        kind = target["Properties"]["ScalableDimension"].split(":")[1]
        if not set(resized[kind]) & set(target.get("DependsOn", [])):
            yield f"the target of {target['Properties']['ResourceId']} may come before what it resizes"


def _no_moment(template: Template, endpoint: str) -> Iterator[str]:
    for text in _texts(template):
        if moment := _MOMENT.search(_HASH.sub("", text)):
            yield f"{moment[0]} looks like a date or a timestamp, in {text[:80]}"


def _no_full_access(template: Template, endpoint: str) -> Iterator[str]:
    if "FullAccess" in json.dumps(template):
        yield "a policy gives full access"


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, child in node.items():
            # The version of IAM's policy language is a date.
            if key != "Version":
                yield from _texts(child)
    elif isinstance(node, list):
        for child in node:
            yield from _texts(child)


def accounts(template: Template) -> set[str]:
    """Account ids that a template names."""
    return {account for text in _texts(template) for account in _ACCOUNT.findall(_HASH.sub("", text))}


_CHECKS: tuple[Check, ...] = (
    _metrics_are_published,
    _only_the_endpoint_is_named,
    _log_group_is_there,
    _alarms_act_and_say_what_to_do,
    _rollback_alarms_fire_in_time,
    _targets_come_after_what_they_resize,
    _no_moment,
    _no_full_access,
)


def broken_invariants(template: Template, endpoint: str) -> list[str]:
    """One line per invariant that does not hold."""
    return [line for check in _CHECKS for line in check(template, endpoint)]
