"""Scaling and alarms read metrics that SageMaker publishes, and act where they should."""

from typing import Any

import pytest

from constructs_lib import metrics
from invariants import PUBLISHED, alarms, policies, properties, resources, watched

DRIVING = {"wake", "sleep"}
TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"


def test_every_metric_has_the_namespace_and_dimensions_of_the_table(assembly: Any, endpoint: str) -> None:
    template = assembly.template(endpoint)
    config = properties(template, "AWS::SageMaker::EndpointConfig")
    found = list(watched(template))
    assert found
    for namespace, name, dimensions in found:
        published = PUBLISHED[name, frozenset(dimensions)]
        variants = [each["VariantName"] for each in config["ProductionVariants"]]
        assert namespace == published.namespace
        assert dimensions in [published.dimension_values(endpoint, variant) for variant in variants]


def test_no_async_endpoint_watches_what_async_endpoints_do_not_publish(assembly: Any) -> None:
    unpublished = {metrics.INVOCATIONS.name, metrics.OVERHEAD_LATENCY.name, metrics.INVOCATIONS_PER_INSTANCE_PRESET}
    for stack in ("async-v1", "awake-v1", "guarded-async-v1"):
        template = assembly.template(stack)
        assert not unpublished & {name for _, name, _ in watched(template)}
        assert metrics.INVOCATIONS_PER_INSTANCE_PRESET not in str(template)


def test_an_async_endpoint_may_go_to_zero(assembly: Any) -> None:
    (scaled,) = resources(assembly.template("async-v1"), TARGET)
    (sized,) = (
        name
        for name, each in assembly.template("async-v1")["Resources"].items()
        if each["Type"] == "AWS::SageMaker::Endpoint"
    )
    assert (scaled["Properties"]["MinCapacity"], scaled["Properties"]["MaxCapacity"]) == (0, 8)
    assert scaled["Properties"]["ResourceId"] == "endpoint/async-v1/variant/AllTraffic"
    assert scaled["DependsOn"] == [sized]
    assert "RoleARN" not in scaled["Properties"]


def test_the_backlog_only_ever_adds_instances(assembly: Any) -> None:
    follow = policies(assembly.template("async-v1"), "async-v1")["backlog"]["TargetTrackingScalingPolicyConfiguration"]
    assert follow["DisableScaleIn"] is True
    assert follow["TargetValue"] == 5
    assert follow["CustomizedMetricSpecification"]["MetricName"] == "ApproximateBacklogSizePerInstance"


def test_a_single_request_wakes_a_sleeping_endpoint(assembly: Any) -> None:
    alarm = alarms(assembly.template("async-v1"), "async-v1")["wake"]
    step = policies(assembly.template("async-v1"), "async-v1")["wake"]["StepScalingPolicyConfiguration"]
    assert alarm["MetricName"] == "HasBacklogWithoutCapacity"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (60, 2, 2)
    assert alarm["TreatMissingData"] == "missing"
    assert step["AdjustmentType"] == "ChangeInCapacity"
    assert step["StepAdjustments"] == [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]


@pytest.mark.parametrize(("stack", "minimum"), [("async-v1", 0), ("awake-v1", 1)])
def test_an_idle_endpoint_goes_to_its_minimum_after_the_declared_minutes(
    assembly: Any, stack: str, minimum: int
) -> None:
    alarm = alarms(assembly.template(stack), stack)["sleep"]
    step = policies(assembly.template(stack), stack)["sleep"]["StepScalingPolicyConfiguration"]
    assert alarm["MetricName"] == "ApproximateBacklogSize"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanOrEqualToThreshold", 0)
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (60, 10, 10)
    assert alarm["TreatMissingData"] == "notBreaching"
    assert step["AdjustmentType"] == "ExactCapacity"
    assert step["StepAdjustments"] == [{"MetricIntervalUpperBound": 0, "ScalingAdjustment": minimum}]


@pytest.mark.parametrize(("alarm", "policy"), [("wake", "wake"), ("sleep", "sleep")])
def test_scaling_alarms_drive_their_policy_and_wake_nobody(assembly: Any, alarm: str, policy: str) -> None:
    (action,) = alarms(assembly.template("async-v1"), "async-v1")[alarm]["AlarmActions"]
    driven = assembly.template("async-v1")["Resources"][action["Ref"]]["Properties"]["PolicyName"]
    assert driven == f"async-v1-{policy}"


def test_a_realtime_endpoint_follows_its_traffic(assembly: Any) -> None:
    follow = policies(assembly.template("realtime-v1"), "realtime-v1")["traffic"][
        "TargetTrackingScalingPolicyConfiguration"
    ]
    preset = follow["PredefinedMetricSpecification"]["PredefinedMetricType"]
    assert preset == "SageMakerVariantInvocationsPerInstance"
    assert follow["TargetValue"] == 600
    assert properties(assembly.template("realtime-v1"), TARGET)["MinCapacity"] == 2


def test_a_fixed_endpoint_does_not_scale(assembly: Any) -> None:
    assert "AWS::ApplicationAutoScaling::" not in str(assembly.template("fixed-v1"))


def test_every_other_alarm_tells_the_topic_and_says_what_to_do(assembly: Any, endpoint: str) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:chem-endpoints-alarms"
    for key, alarm in alarms(assembly.template(endpoint), endpoint).items():
        section = key.removesuffix("-challenger")
        assert alarm["AlarmDescription"].endswith(f"Runbook: docs/runbook.md#{section}")
        assert key in DRIVING or alarm["AlarmActions"] == [topic]


def test_thresholds_count_in_the_metrics_units(assembly: Any) -> None:
    realtime = alarms(assembly.template("realtime-v1"), "realtime-v1")
    assert realtime["slow-answers"]["Threshold"] == 2_500_000, "2 500 ms in microseconds"
    assert realtime["slow-answers"]["ExtendedStatistic"] == "p99"
    assert realtime["disk-full"]["Threshold"] == 70
    assert realtime["server-errors"]["Threshold"] == 2
    asynchronous = alarms(assembly.template("async-v1"), "async-v1")
    assert asynchronous["oldest-request"]["Threshold"] == 1800, "30 minutes in seconds"
    assert asynchronous["failed-requests"]["Threshold"] == 1
    assert asynchronous["no-capacity"]["EvaluationPeriods"] == 20


def test_an_alarm_shows_one_series(assembly: Any, endpoint: str) -> None:
    for alarm in alarms(assembly.template(endpoint), endpoint).values():
        if "Metrics" in alarm:
            assert [query["Id"] for query in alarm["Metrics"] if query["ReturnData"]] == ["percent"]


def test_each_production_variant_has_alarms_of_its_own(assembly: Any) -> None:
    found = alarms(assembly.template("variants-v1"), "variants-v1")
    for key in ("server-errors", "slow-answers", "disk-full"):
        assert {key, f"{key}-challenger"} <= set(found)
    shown = {each["Name"]: each["Value"] for each in found["disk-full-challenger"]["Dimensions"]}
    assert shown == {"EndpointName": "variants-v1", "VariantName": "challenger"}


def test_serverless_and_component_thresholds_count_in_the_metrics_units(assembly: Any) -> None:
    serverless = alarms(assembly.template("serverless-v1"), "serverless-v1")
    assert serverless["slow-cold-start"]["Threshold"] == 60_000_000, "60 s in microseconds"
    assert serverless["no-concurrency-left"]["Threshold"] == 1, "all of it, as a share"
    component = alarms(assembly.template("component-v1"), "component-v1")
    assert component["slow-answers"]["Threshold"] == 10_000_000, "10 000 ms in microseconds"
    assert component["no-copy"]["EvaluationPeriods"] == 30
