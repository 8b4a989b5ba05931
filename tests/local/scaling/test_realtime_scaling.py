"""A real-time endpoint follows its traffic, its schedule and its bounds, and nothing else."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.end_to_end
Resources = dict[str, Any]
TRAFFIC = {
    "TargetValue": 4,
    "ScaleOutCooldown": 60,
    "ScaleInCooldown": 300,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
}
ALWAYS = {"AdjustmentType": "ChangeInCapacity", "Cooldown": 0, "StepAdjustments": [{"ScalingAdjustment": 1}]}


def minute_of(aws: Any, name: str, requests: int) -> int:
    """A minute with so many requests; returns the instances after it."""
    for _ in range(requests):
        aws.ask(name)
    aws.advance(1)
    return int(aws.instances(name))


def force(aws: Any, name: str) -> None:
    """An alarm that always fires, for the step policy of a stack."""
    (policy,) = aws("application-autoscaling").describe_scaling_policies(
        ServiceNamespace="sagemaker", ResourceId=f"endpoint/{name}/variant/AllTraffic"
    )["ScalingPolicies"]
    aws("cloudwatch").put_metric_alarm(
        AlarmName=f"{name}-always",
        Namespace="none",
        MetricName="none",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="breaching",
        AlarmActions=[policy["PolicyARN"]],
    )


def test_target_tracking_adds_after_three_minutes_and_removes_after_fifteen(
    aws: Any, scalable: Callable[..., Resources]
) -> None:
    aws.endpoint("busy", instances=1)
    aws.deploy("busy", scalable("busy", 1, 3, Traffic=TRAFFIC))
    assert [minute_of(aws, "busy", 7) for _ in range(3)] == [1, 1, 2]
    assert "3 minutes above the target (4): [7.0, 7.0, 7.0]" in aws.activities("busy")[0]["Cause"]
    assert [minute_of(aws, "busy", 1) for _ in range(15)] == [2] * 14 + [1]
    aws.advance(30)
    assert aws.instances("busy") == 1


def test_without_any_request_nothing_is_published_and_nothing_removed(
    aws: Any, scalable: Callable[..., Resources]
) -> None:
    aws.endpoint("silent", instances=2)
    aws.deploy("silent", scalable("silent", 1, 3, Traffic=TRAFFIC))
    aws.advance(20)
    assert aws.instances("silent") == 2  # SageMaker emits no zeros: its developer guide says so.
    published = aws("cloudwatch").list_metrics(Dimensions=[{"Name": "EndpointName", "Value": "silent"}])["Metrics"]
    assert {item["Namespace"] for item in published} <= {"/aws/sagemaker/Endpoints"}


def test_a_schedule_moves_the_bounds_and_the_bounds_the_capacity(aws: Any, scalable: Callable[..., Resources]) -> None:
    aws.endpoint("office", instances=1)
    resources = scalable("office", 1, 4)
    opens = datetime.fromisoformat(aws.advance(0)).replace(microsecond=0) + timedelta(minutes=3)
    resources["Target"]["Properties"]["ScheduledActions"] = [
        {
            "ScheduledActionName": "opens",
            "Schedule": f"cron({opens.minute} {opens.hour} * * ? *)",
            "Timezone": "UTC",
            "ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 4},
        }
    ]
    aws.deploy("office", resources)
    aws.advance(2)
    assert aws.instances("office") == 1
    aws.advance(1)
    assert aws.instances("office") == 3
    assert aws.activities("office")[0]["Cause"] == "minimum capacity was set to 3"
    listed = aws("application-autoscaling").describe_scheduled_actions(ServiceNamespace="sagemaker")
    assert [item["ScheduledActionName"] for item in listed["ScheduledActions"]] == ["opens"]

    del resources["Target"]["Properties"]["ScheduledActions"]
    resources["Target"]["Properties"] |= {"MinCapacity": 1, "MaxCapacity": 2}
    aws.deploy("office", resources, update=True)
    aws.advance(1)
    assert aws.instances("office") == 2
    assert not aws("application-autoscaling").describe_scheduled_actions(ServiceNamespace="sagemaker")[
        "ScheduledActions"
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ScheduledActions": [{"ScheduledActionName": "x", "Schedule": "daily"}]}, "daily is not valid"),
        ({"MinCapacity": 5}, "Maximum capacity cannot be less than minimum capacity"),
        ({"Colour": "red"}, r"extraneous key \[Colour\] is not permitted"),
    ],
)
def test_a_malformed_target_fails_the_deployment(
    aws: Any, scalable: Callable[..., Resources], change: dict[str, Any], reason: str
) -> None:
    resources = scalable("nobody", 1, 4)
    resources["Target"]["Properties"] |= change
    with pytest.raises(AssertionError, match=reason):
        aws.deploy(f"malformed-{sorted(change)[0]}", resources)


def test_suspended_scaling_waits_and_a_deregistered_target_is_left_alone(
    aws: Any, scalable: Callable[..., Resources]
) -> None:
    aws.endpoint("paused", instances=1)
    resources = scalable("paused", 1, 5, Always=ALWAYS)
    resources["Target"]["Properties"]["SuspendedState"] = {"DynamicScalingOutSuspended": True}
    aws.deploy("paused", resources)
    force(aws, "paused")
    aws.advance(3)
    assert aws.instances("paused") == 1
    del resources["Target"]["Properties"]["SuspendedState"]
    aws.deploy("paused", resources, update=True)
    aws.advance(2)
    assert aws.instances("paused") == 3  # A policy's action is repeated every minute for as long as its alarm lasts.
    aws("application-autoscaling").deregister_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/paused/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
    )
    aws.advance(2)
    assert aws.instances("paused") == 3


def test_an_endpoint_that_is_updated_is_not_scaled_and_keeps_its_size(
    aws: Any, scalable: Callable[..., Resources]
) -> None:
    aws.endpoint("moving", instances=1)
    aws.deploy("moving", scalable("moving", 1, 5, Always=ALWAYS))
    force(aws, "moving")
    aws.advance(1)
    assert aws.instances("moving") == 2
    config = aws.model(instances=1)
    aws("sagemaker").update_endpoint(
        EndpointName="moving",
        EndpointConfigName=config,
        RetainAllVariantProperties=True,
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {
                    "Type": "CANARY",
                    "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1},
                    "WaitIntervalInSeconds": 600,
                },
            },
        },
    )
    aws.advance(3)  # The canary's ten minutes are not over.
    found = aws("sagemaker").describe_endpoint(EndpointName="moving")
    assert found["EndpointStatus"] == "Updating"
    assert len(aws.activities("moving")) == 1
    aws("cloudwatch").delete_alarms(AlarmNames=["moving-always"])
    for _ in range(600):  # The canary's minutes begin when its processes are up, which takes real time.
        if aws("sagemaker").describe_endpoint(EndpointName="moving")["EndpointStatus"] != "Updating":
            break
        aws.advance(1)
    assert aws.settled("moving")["EndpointConfigName"] == config
    assert aws.instances("moving") == 2


def test_a_scaled_variant_keeps_its_instance_type(aws: Any, scalable: Callable[..., Resources]) -> None:
    aws.endpoint("typed", instances=1)
    aws.deploy("typed", scalable("typed", 1, 5))
    name = aws.model(instances=1)
    other = f"{name}-other"
    variant = aws("sagemaker").describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"][0]
    variant["InstanceType"] = "ml.c7i.xlarge"
    aws("sagemaker").create_endpoint_config(EndpointConfigName=other, ProductionVariants=[variant])
    with pytest.raises(ClientError, match="scalable target"):
        aws("sagemaker").update_endpoint(EndpointName="typed", EndpointConfigName=other)
    aws("cloudformation").delete_stack(StackName="typed")
    while aws("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=["endpoint/typed/variant/AllTraffic"]
    )["ScalableTargets"]:
        pass
    aws("sagemaker").update_endpoint(EndpointName="typed", EndpointConfigName=other)
    assert aws.settled("typed")["EndpointConfigName"] == other
