"""Each fix is needed: plain moto still has the fault. A test that fails here means that its fix can go."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from werkzeug.test import create_environ

from chem_endpoints.local import moto_fixes

REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/r"


@pytest.fixture(autouse=True)
def plain_moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """moto without our fixes, and without what the caller's environment says."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fixes, for one test only."""

    def replace(owner: type, method: str, replacement: Any) -> None:
        monkeypatch.setattr(owner, method, replacement)

    monkeypatch.setattr(moto_fixes, "_replace", replace)
    moto_fixes.apply_moto_fixes()


def create_config() -> None:
    sagemaker = boto3.client("sagemaker", region_name=REGION)
    sagemaker.create_model(ModelName="m", PrimaryContainer={"Image": "i"}, ExecutionRoleArn=ROLE)
    variant = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.c7i.xlarge"}
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])


def put_under_policy() -> None:
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="bucket")
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="bucket", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_object(Bucket="bucket", Key="k", Body=b"x")


def policy_arns() -> tuple[str, str]:
    scaling = boto3.client("application-autoscaling", region_name=REGION)
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/e/variant/v",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=1)
    steps = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"ScalingAdjustment": 1}]}

    def put() -> str:
        answer = scaling.put_scaling_policy(
            PolicyName="p", PolicyType="StepScaling", StepScalingPolicyConfiguration=steps, **target
        )
        return str(answer["PolicyARN"])

    return put(), put()


def test_moto_refuses_current_instance_types() -> None:
    with pytest.raises(ClientError, match=r"ml\.c7i\.xlarge"):
        create_config()


@pytest.mark.usefixtures("fixed")
def test_current_instance_types_are_accepted() -> None:
    create_config()


def test_moto_applies_a_deny_without_its_condition() -> None:
    with pytest.raises(ClientError, match=r"AccessDenied|Access Denied|Forbidden"):
        put_under_policy()


@pytest.mark.usefixtures("fixed")
def test_a_conditional_deny_refuses_nobody() -> None:
    put_under_policy()


def test_moto_changes_a_policys_arn_at_each_update() -> None:
    first, second = policy_arns()
    assert first != second


@pytest.mark.usefixtures("fixed")
def test_a_policy_keeps_its_arn() -> None:
    first, second = policy_arns()
    assert first == second


def test_moto_has_no_lookup_events() -> None:
    with pytest.raises(NotImplementedError):
        boto3.client("cloudtrail", region_name=REGION).lookup_events()
    assert moto_fixes.answers_lookup_events("CloudTrail_20131101.LookupEvents")
    assert json.loads(moto_fixes.NO_EVENTS) == {"Events": []}


def test_moto_shows_the_capture_configuration_instead_of_its_summary() -> None:
    sagemaker = boto3.client("sagemaker", region_name=REGION)
    sagemaker.create_model(ModelName="m", PrimaryContainer={"Image": "i"}, ExecutionRoleArn=ROLE)
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 30,
        "DestinationS3Uri": "s3://b/c",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName="c",
        ProductionVariants=[
            {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        ],
        DataCaptureConfig=capture,
    )
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    shown = sagemaker.describe_endpoint(EndpointName="e")["DataCaptureConfig"]
    assert "CaptureStatus" not in shown
    summary = moto_fixes.summarise_data_capture(capture)
    assert summary["CaptureStatus"] == "Started"
    assert summary["CurrentSamplingPercentage"] == 30


def test_moto_lets_an_endpoint_be_created_twice_and_never_updated() -> None:
    """Why `sagemaker_control` answers these itself."""
    create = boto3.client("sagemaker", region_name=REGION)
    create.create_model(ModelName="m", PrimaryContainer={"Image": "i"}, ExecutionRoleArn=ROLE)
    variant = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    create.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    create.create_endpoint(EndpointName="e", EndpointConfigName="c")
    create.create_endpoint(EndpointName="e", EndpointConfigName="c")
    with pytest.raises(NotImplementedError):
        create.update_endpoint(EndpointName="e", EndpointConfigName="c")


def test_moto_lacks_the_policies_that_bootstrap_roles_attach() -> None:
    """Why MOTO_ENVIRONMENT asks it to load them."""
    iam = boto3.client("iam", region_name=REGION)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.attach_role_policy(RoleName="r", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")


def test_moto_shows_a_traceback_as_a_web_page() -> None:
    """Why `create_app_without_debugger`: its exceptions reach the HTTP server, which knows HTML only."""
    from moto.moto_server.werkzeug_app import create_backend_app

    def environ() -> dict[str, Any]:
        return create_environ(method="POST", headers={"X-Amz-Target": "Logs_20140328.NoSuchThing"})

    with pytest.raises(NotImplementedError):
        list(create_backend_app("logs")(environ(), lambda *_: None))
    statuses: list[str] = []
    app = moto_fixes.create_app_without_debugger("logs")
    list(app(environ(), lambda status, *_: statuses.append(status)))
    assert statuses == ["500 INTERNAL SERVER ERROR"]
