"""Scaling and alarms read metrics that SageMaker publishes, and act where they should."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from constructs_lib import metrics
from constructs_lib.metrics import EndpointMetric

Resources = Callable[..., dict[str, Any]]
STACKS = ["realtime-v1", "async-v1", "fixed-v1", "awake-v1"]
PUBLISHED = {each.name: each for each in vars(metrics).values() if isinstance(each, EndpointMetric)}


def alarms(assembly: Any, resources_of: Resources, stack: str) -> dict[str, dict[str, Any]]:
    found = resources_of(assembly.template(stack), "AWS::CloudWatch::Alarm").values()
    prefix = f"chem-endpoints-{stack}-"
    return {each["Properties"]["AlarmName"].removeprefix(prefix): each["Properties"] for each in found}


def policies(assembly: Any, resources_of: Resources, stack: str) -> dict[str, dict[str, Any]]:
    found = resources_of(assembly.template(stack), "AWS::ApplicationAutoScaling::ScalingPolicy").values()
    return {each["Properties"]["PolicyName"].removeprefix(f"{stack}-"): each["Properties"] for each in found}


def target(assembly: Any, resources_of: Resources, stack: str) -> dict[str, Any]:
    (found,) = resources_of(assembly.template(stack), "AWS::ApplicationAutoScaling::ScalableTarget").values()
    resource: dict[str, Any] = found
    return resource


def watched(node: Any) -> Iterator[dict[str, Any]]:
    """Every metric that a template mentions."""
    if isinstance(node, dict):
        if "MetricName" in node:
            yield node
        for child in node.values():
            yield from watched(child)
    elif isinstance(node, list):
        for child in node:
            yield from watched(child)


@pytest.mark.parametrize("stack", STACKS)
def test_every_metric_has_the_namespace_and_dimensions_of_the_table(assembly: Any, stack: str) -> None:
    found = list(watched(assembly.template(stack)))
    assert found
    for metric in found:
        published = PUBLISHED[metric["MetricName"]]
        dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
        assert metric["Namespace"] == published.namespace
        assert dimensions == published.dimension_values(stack)


def test_an_async_endpoint_may_go_to_zero(assembly: Any, resources_of: Resources) -> None:
    scaled = target(assembly, resources_of, "async-v1")
    (endpoint,) = (
        name
        for name, each in assembly.template("async-v1")["Resources"].items()
        if each["Type"] == "AWS::SageMaker::Endpoint"
    )
    assert (scaled["Properties"]["MinCapacity"], scaled["Properties"]["MaxCapacity"]) == (0, 8)
    assert scaled["Properties"]["ResourceId"] == "endpoint/async-v1/variant/AllTraffic"
    assert scaled["DependsOn"] == [endpoint]
    assert "RoleARN" not in scaled["Properties"]


def test_the_backlog_only_ever_adds_instances(assembly: Any, resources_of: Resources) -> None:
    follow = policies(assembly, resources_of, "async-v1")["backlog"]["TargetTrackingScalingPolicyConfiguration"]
    assert follow["DisableScaleIn"] is True
    assert follow["TargetValue"] == 5
    assert follow["CustomizedMetricSpecification"]["MetricName"] == "ApproximateBacklogSizePerInstance"


def test_a_single_request_wakes_a_sleeping_endpoint(assembly: Any, resources_of: Resources) -> None:
    alarm = alarms(assembly, resources_of, "async-v1")["wake"]
    step = policies(assembly, resources_of, "async-v1")["wake"]["StepScalingPolicyConfiguration"]
    assert alarm["MetricName"] == "HasBacklogWithoutCapacity"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (60, 2, 2)
    assert alarm["TreatMissingData"] == "missing"
    assert step["AdjustmentType"] == "ChangeInCapacity"
    assert step["StepAdjustments"] == [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]


@pytest.mark.parametrize(("stack", "minimum"), [("async-v1", 0), ("awake-v1", 1)])
def test_an_idle_endpoint_goes_to_its_minimum_after_the_declared_minutes(
    assembly: Any, resources_of: Resources, stack: str, minimum: int
) -> None:
    alarm = alarms(assembly, resources_of, stack)["sleep"]
    step = policies(assembly, resources_of, stack)["sleep"]["StepScalingPolicyConfiguration"]
    assert alarm["MetricName"] == "ApproximateBacklogSize"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanOrEqualToThreshold", 0)
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (60, 10, 10)
    assert alarm["TreatMissingData"] == "notBreaching"
    assert step["AdjustmentType"] == "ExactCapacity"
    assert step["StepAdjustments"] == [{"MetricIntervalUpperBound": 0, "ScalingAdjustment": minimum}]


@pytest.mark.parametrize(("alarm", "policy"), [("wake", "wake"), ("sleep", "sleep")])
def test_scaling_alarms_drive_their_policy_and_wake_nobody(
    assembly: Any, resources_of: Resources, alarm: str, policy: str
) -> None:
    (action,) = alarms(assembly, resources_of, "async-v1")[alarm]["AlarmActions"]
    driven = assembly.template("async-v1")["Resources"][action["Ref"]]["Properties"]["PolicyName"]
    assert driven == f"async-v1-{policy}"


def test_a_realtime_endpoint_follows_its_traffic(assembly: Any, resources_of: Resources) -> None:
    follow = policies(assembly, resources_of, "realtime-v1")["traffic"]["TargetTrackingScalingPolicyConfiguration"]
    preset = follow["PredefinedMetricSpecification"]["PredefinedMetricType"]
    assert preset == "SageMakerVariantInvocationsPerInstance"
    assert follow["TargetValue"] == 600
    assert target(assembly, resources_of, "realtime-v1")["Properties"]["MinCapacity"] == 2


def test_a_fixed_endpoint_does_not_scale(assembly: Any, resources_of: Resources) -> None:
    assert resources_of(assembly.template("fixed-v1"), "AWS::ApplicationAutoScaling::") == {}


@pytest.mark.parametrize("stack", STACKS)
def test_every_other_alarm_tells_the_topic_and_says_what_to_do(
    assembly: Any, resources_of: Resources, stack: str
) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:chem-endpoints-alarms"
    for key, alarm in alarms(assembly, resources_of, stack).items():
        assert alarm["AlarmDescription"].endswith(f"Runbook: docs/runbook.md#{key}")
        assert key in {"wake", "sleep"} or alarm["AlarmActions"] == [topic]


def test_thresholds_count_in_the_metrics_units(assembly: Any, resources_of: Resources) -> None:
    realtime = alarms(assembly, resources_of, "realtime-v1")
    assert realtime["slow-answers"]["Threshold"] == 2_500_000, "2 500 ms in microseconds"
    assert realtime["slow-answers"]["ExtendedStatistic"] == "p99"
    assert realtime["disk-full"]["Threshold"] == 70
    assert realtime["server-errors"]["Threshold"] == 2
    asynchronous = alarms(assembly, resources_of, "async-v1")
    assert asynchronous["oldest-request"]["Threshold"] == 1800, "30 minutes in seconds"
    assert asynchronous["failed-requests"]["Threshold"] == 1
    assert asynchronous["no-capacity"]["EvaluationPeriods"] == 20


@pytest.mark.parametrize("stack", STACKS)
def test_an_alarm_shows_one_series(assembly: Any, resources_of: Resources, stack: str) -> None:
    for alarm in alarms(assembly, resources_of, stack).values():
        if "Metrics" in alarm:
            assert [query["Id"] for query in alarm["Metrics"] if query["ReturnData"]] == ["percent"]
