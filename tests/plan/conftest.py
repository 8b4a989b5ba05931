"""Small templates of the shapes that our stacks have."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from chem_endpoints.plan.prices import Prices
from chem_endpoints.plan.template import Template

Body = dict[str, Any]
Edit = Callable[[Body], Body | None]


def endpoint_body(name: str = "logs-v1") -> Body:
    """A real-time endpoint on one to four instances, with a role, a policy and two alarms."""
    get = {"Fn::GetAtt": ["Model", "ModelName"]}
    resources: Body = {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Statement": [
                        {
                            "Action": "sts:AssumeRole",
                            "Effect": "Allow",
                            "Principal": {"Service": "sagemaker.amazonaws.com"},
                        }
                    ]
                }
            },
        },
        "Policy": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "execution",
                "PolicyDocument": {
                    "Statement": [
                        {"Action": "s3:GetObject", "Effect": "Allow", "Resource": "arn:aws:s3:::models/one.tar.gz"}
                    ]
                },
                "Roles": [{"Ref": "Role"}],
            },
        },
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {
                "ExecutionRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                "PrimaryContainer": {
                    "Image": f"111122223333.dkr.ecr.us-east-1.amazonaws.com/chem-endpoints@sha256:{'a' * 64}",
                    "ModelDataUrl": "s3://models/one.tar.gz",
                    "Environment": {"CHEM_ENDPOINTS_MODEL_SHA256": "1" * 64},
                },
            },
        },
        "Config": {
            "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": {
                "ProductionVariants": [
                    {
                        "VariantName": "AllTraffic",
                        "ModelName": get,
                        "InstanceType": "ml.m5.large",
                        "InitialInstanceCount": 2,
                    }
                ]
            },
        },
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointName": name,
                "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
                "RetainAllVariantProperties": True,
            },
        },
        "Target": {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {
                "ResourceId": f"endpoint/{name}/variant/AllTraffic",
                "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
                "ServiceNamespace": "sagemaker",
                "MinCapacity": 1,
                "MaxCapacity": 4,
            },
            "DependsOn": ["Endpoint"],
        },
        "Scaling": {
            "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
            "Properties": {"PolicyName": f"{name}-wake", "ScalingTargetId": {"Ref": "Target"}},
        },
        "WakeAlarm": alarm(f"chem-endpoints-{name}-wake", [{"Ref": "Scaling"}]),
        "ErrorAlarm": alarm(f"chem-endpoints-{name}-errors", ["arn:aws:sns:us-east-1:111122223333:alarms"]),
    }
    return {"Resources": resources}


def alarm(name: str, actions: list[Any]) -> Body:
    """An alarm on one metric."""
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": name,
            "AlarmActions": actions,
            "MetricName": "Invocation5XXErrors",
            "Period": 60,
            "Threshold": 1,
        },
    }


def edited(body: Body, edit: Edit) -> Body:
    """A copy with an edit applied to its resources."""
    copied = deepcopy(body)
    edit(copied["Resources"])
    return copied


@pytest.fixture
def body() -> Body:
    return endpoint_body()


@pytest.fixture
def change() -> Callable[[Body, Edit], tuple[Template, Template]]:
    """A template and the same after an edit of its resources."""
    return lambda body, edit: (Template(body=body), Template(body=edited(body, edit)))


@pytest.fixture
def prices() -> Prices:
    """Round figures, so that a test computes by hand."""
    return Prices.model_validate(
        {
            "date": "2026-01-01",
            "currency": "USD",
            "source": "this test",
            "regions": {
                "us-east-1": {
                    "instance_hours": [
                        {
                            "confidence": "listed",
                            "source": "this test",
                            "prices": {"ml.m5.large": 0.10, "ml.m5.xlarge": 0.20},
                        }
                    ],
                    "serverless": {
                        "confidence": "listed",
                        "duration_gib_second": 0.00002,
                        "provisioned_gib_second": 0.000005,
                        "provisioned_duration_gib_second": 0.00001,
                    },
                    "monthly": {
                        "confidence": "listed",
                        "alarm_metric": 0.10,
                        "high_resolution_alarm_metric": 0.30,
                        "dashboard": 3,
                        "key": 1,
                        "interface_endpoint": 7.3,
                    },
                    "usage": {
                        "confidence": "listed",
                        "log_gb": 0.5,
                        "log_gb_month": 0.03,
                        "s3_gb_month": 0.023,
                        "image_gb_month": 0.1,
                        "endpoint_data_gb": 0.016,
                        "volume_gb_month": 0.14,
                        "million_notifications": 0.5,
                    },
                }
            },
        }
    )
