"""Promise: an update watches alarms of its own kind, long enough, and goes back by itself."""

from collections.abc import Callable
from typing import Any

import pytest

from invariants import alarms, bake_seconds, deployments, properties

Declare = Callable[..., dict[str, Any]]
ENDPOINT = "AWS::SageMaker::Endpoint"
HALF = {"Type": "CAPACITY_PERCENT", "Value": 25}
REALTIME = {"kind": "realtime", "instance_type": "ml.c7i.large"}
ASYNC = {"kind": "async", "instance_type": "ml.c7i.large", "scaling": {"max": 2}}


def deployment(template: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = properties(template, ENDPOINT)["DeploymentConfig"]
    return found


@pytest.mark.parametrize("kind", ["realtime", "async"])
@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("all_at_once", {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 240}),
        ("canary", {"Type": "CANARY", "CanarySize": HALF, "WaitIntervalInSeconds": 240}),
        ("linear", {"Type": "LINEAR", "LinearStepSize": HALF, "WaitIntervalInSeconds": 240}),
    ],
)
def test_blue_green(template_of: Declare, kind: str, strategy: str, expected: dict[str, Any]) -> None:
    declared = {"strategy": strategy, "percent": 25, "wait_minutes": 4}
    template = template_of({**(REALTIME if kind == "realtime" else ASYNC), "deployment": declared})
    policy = deployment(template)["BlueGreenUpdatePolicy"]
    assert policy["TrafficRoutingConfiguration"] == expected
    assert policy["TerminationWaitInSeconds"] == (120 if kind == "realtime" else 3600), "the longest request and more"
    assert 600 <= policy["MaximumExecutionTimeoutInSeconds"] <= 28_800
    (variant,) = properties(template, "AWS::SageMaker::EndpointConfig")["ProductionVariants"]
    assert variant["InitialInstanceCount"] == (1 if strategy == "all_at_once" else 2)


def test_rolling(template_of: Declare) -> None:
    declared = {"strategy": "rolling", "percent": 25, "wait_minutes": 4}
    policy = deployment(template_of({**REALTIME, "deployment": declared}))["RollingUpdatePolicy"]
    assert policy["MaximumBatchSize"] == HALF
    assert policy["RollbackMaximumBatchSize"] == {"Type": "CAPACITY_PERCENT", "Value": 100}
    assert policy["WaitIntervalInSeconds"] == 240


def test_nothing_is_guarded_that_does_not_ask_for_it(assembly: Any) -> None:
    for stack in ("fixed-v1", "async-v1", "serverless-v1", "gpu-v1"):
        assert not list(deployments(assembly.template(stack)))
        assert not [key for key in alarms(assembly.template(stack), stack) if key.startswith("rollback")]


GUARDED = {
    "variants-v1": ["rollback-server-errors", "rollback-server-errors-challenger"],
    "guarded-async-v1": ["rollback-failed-requests"],
    "component-v1": ["rollback-server-errors", "rollback-slow-answers"],
}


@pytest.mark.parametrize("stack", GUARDED)
def test_the_alarms_that_undo_are_literal_fire_in_time_and_not_without_data(assembly: Any, stack: str) -> None:
    template = assembly.template(stack)
    (found,) = deployments(template)
    named = [each["AlarmName"] for each in found["AutoRollbackConfiguration"]["Alarms"]]
    assert named == [f"chem-endpoints-{stack}-{key}" for key in GUARDED[stack]]
    known = alarms(template, stack)
    for key in GUARDED[stack]:
        alarm = known[key]
        periods = [each["MetricStat"]["Period"] for each in alarm.get("Metrics", ()) if "MetricStat" in each]
        assert max([*periods, alarm.get("Period", 0)]) * alarm["EvaluationPeriods"] < bake_seconds(found)
        assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("stack", GUARDED)
def test_the_alarms_that_undo_are_there_before_what_names_them(assembly: Any, stack: str) -> None:
    template = assembly.template(stack)
    guarded = "AWS::SageMaker::InferenceComponent" if stack == "component-v1" else ENDPOINT
    (resource,) = (each for each in template["Resources"].values() if each["Type"] == guarded)
    names = {key: each["Properties"].get("AlarmName") for key, each in template["Resources"].items()}
    before = {names[key] for key in resource["DependsOn"]}
    assert {f"chem-endpoints-{stack}-{key}" for key in GUARDED[stack]} <= before


@pytest.mark.parametrize("stack", GUARDED)
def test_the_role_may_look_at_exactly_these_alarms(assembly: Any, stack: str) -> None:
    policies = [
        statement
        for each in assembly.template(stack)["Resources"].values()
        if each["Type"] == "AWS::IAM::ManagedPolicy"
        for statement in each["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "cloudwatch:DescribeAlarms"
    ]
    (statement,) = policies
    allowed = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
    prefix = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:chem-endpoints"
    assert allowed == [f"{prefix}-{stack}-{key}" for key in GUARDED[stack]]


def test_an_async_endpoint_goes_back_on_metrics_that_it_publishes(assembly: Any) -> None:
    alarm = alarms(assembly.template("guarded-async-v1"), "guarded-async-v1")["rollback-failed-requests"]
    names = {each["MetricStat"]["Metric"]["MetricName"] for each in alarm["Metrics"] if "MetricStat" in each}
    assert names == {"InvocationFailures", "InvocationsProcessed"}


@pytest.mark.parametrize(
    ("stack", "excluded"),
    [
        ("variants-v1", ["DesiredWeight", "DataCaptureConfig"]),
        ("guarded-async-v1", ["DesiredWeight", "DataCaptureConfig", "DesiredInstanceCount"]),
    ],
)
def test_an_update_keeps_the_size_and_takes_weights_and_capture(assembly: Any, stack: str, excluded: list[str]) -> None:
    endpoint = properties(assembly.template(stack), ENDPOINT)
    assert endpoint["RetainAllVariantProperties"] is True
    assert [each["VariantPropertyType"] for each in endpoint["ExcludeRetainedVariantProperties"]] == excluded
