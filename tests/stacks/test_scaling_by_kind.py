"""Promise: each kind scales in its own unit, by the metric that its declaration names, by load and by the clock."""

from collections.abc import Callable
from typing import Any

import pytest

from invariants import alarms, policies, properties, resources

TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
SCALING = "AWS::ApplicationAutoScaling::"
Declare = Callable[..., dict[str, Any]]
INSTANCE = {"kind": "realtime", "instance_type": "ml.c7i.large"}
COMPONENT = {"kind": "inference_component", "instance_type": "ml.c7i.xlarge"}


def tracking(template: dict[str, Any], endpoint: str, key: str) -> dict[str, Any]:
    found: dict[str, Any] = policies(template, endpoint)[key]["TargetTrackingScalingPolicyConfiguration"]
    return found


def test_gradual_scale_in_removes_instances_as_the_queue_shrinks(assembly: Any) -> None:
    follow = tracking(assembly.template("awake-v1"), "awake-v1", "backlog")
    assert "DisableScaleIn" not in follow
    assert follow["ScaleInCooldown"] == 300


def test_an_endpoint_that_sleeps_never_loses_an_instance_to_the_queue_alone(assembly: Any) -> None:
    follow = tracking(assembly.template("async-v1"), "async-v1", "backlog")
    assert follow["DisableScaleIn"] is True
    assert "ScaleInCooldown" not in follow


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (
            {"invocations_per_instance": 600},
            {"PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}},
        ),
        (
            {"concurrent_requests": 600},
            {
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "SageMakerVariantConcurrentRequestsPerModelHighResolution"
                }
            },
        ),
        (
            {"cpu_percent": 60},
            {
                "CustomizedMetricSpecification": {
                    "Namespace": "/aws/sagemaker/Endpoints",
                    "MetricName": "CPUUtilizationNormalized",
                    "Statistic": "Average",
                    "Dimensions": [
                        {"Name": "EndpointName", "Value": "one-v1"},
                        {"Name": "VariantName", "Value": "AllTraffic"},
                    ],
                }
            },
        ),
    ],
    ids=["invocations", "concurrency", "cpu"],
)
def test_realtime_instances_follow_the_named_metric(
    template_of: Declare, named: dict[str, int], expected: dict[str, Any]
) -> None:
    template = template_of({**INSTANCE, "scaling": {"min": 2, "max": 6, **named}})
    follow = tracking(template, "one-v1", "traffic")
    assert {**follow, **expected} == follow
    assert follow["TargetValue"] == next(iter(named.values()))
    target = properties(template, TARGET)
    assert target["ScalableDimension"] == "sagemaker:variant:DesiredInstanceCount"
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 6)


def test_each_variant_has_a_target_of_its_own(assembly: Any) -> None:
    template = assembly.template("variants-v1")
    found = {each["Properties"]["ResourceId"]: each["Properties"] for each in resources(template, TARGET)}
    assert set(found) == {"endpoint/variants-v1/variant/AllTraffic", "endpoint/variants-v1/variant/challenger"}
    assert found["endpoint/variants-v1/variant/challenger"]["MaxCapacity"] == 2
    assert set(policies(template, "variants-v1")) == {"traffic", "traffic-challenger"}


def test_provisioned_concurrency_follows_its_use(assembly: Any) -> None:
    template = assembly.template("provisioned-v1")
    target = properties(template, TARGET)
    assert target["ScalableDimension"] == "sagemaker:variant:DesiredProvisionedConcurrency"
    assert target["ResourceId"] == "endpoint/provisioned-v1/variant/AllTraffic"
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 5)
    follow = tracking(template, "provisioned-v1", "use")
    assert follow["PredefinedMetricSpecification"] == {
        "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
    }
    assert follow["TargetValue"] == 0.7, "a share, not a percentage"


def test_serverless_without_provisioned_concurrency_has_nothing_to_scale(assembly: Any) -> None:
    assert SCALING not in str(assembly.template("serverless-v1"))


@pytest.mark.parametrize(
    ("named", "preset"),
    [
        ("invocations_per_copy", "SageMakerInferenceComponentInvocationsPerCopy"),
        ("concurrent_requests_per_copy", "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution"),
    ],
)
def test_copies_follow_the_named_metric(template_of: Declare, named: str, preset: str) -> None:
    template = template_of({**COMPONENT, "scaling": {"min": 0, "max": 1, named: 7}})
    target = properties(template, TARGET)
    assert target["ResourceId"] == "inference-component/one-v1"
    assert target["ScalableDimension"] == "sagemaker:inference-component:DesiredCopyCount"
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 1)
    follow = tracking(template, "one-v1", "traffic")
    assert follow["PredefinedMetricSpecification"] == {"PredefinedMetricType": preset}
    assert follow["TargetValue"] == 7


def test_one_failed_request_wakes_the_first_copy(assembly: Any) -> None:
    template = assembly.template("component-v1")
    alarm = alarms(template, "component-v1")["wake"]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("NoCapacityInvocationFailures", "Sum")
    assert alarm["Dimensions"] == [{"Name": "InferenceComponentName", "Value": "component-v1"}]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (60, 1)
    step = policies(template, "component-v1")["wake"]["StepScalingPolicyConfiguration"]
    assert step["AdjustmentType"] == "ChangeInCapacity"
    assert step["StepAdjustments"] == [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]


def test_a_component_that_never_sleeps_needs_no_waking(template_of: Declare) -> None:
    scaling = {"min": 1, "max": 2, "invocations_per_copy": 60}
    template = template_of({**COMPONENT, "instances": {"min": 1, "max": 4}, "scaling": scaling})
    assert set(policies(template, "one-v1")) == {"traffic"}
    night = {"name": "night", "cron": "0 19 ? * MON-FRI *", "min": 0, "max": 0}
    template = template_of(
        {**COMPONENT, "instances": {"max": 2}, "scaling": {**scaling, "min": 0, "schedule": [night]}}
    )
    assert set(policies(template, "one-v1")) == {"traffic", "wake"}


OFFICE_HOURS = [
    {
        "ScheduledActionName": "office-opens",
        "Schedule": "cron(0 7 ? * MON-FRI *)",
        "Timezone": "Europe/Zurich",
        "ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 4},
    },
    {
        "ScheduledActionName": "office-closes",
        "Schedule": "cron(0 19 ? * MON-FRI *)",
        "Timezone": "Europe/Zurich",
        "ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 2},
    },
]


def test_the_clock_changes_the_bounds_in_the_declared_time_zone(assembly: Any) -> None:
    assert properties(assembly.template("provisioned-v1"), TARGET)["ScheduledActions"] == OFFICE_HOURS
    variants = resources(assembly.template("variants-v1"), TARGET)
    assert [each["Properties"].get("ScheduledActions") for each in variants] == [OFFICE_HOURS, None]


def test_a_schedule_may_put_an_endpoint_to_sleep(template_of: Declare) -> None:
    night = {"name": "night", "cron": "0 19 ? * * *", "min": 0, "max": 0}
    scaling = {"min": 1, "max": 2, "schedule": [night]}
    template = template_of({"kind": "async", "instance_type": "ml.c7i.large", "scaling": scaling})
    (action,) = properties(template, TARGET)["ScheduledActions"]
    assert action["ScalableTargetAction"] == {"MinCapacity": 0, "MaxCapacity": 0}
    assert action["Timezone"] == "UTC"


@pytest.fixture(scope="module")
def unscaled(synthesize: Callable[..., Any]) -> Any:
    """The test repository with ``-c scaling=off``."""
    return synthesize(scaling="off")


def test_scaling_off_removes_every_scaling_resource_and_nothing_else(
    assembly: Any, unscaled: Any, endpoint: str
) -> None:
    expected = {
        name: each
        for name, each in assembly.template(endpoint)["Resources"].items()
        if not each["Type"].startswith(SCALING)
        and not str(each["Properties"].get("AlarmName")).endswith(("-wake", "-sleep"))
    }
    assert unscaled.template(endpoint)["Resources"] == expected
