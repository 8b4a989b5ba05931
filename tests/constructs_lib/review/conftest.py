"""Templates that keep every rule; each test breaks one thing in a copy."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest

Template = dict[str, Any]

ACCOUNT = "123456789012"
TAGS = [{"Key": "chem-endpoints:endpoint", "Value": "m-v1"}, {"Key": "chem-endpoints:owner", "Value": "team"}]
KEY = "alias/chem-endpoints"
IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/chem-endpoints:{'a' * 64}"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:chem-endpoints-alarms"


def alarm(metric: str, namespace: str, statistic: str, dimensions: Mapping[str, str], **changes: Any) -> Any:
    """An alarm that keeps every rule."""
    which = "ExtendedStatistic" if statistic.startswith("p") else "Statistic"
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": f"chem-endpoints-m-v1-{metric}",
            "AlarmDescription": "What it means. Runbook: docs/runbook.md#key",
            "AlarmActions": [TOPIC],
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            which: statistic,
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": 1,
            "TreatMissingData": "notBreaching",
            "Tags": TAGS,
            **changes,
        },
    }


def hosted(config: Mapping[str, Any], variant: Mapping[str, Any], **resources: Any) -> Template:
    """Role, model, configuration, endpoint and log group, and whatever else."""
    return {
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Action": "sts:AssumeRole",
                                "Principal": {"Service": "sagemaker.amazonaws.com"},
                                "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
                            }
                        ]
                    }
                },
            },
            "Policy": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {
                    "PolicyDocument": {
                        "Statement": [
                            {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
                            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::models/1"},
                        ]
                    }
                },
            },
            "Model": {
                "Type": "AWS::SageMaker::Model",
                "Properties": {"EnableNetworkIsolation": True, "PrimaryContainer": {"Image": IMAGE}},
            },
            "Config": {
                "Type": "AWS::SageMaker::EndpointConfig",
                "Properties": {
                    "KmsKeyId": KEY,
                    "ProductionVariants": [{"VariantName": "AllTraffic", **variant}],
                    "Tags": TAGS,
                    **config,
                },
            },
            "Endpoint": {
                "Type": "AWS::SageMaker::Endpoint",
                "Properties": {
                    "EndpointName": "m-v1",
                    "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
                    "RetainAllVariantProperties": True,
                    "ExcludeRetainedVariantProperties": [
                        {"VariantPropertyType": kind}
                        for kind in ("DesiredWeight", "DataCaptureConfig", "DesiredInstanceCount")
                    ],
                    "Tags": TAGS,
                },
            },
            "Logs": {
                "Type": "AWS::Logs::LogGroup",
                "Properties": {
                    "LogGroupName": "/aws/sagemaker/Endpoints/m-v1",
                    "RetentionInDays": 7,
                    "KmsKeyId": f"arn:aws:kms:us-east-1:{ACCOUNT}:{KEY}",
                    "Tags": TAGS,
                },
            },
            **resources,
        }
    }


def target(resource: str, dimension: str, minimum: int, after: str) -> Any:
    """A scalable target."""
    return {
        "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
        "DependsOn": [after],
        "Properties": {"ResourceId": resource, "ScalableDimension": dimension, "MinCapacity": minimum},
    }


def step() -> Any:
    """A step of one more."""
    return {
        "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
        "Properties": {
            "PolicyType": "StepScaling",
            "ScalingTargetId": {"Ref": "Target"},
            "StepScalingPolicyConfiguration": {
                "StepAdjustments": [{"ScalingAdjustment": 1, "MetricIntervalLowerBound": 0}]
            },
        },
    }


VARIANT = {"EndpointName": "m-v1", "VariantName": "AllTraffic"}
WITH_MODEL = {
    "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
    "InstanceType": "ml.c7i.large",
    "InitialInstanceCount": 2,
    "ContainerStartupHealthCheckTimeoutInSeconds": 600,
}


def realtime() -> Template:
    """Two instances, captured, autoscaled, deployed by canary with a rollback alarm."""
    template = hosted(
        {"DataCaptureConfig": {"EnableCapture": True, "KmsKeyId": KEY}},
        WITH_MODEL,
        Errors=alarm("Invocation5XXErrors", "AWS/SageMaker", "Sum", VARIANT),
        Slow=alarm("ModelLatency", "AWS/SageMaker", "p99", VARIANT),
        Target=target("endpoint/m-v1/variant/AllTraffic", "sagemaker:variant:DesiredInstanceCount", 1, "Endpoint"),
    )
    template["Resources"]["Endpoint"]["Properties"]["DeploymentConfig"] = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "CANARY", "WaitIntervalInSeconds": 300}},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "chem-endpoints-m-v1-Invocation5XXErrors"}]},
    }
    return template


def asynchronous() -> Template:
    """A queue that sleeps at zero instances and wakes on its first request."""
    output = {
        "S3OutputPath": "s3://b/out",
        "S3FailurePath": "s3://b/failed",
        "KmsKeyId": KEY,
        "NotificationConfig": {"SuccessTopic": {"Ref": "Topic"}},
    }
    return hosted(
        {"AsyncInferenceConfig": {"OutputConfig": output}},
        WITH_MODEL,
        Topic={"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": KEY, "Tags": TAGS}},
        Target=target("endpoint/m-v1/variant/AllTraffic", "sagemaker:variant:DesiredInstanceCount", 0, "Endpoint"),
        Step=step(),
        Wake=alarm(
            "HasBacklogWithoutCapacity",
            "AWS/SageMaker",
            "Average",
            {"EndpointName": "m-v1"},
            AlarmActions=[{"Ref": "Step"}],
        ),
        Follow={
            "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
            "Properties": {
                "ScalingTargetId": {"Ref": "Target"},
                "TargetTrackingScalingPolicyConfiguration": {
                    "CustomizedMetricSpecification": {
                        "Namespace": "AWS/SageMaker",
                        "MetricName": "ApproximateBacklogSizePerInstance",
                        "Dimensions": [{"Name": "EndpointName", "Value": "m-v1"}],
                        "Statistic": "Average",
                    }
                },
            },
        },
    )


def component() -> Template:
    """An inference component that goes to zero copies."""
    return hosted(
        {"EnableNetworkIsolation": True},
        {
            "InstanceType": "ml.c7i.large",
            "InitialInstanceCount": 1,
            "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 0},
        },
        Component={
            "Type": "AWS::SageMaker::InferenceComponent",
            "Properties": {
                "InferenceComponentName": "m-v1",
                "Specification": {
                    "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
                    "StartupParameters": {"ContainerStartupHealthCheckTimeoutInSeconds": 600},
                },
                "RuntimeConfig": {"CopyCount": 1},
                "Tags": TAGS,
            },
        },
        ComponentLogs={
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": "/aws/sagemaker/InferenceComponents/m-v1",
                "RetentionInDays": 7,
                "KmsKeyId": f"arn:aws:kms:us-east-1:{ACCOUNT}:{KEY}",
                "Tags": TAGS,
            },
        },
        Target=target("inference-component/m-v1", "sagemaker:inference-component:DesiredCopyCount", 0, "Component"),
        Step=step(),
        Wake=alarm(
            "NoCapacityInvocationFailures",
            "AWS/SageMaker",
            "Sum",
            {"InferenceComponentName": "m-v1"},
            AlarmActions=[{"Ref": "Step"}],
        ),
    )


def serverless() -> Template:
    """No instances: neither isolation, VPC nor a time to start can be set."""
    template = hosted({}, {"ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}, "ServerlessConfig": {}})
    del template["Resources"]["Model"]["Properties"]["EnableNetworkIsolation"]
    return template


MAKERS: Mapping[str, Callable[[], Template]] = {
    "realtime": realtime,
    "async": asynchronous,
    "component": component,
    "serverless": serverless,
}


@pytest.fixture(params=list(MAKERS))
def sound(request: pytest.FixtureRequest) -> Template:
    """A template of each kind that keeps every rule."""
    return MAKERS[request.param]()


@pytest.fixture
def broken() -> Callable[..., Template]:
    """Makes a sound template of a kind with one property changed; None takes the property away."""

    def make(kind: str, path: str, value: Any) -> Template:
        template = MAKERS[kind]()
        node: Any = template["Resources"]
        *parents, last = path.split("/")
        for part in parents:
            node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
        if value is None:
            del node[last]
        elif isinstance(node, list):
            node[int(last)] = deepcopy(value)
        else:
            node[last] = deepcopy(value)
        return template

    return make
