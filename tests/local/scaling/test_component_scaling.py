"""An inference component wakes from no copy at the first refused request, and goes back to none."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.local.address import ACCOUNT
from constructs_lib.metrics import COMPONENT_CPU, COMPONENT_MEMORY

pytestmark = pytest.mark.end_to_end
NAME = "rare"


def resources(aws: Any) -> dict[str, Any]:
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"inference-component/{NAME}",
        "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount",
        "MinCapacity": 0,
        "MaxCapacity": 2,
    }
    tracking = {
        "TargetValue": 5,
        "ScaleInCooldown": 60,
        "ScaleOutCooldown": 60,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerInferenceComponentInvocationsPerCopy"},
    }
    wake = {
        "AdjustmentType": "ChangeInCapacity",
        "Cooldown": 60,
        "MetricAggregationType": "Maximum",
        "StepAdjustments": [{"ScalingAdjustment": 1, "MetricIntervalLowerBound": 0}],
    }
    alarm = {
        "AlarmName": f"{NAME}-wake",
        "Namespace": "AWS/SageMaker",
        "MetricName": "NoCapacityInvocationFailures",
        "Dimensions": [{"Name": "InferenceComponentName", "Value": NAME}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [{"Ref": "Wake"}],
    }
    scaling = "AWS::ApplicationAutoScaling"
    target_id = {"ScalingTargetId": {"Ref": "Target"}}
    return {
        "Target": {"Type": f"{scaling}::ScalableTarget", "Properties": target},
        "Track": {
            "Type": f"{scaling}::ScalingPolicy",
            "Properties": {
                "PolicyName": f"{NAME}-traffic",
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": tracking,
                **target_id,
            },
        },
        "Wake": {
            "Type": f"{scaling}::ScalingPolicy",
            "Properties": {
                "PolicyName": f"{NAME}-wake",
                "PolicyType": "StepScaling",
                "StepScalingPolicyConfiguration": wake,
                **target_id,
            },
        },
        "WakeAlarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm},
    }


def copies(aws: Any) -> int:
    found = aws("sagemaker").describe_inference_component(InferenceComponentName=NAME)["RuntimeConfig"]
    assert found["CurrentCopyCount"] == found["DesiredCopyCount"]
    return int(found["CurrentCopyCount"])


def ask(aws: Any) -> None:
    aws("sagemaker-runtime").invoke_endpoint(EndpointName=NAME, InferenceComponentName=NAME, Body=b"{}")


@pytest.fixture(scope="module", autouse=True)
def component(aws: Any) -> None:
    sagemaker = aws("sagemaker")
    sagemaker.create_model(
        ModelName=NAME,
        PrimaryContainer={"Image": aws.image, "ModelDataUrl": "s3://models/model.tar.gz"},
        ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/r",
    )
    variant = {
        "VariantName": "AllTraffic",
        "InstanceType": "ml.c7i.xlarge",
        "InitialInstanceCount": 1,
        "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 2},
        "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName=NAME, ProductionVariants=[variant], ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/r"
    )
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
    aws.settled(NAME)
    sagemaker.create_inference_component(
        InferenceComponentName=NAME,
        EndpointName=NAME,
        VariantName="AllTraffic",
        Specification={"ModelName": NAME, "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024}},
        RuntimeConfig={"CopyCount": 1},
    )
    while sagemaker.describe_inference_component(InferenceComponentName=NAME)["InferenceComponentStatus"] == "Creating":
        pass
    aws.deploy(NAME, resources(aws))


def test_it_goes_to_no_copy_and_comes_back(aws: Any) -> None:
    ask(aws)
    aws.advance(15)
    assert copies(aws) == 1  # The first of these fifteen minutes had a request, for which one copy is needed.
    aws.advance(1)
    assert copies(aws) == 0
    with pytest.raises(ClientError):
        ask(aws)
    aws.advance(1)
    assert aws.alarm(f"{NAME}-wake")["StateValue"] == "ALARM"
    assert copies(aws) == 1
    ask(aws)
    found = aws("application-autoscaling").describe_scaling_activities(
        ServiceNamespace="sagemaker", ScalableDimension="sagemaker:inference-component:DesiredCopyCount"
    )["ScalingActivities"]
    assert [item["Description"] for item in found] == ["Setting copy count to 1.", "Setting copy count to 0."]


def test_its_copies_tell_their_processor_and_memory(aws: Any) -> None:
    wanted = {metric.name: metric for metric in (COMPONENT_CPU, COMPONENT_MEMORY)}
    aws.advance(2)  # Processor time is known between two looks.
    for metric in wanted.values():
        points = aws("cloudwatch").get_metric_statistics(
            Namespace=metric.namespace,
            MetricName=metric.name,
            Dimensions=[{"Name": key, "Value": value} for key, value in metric.dimension_values(NAME).items()],
            StartTime="2020-01-01T00:00:00Z",
            EndTime="2100-01-01T00:00:00Z",
            Period=60,
            Statistics=["Maximum"],
        )["Datapoints"]
        assert points
        assert all(0 <= point["Maximum"] <= 100 for point in points)
    listed = aws("cloudwatch").list_metrics(Namespace=COMPONENT_CPU.namespace)["Metrics"]
    assert {item["MetricName"] for item in listed} == set(wanted)
