"""The whole life of three stacks by the real CDK CLI: each test is the next step of one story."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cdk_cli import CDK, MISSING, CdkCli, with_node

pytestmark = [pytest.mark.end_to_end, pytest.mark.skipif(not CDK.exists(), reason=MISSING)]
Clients = Callable[[str], Any]


@pytest.fixture(scope="module")
def assemblies(
    tmp_path_factory: pytest.TempPathFactory, image: str, bundle: bytes, client_environment: dict[str, str]
) -> Path:
    folder = tmp_path_factory.mktemp("cdk")
    (folder / "model.tar.gz").write_bytes(bundle)
    app = Path(__file__).with_name("cdk_app.py")
    command = [sys.executable, app, folder, image, folder / "model.tar.gz"]
    subprocess.run(command, env=with_node(client_environment), check=True)
    return folder


@pytest.fixture(scope="module")
def cdk(client_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> CdkCli:
    return CdkCli(tmp_path_factory.mktemp("cdk-run"), client_environment)


def label(client: Clients) -> str:
    answer = client("sagemaker-runtime").invoke_endpoint(EndpointName="sync-v1", Body=b'{"do": "echo"}')
    return str(json.loads(answer["Body"].read())["label"])


def target(client: Clients, endpoint: str) -> dict[str, Any]:
    found = client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{endpoint}/variant/AllTraffic"]
    )
    return dict(found["ScalableTargets"][0])


def test_bootstrap(cdk: CdkCli, client: Clients) -> None:
    cdk("bootstrap", "aws://123456789012/us-east-1")
    stack = client("cloudformation").describe_stacks(StackName="CDKToolkit")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {output["OutputKey"] for output in stack["Outputs"]} >= {"BucketName", "BootstrapVersion"}


def test_deploy_of_all_stacks_at_once(cdk: CdkCli, assemblies: Path, client: Clients, tmp_path: Path) -> None:
    outputs = tmp_path / "outputs.json"
    shown = cdk.deploy(assemblies / "first", "--all", "--concurrency", "3", "-O", outputs)
    assert json.loads(outputs.read_text())["Sync"] == {"EndpointName": "sync-v1"}
    assert "AWS::SageMaker::Endpoint" in shown
    assert label(client) == "one"
    found = client("sagemaker").describe_endpoint(EndpointName="sync-v1")
    assert found["EndpointStatus"] == "InService"
    assert found["DataCaptureConfig"]["CaptureStatus"] == "Started"
    assert found["DataCaptureConfig"]["CurrentSamplingPercentage"] == 100
    tags = client("sagemaker").list_tags(ResourceArn=found["EndpointArn"])["Tags"]
    assert {"Key": "chem-endpoints:manifest", "Value": "s3://b/one"} in tags


def test_scaling_and_alarms_are_really_there(client: Clients) -> None:
    assert (target(client, "sync-v1")["MinCapacity"], target(client, "sync-v1")["MaxCapacity"]) == (1, 3)
    assert target(client, "async-v1")["MinCapacity"] == 0
    policies = client("application-autoscaling").describe_scaling_policies(ServiceNamespace="sagemaker")[
        "ScalingPolicies"
    ]
    assert {policy["PolicyType"] for policy in policies} == {"StepScaling", "TargetTrackingScaling"}
    (wake_up,) = (policy for policy in policies if policy["PolicyName"] == "wake-up")
    alarms = client("cloudwatch").describe_alarms()["MetricAlarms"]
    (backlog,) = (alarm for alarm in alarms if alarm["MetricName"] == "HasBacklogWithoutCapacity")
    assert backlog["AlarmActions"] == [wake_up["PolicyARN"]]
    (slow,) = (alarm for alarm in alarms if alarm["MetricName"] == "ModelLatency")
    assert slow["ExtendedStatistic"] == "p99"


def test_the_foundation_is_as_declared(client: Clients) -> None:
    s3, bucket = client("s3"), "local-test-123456789012"
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert [rule.get("Expiration", {}).get("Days") for rule in rules] == [7, None]
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=bucket)["Policy"]
    aliases = client("kms").list_aliases()["Aliases"]
    (key,) = (alias["TargetKeyId"] for alias in aliases if alias["AliasName"] == "alias/local-test")
    assert client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    repository = client("ecr").describe_repositories(repositoryNames=["local-test"])["repositories"][0]
    assert repository["imageTagMutability"] == "IMMUTABLE"
    groups = client("logs").describe_log_groups(logGroupNamePrefix="/aws/sagemaker/Endpoints/sync-v1")["logGroups"]
    assert groups[0]["retentionInDays"] == 30
    assert client("ssm").get_parameter(Name="/local-test/bucket")["Parameter"]["Value"] == bucket


def test_an_asynchronous_call_reaches_the_deployed_endpoint(client: Clients) -> None:
    accepted = client("sagemaker-runtime").invoke_endpoint_async(EndpointName="async-v1", Body=b'{"do": "echo"}')
    key = accepted["OutputLocation"].removeprefix("s3://local-test-123456789012/")
    client("s3").get_waiter("object_exists").wait(
        Bucket="local-test-123456789012", Key=key, WaiterConfig={"Delay": 1, "MaxAttempts": 10}
    )
    client("s3").delete_object(Bucket="local-test-123456789012", Key=key)


def records(client: Clients) -> dict[str, Any]:
    """What the services tell of all that the three stacks hold, with its times of creation and change."""
    sagemaker, scaling = client("sagemaker"), {"ServiceNamespace": "sagemaker"}
    configs = [
        item["EndpointConfigName"] for item in sagemaker.list_endpoint_configs(MaxResults=100)["EndpointConfigs"]
    ]
    models = [item["ModelName"] for item in sagemaker.list_models(MaxResults=100)["Models"]]
    roles = [role["RoleName"] for role in client("iam").list_roles()["Roles"]]
    told = {
        "endpoints": [sagemaker.describe_endpoint(EndpointName=name) for name in ("sync-v1", "async-v1")],
        "configs": [sagemaker.describe_endpoint_config(EndpointConfigName=name) for name in sorted(configs)],
        "models": [sagemaker.describe_model(ModelName=name) for name in sorted(models)],
        "targets": client("application-autoscaling").describe_scalable_targets(**scaling),
        "policies": client("application-autoscaling").describe_scaling_policies(**scaling),
        "alarms": [
            {key: value for key, value in alarm.items() if not key.startswith("State")}
            for alarm in client("cloudwatch").describe_alarms()["MetricAlarms"]
        ],
        "roles": [client("iam").get_role(RoleName=name) for name in sorted(roles)],
        "policies of roles": [client("iam").list_role_policies(RoleName=name) for name in sorted(roles)],
        "groups": client("logs").describe_log_groups(logGroupNamePrefix="/aws/sagemaker"),
        "topics": client("sns").list_topics(),
        "repositories": client("ecr").describe_repositories(),
        "keys": client("kms").list_aliases(),
        "parameter": client("ssm").get_parameter(Name="/local-test/bucket"),
        "stacks": [
            client("cloudformation").describe_stack_resources(StackName=n) for n in ("Sync", "Async", "Foundation")
        ],
    }
    return dict(without_metadata(told))


def without_metadata(value: Any) -> Any:
    if isinstance(value, list):
        return [without_metadata(item) for item in value]
    if isinstance(value, dict):
        return {key: without_metadata(inner) for key, inner in value.items() if key not in UNCOMPARED}
    return value


UNCOMPARED = ("ResponseMetadata", "RoleLastUsed")
"""What differs from answer to answer, and what the CLI's own use of the bootstrap roles changes."""


def test_a_second_deploy_changes_nothing(cdk: CdkCli, assemblies: Path, client: Clients) -> None:
    before = records(client)
    shown = cdk.deploy(assemblies / "first", "--all", "--concurrency", "3")
    assert len(re.findall(r"\(no changes\)", shown)) == 3
    for kind, after in records(client).items():
        assert after == before[kind], kind


def test_diff_tells_what_would_be_replaced(cdk: CdkCli, assemblies: Path) -> None:
    shown = cdk("diff", "--app", assemblies / "changed", "--all")
    text = shown.stdout + shown.stderr
    assert "[~] AWS::SageMaker::Model Model" in text
    assert "replace" in text
    assert "[~] AWS::ApplicationAutoScaling::ScalableTarget" in text
    assert "Number of stacks with differences: 1" in text


def test_an_update_moves_the_endpoint_to_a_new_model(cdk: CdkCli, assemblies: Path, client: Clients) -> None:
    before = client("sagemaker").describe_endpoint(EndpointName="sync-v1")
    cdk.deploy(assemblies / "changed", "Sync")
    after = client("sagemaker").describe_endpoint(EndpointName="sync-v1")
    assert label(client) == "two"
    assert after["EndpointConfigName"] != before["EndpointConfigName"]
    assert after["CreationTime"] == before["CreationTime"]
    assert target(client, "sync-v1")["MaxCapacity"] == 5
    tags = client("sagemaker").list_tags(ResourceArn=after["EndpointArn"])["Tags"]
    assert [tag["Value"] for tag in tags if tag["Key"] == "chem-endpoints:manifest"] == ["s3://b/two"]
    with pytest.raises(ClientError):
        client("sagemaker").describe_endpoint_config(EndpointConfigName=before["EndpointConfigName"])


def test_a_failing_update_is_rolled_back(cdk: CdkCli, assemblies: Path, client: Clients) -> None:
    before = client("sagemaker").describe_endpoint(EndpointName="sync-v1")
    shown = cdk.deploy(assemblies / "broken", "Sync", code=1)
    assert "did not pass the ping health check" in shown
    assert "manifest.json does not match: refused" in shown
    stack = client("cloudformation").describe_stacks(StackName="Sync")["Stacks"][0]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    after = client("sagemaker").describe_endpoint(EndpointName="sync-v1")
    assert after["EndpointConfigName"] == before["EndpointConfigName"]
    assert label(client) == "two"
    assert target(client, "sync-v1")["MaxCapacity"] == 5
    listed = client("sagemaker").list_endpoint_configs(NameContains="Sync-")["EndpointConfigs"]  # Pages of ten.
    names = [item["EndpointConfigName"] for item in listed]
    assert [name for name in names if name.startswith("Sync-")] == [before["EndpointConfigName"]]


def test_an_unknown_type_fails_the_deployment(cdk: CdkCli, assemblies: Path) -> None:
    shown = cdk.deploy(assemblies / "unknown", "Sync", code=1)
    assert "Unrecognized resource types: [AWS::Quantum::Computer]" in shown


def test_destroy_leaves_nothing(cdk: CdkCli, assemblies: Path, client: Clients) -> None:
    cdk("destroy", "--app", assemblies / "changed", "Sync", "Async", "--concurrency", "2", "--force")
    s3, bucket = client("s3"), "local-test-123456789012"
    for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):  # what data capture wrote
        s3.delete_object(Bucket=bucket, Key=item["Key"])
    cdk("destroy", "--app", assemblies / "changed", "Foundation", "--force")
    stacks = client("cloudformation").describe_stacks()["Stacks"]
    others = ("CDKToolkit", "s-")  # "s-…": made by the tests of CloudFormation, which share this local AWS
    assert not [stack["StackName"] for stack in stacks if not stack["StackName"].startswith(others)]
    names = {"sync-v1", "async-v1"}
    assert not names & {item["EndpointName"] for item in client("sagemaker").list_endpoints()["Endpoints"]}
    models = [item["ModelName"] for item in client("sagemaker").list_models()["Models"]]
    assert not [name for name in models if name.startswith(("Sync", "Async"))]
    alarms = client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert not [item["AlarmName"] for item in alarms if item["AlarmName"].startswith(("Sync", "Async"))]
    scaling = client("application-autoscaling")
    policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    targets = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert not names & {scaled["ResourceId"].split("/")[1] for scaled in (*policies, *targets)}
    roles = {role["RoleName"] for role in client("iam").list_roles()["Roles"]}
    assert not [name for name in roles if name.startswith(("Sync", "Async"))]
    assert "local-test-123456789012" not in {item["Name"] for item in client("s3").list_buckets()["Buckets"]}
