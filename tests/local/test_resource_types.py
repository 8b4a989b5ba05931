"""The resource types of the shared stack: made, changed, restored, deleted."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from chem_endpoints.local.cfn_types import TYPES

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
    assert client("s3").get_bucket_tagging(Bucket=ids["Bucket"])["TagSet"][0] == {"Key": "step", "Value": str(step)}
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
    assert cloud.update(broken, DisableValidation=True) == "UPDATE_ROLLBACK_COMPLETE", cloud.reasons()
    assert_is_at(2, ids, client)
    assert cloud.delete() == "DELETE_COMPLETE", cloud.reasons()


UPDATABLE = sorted(name for name, kind in TYPES.items() if kind.update is not None)


def test_every_type_with_functions_of_its_own_knows_its_properties() -> None:
    generic = {name for name in UPDATABLE if TYPES[name].known is None}
    assert generic == {
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::CodeBuild::Project",
        "AWS::SageMaker::EndpointConfig",
        "AWS::SageMaker::Model",
    }


@pytest.mark.parametrize("name", ["Key", "Alias", "Bucket", "Topic", "TopicPolicy", "Repository", "Role", "Policy"])
def test_an_unknown_property_fails_an_update(cloud: Any, name: str) -> None:
    assert_update_fails(cloud, name, "Nonsense", r"extraneous key [Nonsense] is not permitted")


@pytest.mark.parametrize("name", ["ManagedPolicy", "Parameter", "LogGroup", "Dashboard"])
def test_an_unknown_property_fails_an_update_of_the_others(cloud: Any, name: str) -> None:
    assert_update_fails(cloud, name, "Nonsense", r"extraneous key [Nonsense] is not permitted")


ARN = "arn:aws:kms:us-east-1:123456789012:key/k"


@pytest.mark.parametrize(
    ("name", "member", "value"),
    [
        ("LogGroup", "KmsKeyId", ARN),
        ("LogGroup", "LogGroupClass", "INFREQUENT_ACCESS"),
        ("Topic", "Subscription", [{"Protocol": "sqs", "Endpoint": "arn:aws:sqs:us-east-1:123456789012:q"}]),
        ("Key", "KeySpec", "RSA_2048"),
    ],
    ids=["log-group-key", "log-group-class", "topic-subscription", "key-spec"],
)
def test_what_cannot_be_changed_in_place_fails_an_update(cloud: Any, name: str, member: str, value: Any) -> None:
    assert_update_fails(cloud, name, member, f"cannot change [{member}] of an existing resource", value)


def assert_update_fails(cloud: Any, name: str, member: str, reason: str, value: Any = "x") -> None:
    needed = {"Alias": ["Key"], "TopicPolicy": ["Topic"], "Policy": ["Role"], "ManagedPolicy": ["Role"]}.get(name, [])
    whole = template(1, cloud.name)
    chosen = {key: whole[key] for key in [*needed, name]}
    assert cloud.create(chosen) == "CREATE_COMPLETE", cloud.reasons()
    chosen[name] = {**whole[name], "Properties": {**whole[name]["Properties"], member: value}}
    assert cloud.update(chosen) == "UPDATE_ROLLBACK_COMPLETE"
    assert reason in cloud.reasons()
    assert cloud.delete() == "DELETE_COMPLETE", cloud.reasons()


def test_a_removed_topic_attribute_is_taken_away(cloud: Any, client: Clients) -> None:
    cloud.create({"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": "alias/x"}}})
    arn = cloud.api.describe_stack_resources(StackName=cloud.name)["StackResources"][0]["PhysicalResourceId"]
    assert client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["KmsMasterKeyId"] == "alias/x"
    assert cloud.update({"Topic": {"Type": "AWS::SNS::Topic"}}) == "UPDATE_COMPLETE"
    assert not client("sns").get_topic_attributes(TopicArn=arn)["Attributes"].get("KmsMasterKeyId")


def test_a_rollback_keeps_the_permissions(cloud: Any, client: Clients) -> None:
    iam, holder, name = client("iam"), f"h-{cloud.name}", f"p-{cloud.name}"
    iam.create_role(RoleName=holder, AssumeRolePolicyDocument=json.dumps(_TRUST))

    def resources(holders: list[str], attached: list[Any]) -> dict[str, Json]:
        managed = {"ManagedPolicyName": name, "PolicyDocument": policy(1), "Roles": holders}
        role = {"RoleName": cloud.name, "AssumeRolePolicyDocument": _TRUST, "ManagedPolicyArns": attached}
        inline = {"PolicyName": "inline", "PolicyDocument": policy(1), "Roles": holders}
        return {
            "Managed": {"Type": "AWS::IAM::ManagedPolicy", "Properties": managed},
            "Inline": {"Type": "AWS::IAM::Policy", "Properties": inline},
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
        }

    def attached_to(role: str) -> list[str]:
        return [item["PolicyName"] for item in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]]

    own, nobodys = {"Ref": "Managed"}, "arn:aws:iam::123456789012:policy/nobodys"
    assert cloud.create(resources([holder], [own])) == "CREATE_COMPLETE", cloud.reasons()
    for broken in (resources(["nobody"], [own]), resources([holder], [own, nobodys]), resources([holder], [nobodys])):
        assert cloud.update(broken) == "UPDATE_ROLLBACK_COMPLETE", cloud.reasons()
        assert attached_to(holder) == attached_to(cloud.name) == [name]
        assert iam.list_role_policies(RoleName=holder)["PolicyNames"] == ["inline"]
    assert cloud.update(resources([], [])) == "UPDATE_COMPLETE", cloud.reasons()
    assert attached_to(holder) == attached_to(cloud.name) == []
    assert cloud.delete() == "DELETE_COMPLETE", cloud.reasons()


def test_an_endpoint_that_was_deleted_by_hand_is_deleted_with_its_stack(cloud: Any, deployer: Any) -> None:
    config = deployer.config()
    endpoint = {"EndpointName": cloud.name, "EndpointConfigName": config}
    resources = {"Endpoint": {"Type": "AWS::SageMaker::Endpoint", "Properties": endpoint}}
    assert cloud.create(resources) == "CREATE_COMPLETE", cloud.reasons()
    resources["Endpoint"]["Properties"] = {**endpoint, "Nonsense": 1}
    assert cloud.update(resources) == "UPDATE_ROLLBACK_COMPLETE"
    assert "extraneous key [Nonsense]" in cloud.reasons()
    deployer.sagemaker.delete_endpoint(EndpointName=cloud.name)
    assert cloud.delete() == "DELETE_COMPLETE", cloud.reasons()


def test_what_was_deleted_by_hand_is_deleted_with_its_stack(cloud: Any, client: Clients) -> None:
    assert cloud.create(template(1, cloud.name)) == "CREATE_COMPLETE", cloud.reasons()
    found = cloud.api.describe_stack_resources(StackName=cloud.name)["StackResources"]
    ids = {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in found}
    client("s3").delete_bucket(Bucket=ids["Bucket"])
    client("sns").delete_topic(TopicArn=ids["Topic"])
    client("ecr").delete_repository(repositoryName=ids["Repository"])
    client("ssm").delete_parameter(Name=ids["Parameter"])
    client("logs").delete_log_group(logGroupName=ids["LogGroup"])
    client("cloudwatch").delete_dashboards(DashboardNames=[ids["Dashboard"]])
    client("kms").delete_alias(AliasName=ids["Alias"])
    assert cloud.delete() == "DELETE_COMPLETE", cloud.reasons()
