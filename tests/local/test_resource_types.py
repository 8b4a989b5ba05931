"""The resource types of the shared stack: made, changed, restored, deleted."""

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]
Json = dict[str, Any]

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def policy(step: int) -> Json:
    statement = {"Effect": "Allow", "Action": f"s3:{step}", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def expiry(step: int) -> str:
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": step}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


def template(step: int, name: str) -> dict[str, Json]:
    """One resource of each type; every changeable setting depends on the step."""
    tags = [{"Key": "step", "Value": str(step)}]
    lifecycle = {"Rules": [{"Status": "Enabled", "ExpirationInDays": step, "Prefix": "p/"}]}
    logging = {"LoggingConfiguration": {"DestinationBucketName": "models"}} if step == 3 else {}
    properties: dict[str, Json] = {
        "KMS::Key": {"Description": str(step), "KeyPolicy": policy(step), "EnableKeyRotation": step == 1},
        "KMS::Alias": {"AliasName": f"alias/{name}", "TargetKeyId": {"Ref": "Key"}},
        "S3::Bucket": {"LifecycleConfiguration": lifecycle, **logging},
        "SNS::Topic": {"DisplayName": str(step)},
        "SNS::TopicPolicy": {"Topics": [{"Ref": "Topic"}], "PolicyDocument": policy(step)},
        "ECR::Repository": {"LifecyclePolicy": {"LifecyclePolicyText": expiry(step)}, "EmptyOnDelete": True},
        "IAM::Role": {
            "AssumeRolePolicyDocument": _TRUST,
            "Description": str(step),
            "Policies": [{"PolicyName": "own", "PolicyDocument": policy(step)}],
        },
        "IAM::Policy": {"PolicyName": "i", "PolicyDocument": policy(step), "Roles": [{"Ref": "Role"}]},
        "IAM::ManagedPolicy": {"PolicyDocument": policy(step), "Roles": [{"Ref": "Role"}]},
        "SSM::Parameter": {"Type": "String", "Value": str(step)},
        "Logs::LogGroup": {"LogGroupName": f"/g/{name}", "RetentionInDays": 30 * step},
        "CloudWatch::Dashboard": {"DashboardBody": json.dumps({"widgets": [], "step": step})},
    }
    tagged = {"KMS::Key", "S3::Bucket", "SNS::Topic", "ECR::Repository", "IAM::Role", "Logs::LogGroup"}
    return {
        kind.rpartition(":")[2]: {
            "Type": f"AWS::{kind}",
            "Properties": {**values, "Tags": tags} if kind in tagged else values,
        }
        for kind, values in properties.items()
    }


def assert_is_at(step: int, ids: dict[str, str], client: Clients) -> None:
    assert client("kms").describe_key(KeyId=ids["Key"])["KeyMetadata"]["Description"] == str(step)
    rules = client("s3").get_bucket_lifecycle_configuration(Bucket=ids["Bucket"])["Rules"]
    assert rules[0]["Expiration"]["Days"] == step
    assert client("s3").get_bucket_tagging(Bucket=ids["Bucket"])["TagSet"] == [{"Key": "step", "Value": str(step)}]
    attributes = client("sns").get_topic_attributes(TopicArn=ids["Topic"])["Attributes"]
    assert attributes["DisplayName"] == str(step)
    assert f"s3:{step}" in attributes["Policy"]
    repository = client("ecr").get_lifecycle_policy(repositoryName=ids["Repository"])
    assert repository["lifecyclePolicyText"] == expiry(step)
    for name in ("i", "own"):
        document = client("iam").get_role_policy(RoleName=ids["Role"], PolicyName=name)["PolicyDocument"]
        assert document == policy(step)
    version = client("iam").get_policy(PolicyArn=ids["ManagedPolicy"])["Policy"]["DefaultVersionId"]
    found = client("iam").get_policy_version(PolicyArn=ids["ManagedPolicy"], VersionId=version)["PolicyVersion"]
    assert found["Document"] == policy(step)
    assert client("ssm").get_parameter(Name=ids["Parameter"])["Parameter"]["Value"] == str(step)
    groups = client("logs").describe_log_groups(logGroupNamePrefix=ids["LogGroup"])["logGroups"]
    assert groups[0]["retentionInDays"] == 30 * step
    board = client("cloudwatch").get_dashboard(DashboardName=ids["Dashboard"])["DashboardBody"]
    assert json.loads(board)["step"] == step


def test_every_setting_is_made_changed_restored_and_deleted(cloud: Any, client: Clients) -> None:
    client("s3").create_bucket(Bucket="models")
    assert cloud.create(template(1, cloud.name)) == "CREATE_COMPLETE", cloud.reasons()
    found = cloud.api.describe_stack_resources(StackName=cloud.name)["StackResources"]
    ids = {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in found}
    assert_is_at(1, ids, client)
    assert cloud.update(template(2, cloud.name)) == "UPDATE_COMPLETE", cloud.reasons()
    assert_is_at(2, ids, client)
    wrong = {"Type": "AWS::SSM::Parameter", "Properties": {"Colour": "red"}, "DependsOn": list(ids)}
    broken = {**template(3, cloud.name), "Last": wrong}
    assert cloud.update(broken) == "UPDATE_ROLLBACK_COMPLETE", cloud.reasons()
    assert_is_at(2, ids, client)
    assert cloud.delete() == "DELETE_COMPLETE", cloud.reasons()
