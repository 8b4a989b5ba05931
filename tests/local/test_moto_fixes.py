"""Each fix is needed: plain moto still has the fault. A test that fails here means that its fix can go."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.iam import models as iam_models
from werkzeug.test import create_environ

from chem_endpoints.local import moto_fixes
from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.own_clients import USER_AGENT_MARK

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


def test_moto_holds_the_text_of_the_managed_policies() -> None:
    assert len(iam_models.aws_managed_policies_data) > 4_000_000


def test_managed_policies_are_there_though_their_text_is_packed(fixed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert iam_models.aws_managed_policies_data == ""
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    policies = iam_models.IAMBackend("aws", ACCOUNT).managed_policies
    assert "Statement" in policies["arn:aws:iam::aws:policy/AdministratorAccess"].versions[0].document
    assert iam_models.aws_managed_policies_data == ""


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


def test_flask_logs_the_path_and_the_message_of_a_fault(caplog: pytest.LogCaptureFixture) -> None:
    """Why `create_app_without_debugger` has a log of its own: keys are molecules at times."""
    from moto.moto_server.werkzeug_app import create_backend_app

    secret = "CC(=O)Oc1ccccc1"

    def told_by(app: Any) -> str:
        def failing() -> None:
            raise ValueError(secret)

        app.before_request(failing)
        app.debug, app.config["PROPAGATE_EXCEPTIONS"] = False, False
        caplog.clear()
        list(app(create_environ(path=f"/models/{secret}.csv", method="POST"), lambda *_: None))
        return caplog.text

    assert secret in told_by(create_backend_app("s3"))
    told = told_by(moto_fixes.create_app_without_debugger("s3"))
    assert secret not in told
    assert "moto: s3 POST: ValueError" in told
    assert "in failing" in told


# The faults that other modules work round. Each test names its module: when one fails, that part of it can go.

VARIANT = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}


@pytest.fixture
def sagemaker() -> Any:
    """A client, and a model with the name m."""
    client = boto3.client("sagemaker", region_name=REGION)
    client.create_model(ModelName="m", PrimaryContainer={"Image": "i"}, ExecutionRoleArn=ROLE)
    return client


def test_moto_forgets_that_a_model_is_isolated_and_makes_it_twice(sagemaker: Any) -> None:
    """Why `kept_records` keeps models."""
    again = {"ModelName": "m", "PrimaryContainer": {"Image": "i"}, "ExecutionRoleArn": ROLE}
    sagemaker.create_model(**again, EnableNetworkIsolation=True)
    assert not sagemaker.describe_model(ModelName="m").get("EnableNetworkIsolation")


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("ShadowProductionVariants", [VARIANT]),
        ("ExecutionRoleArn", ROLE),
        ("VpcConfig", {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}),
        ("EnableNetworkIsolation", True),
        ("MetricsConfig", {"EnableEnhancedMetrics": True}),
    ],
    ids=["shadows", "role", "vpc", "isolation", "metrics"],
)
def test_moto_forgets_members_of_endpoint_configurations(sagemaker: Any, member: str, value: Any) -> None:
    """Why `endpoint_configs` keeps them."""
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[VARIANT], **{member: value})
    assert not sagemaker.describe_endpoint_config(EndpointConfigName="c").get(member)


def test_moto_makes_an_endpoint_configuration_twice(sagemaker: Any) -> None:
    """Why `kept_records` refuses the second."""
    for _ in range(2):
        sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[VARIANT])


def test_moto_knows_no_variant_without_a_model(sagemaker: Any) -> None:
    """Why `endpoint_configs` keeps variants of inference components from it."""
    variant = {key: value for key, value in VARIANT.items() if key != "ModelName"}
    with pytest.raises(KeyError, match="ModelName"):
        sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant], ExecutionRoleArn=ROLE)


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("sagemaker", "list_inference_components", {}),
        ("sagemaker", "describe_inference_component", {"InferenceComponentName": "a"}),
        ("application-autoscaling", "describe_scaling_activities", {"ServiceNamespace": "sagemaker"}),
        ("application-autoscaling", "list_tags_for_resource", {"ResourceARN": "arn:aws:x"}),
    ],
    ids=["component-listing", "component", "scaling-activities", "scalable-target-tags"],
)
def test_moto_lacks_operations(service: str, operation: str, parameters: dict[str, Any]) -> None:
    """Why `component_control`, `scaling.activities` and `cfn_resources.scaling` do without it."""
    with pytest.raises(NotImplementedError):
        getattr(boto3.client(service, region_name=REGION), operation)(**parameters)


def test_moto_attaches_a_policy_twice() -> None:
    """Why `iam_attachments` looks before it attaches: moto never gets down to zero again."""
    iam = boto3.client("iam", region_name=REGION)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    for _ in range(2):
        iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    iam.detach_role_policy(RoleName="r", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1


def test_moto_keeps_no_tags_of_dashboards() -> None:
    """Why a stack's tags are not seen at its dashboards."""
    cloudwatch = boto3.client("cloudwatch", region_name=REGION)
    tags = [{"Key": "a", "Value": "b"}]
    cloudwatch.put_dashboard(DashboardName="d", DashboardBody='{"widgets": []}', Tags=tags)
    arn = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/d"
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == []


def put_bucket_tag(key: str) -> None:
    s3 = boto3.client("s3", region_name=REGION, config=Config(user_agent_extra=USER_AGENT_MARK))
    s3.create_bucket(Bucket="bucket")
    s3.put_bucket_tagging(Bucket="bucket", Tagging={"TagSet": [{"Key": key, "Value": "x"}]})
    assert s3.get_bucket_tagging(Bucket="bucket")["TagSet"] == [{"Key": key, "Value": "x"}]


def test_moto_refuses_system_tags_of_buckets_to_all() -> None:
    with pytest.raises(ClientError, match="System tags cannot be added"):
        put_bucket_tag("aws:cloudformation:stack-name")


@pytest.mark.usefixtures("fixed")
def test_our_own_calls_set_cloudformations_tags_and_no_others_of_aws() -> None:
    put_bucket_tag("aws:cloudformation:stack-name")
    with pytest.raises(ClientError, match="System tags cannot be added"):
        put_bucket_tag("aws:other")
