"""A stack's tags are its resources' tags, with CloudFormation's own where AWS sets them."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from chem_endpoints.local.cfn_schema import schema_of
from chem_endpoints.local.cfn_stack import Stack
from chem_endpoints.local.cfn_tags import with_stack_tags
from chem_endpoints.local.cfn_types import TYPES

Clients = Callable[[str], Any]
Json = dict[str, Any]
TRUST = {"Version": "2012-10-17", "Statement": []}


def stack() -> Stack:
    return Stack(name="s", region="us-east-1", stack_id="arn:s")


def pairs(**tags: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def test_a_resources_own_tag_wins() -> None:
    given = with_stack_tags(stack(), pairs(team="a", stage="dev"), "Key", "AWS::KMS::Key", {"Tags": pairs(team="b")})
    assert given == {"Tags": [*pairs(team="b"), *pairs(stage="dev")]}


def test_tags_that_are_a_mapping_stay_one() -> None:
    given = with_stack_tags(stack(), pairs(team="a"), "P", "AWS::SSM::Parameter", {"Tags": {"x": "y"}})["Tags"]
    assert given["team"] == "a"
    assert given["x"] == "y"
    assert given["aws:cloudformation:logical-id"] == "P"


def test_types_without_tags_get_none() -> None:
    for name in ("AWS::IAM::ManagedPolicy", "AWS::KMS::Alias", "Custom::Thing"):
        assert with_stack_tags(stack(), pairs(team="a"), "X", name, {"A": 1}) == {"A": 1}


def test_tags_of_the_wrong_type_are_left_for_the_schema_to_refuse() -> None:
    assert with_stack_tags(stack(), pairs(team="a"), "K", "AWS::KMS::Key", {"Tags": "x"}) == {"Tags": "x"}


@pytest.mark.parametrize("type_name", sorted(TYPES))
def test_each_type_that_can_be_tagged_knows_its_tags(type_name: str) -> None:
    schema, known = schema_of(type_name), TYPES[type_name].known
    if schema is not None and schema.tagging is not None and known is not None:
        assert schema.tagging.property_name in known


def resources(name: str, image: str) -> dict[str, Json]:
    """One of each type whose tags the local AWS keeps; the endpoint's types are told in their own test."""
    container = {"Image": image, "ModelDataUrl": "s3://models/model.tar.gz"}
    variant = {
        "VariantName": "v",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InitialInstanceCount": 1,
        "InstanceType": "ml.c7i.large",
    }
    properties: dict[str, Json] = {
        "KMS::Key": {},
        "S3::Bucket": {},
        "SNS::Topic": {},
        "ECR::Repository": {},
        "IAM::Role": {"AssumeRolePolicyDocument": TRUST},
        "SSM::Parameter": {"Type": "String", "Value": "x"},
        "Logs::LogGroup": {"LogGroupName": f"/g/{name}"},
        "CloudWatch::Alarm": {
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "MetricName": "m",
            "Namespace": "n",
            "Period": 60,
            "Statistic": "Sum",
            "Threshold": 1,
        },
        "SageMaker::Model": {"ExecutionRoleArn": "arn:aws:iam::123456789012:role/r", "PrimaryContainer": container},
        "SageMaker::EndpointConfig": {"ProductionVariants": [variant]},
        "SageMaker::Endpoint": {
            "EndpointConfigName": {"Fn::GetAtt": ["EndpointConfig", "EndpointConfigName"]},
            "EndpointName": name,
        },
    }
    return {
        kind.rpartition(":")[2]: {"Type": f"AWS::{kind}", "Properties": values} for kind, values in properties.items()
    }


def as_map(tags: Iterable[Json], key: str = "Key", value: str = "Value") -> dict[str, str]:
    return {tag[key]: tag[value] for tag in tags}


def tags_of_each(ids: dict[str, str], client: Clients) -> dict[str, dict[str, str]]:
    """Every resource's tags, as its service tells them."""
    region = "us-east-1:123456789012"
    sagemaker = {
        kind: as_map(client("sagemaker").list_tags(ResourceArn=ids[kind])["Tags"])
        for kind in ("Model", "EndpointConfig", "Endpoint")
    }
    alarm = f"arn:aws:cloudwatch:{region}:alarm:{ids['Alarm']}"
    repository = f"arn:aws:ecr:{region}:repository/{ids['Repository']}"
    group = f"arn:aws:logs:{region}:log-group:{ids['LogGroup']}"
    parameter = {"ResourceType": "Parameter", "ResourceId": ids["Parameter"]}
    return {
        **sagemaker,
        "Key": as_map(client("kms").list_resource_tags(KeyId=ids["Key"])["Tags"], "TagKey", "TagValue"),
        "Bucket": as_map(client("s3").get_bucket_tagging(Bucket=ids["Bucket"])["TagSet"]),
        "Topic": as_map(client("sns").list_tags_for_resource(ResourceArn=ids["Topic"])["Tags"]),
        "Repository": as_map(client("ecr").list_tags_for_resource(resourceArn=repository)["tags"]),
        "Role": as_map(client("iam").list_role_tags(RoleName=ids["Role"])["Tags"]),
        "Parameter": as_map(client("ssm").list_tags_for_resource(**parameter)["TagList"]),
        "LogGroup": client("logs").list_tags_for_resource(resourceArn=group)["tags"],
        "Alarm": as_map(client("cloudwatch").list_tags_for_resource(ResourceARN=alarm)["Tags"]),
    }


def physical_ids(cloud: Any) -> dict[str, str]:
    found = cloud.api.describe_stack_resources(StackName=cloud.name)["StackResources"]
    return {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in found}


@pytest.mark.end_to_end
@pytest.mark.usefixtures("deployer")
def test_a_stacks_tags_reach_every_resource_and_follow_it(cloud: Any, client: Clients, image: str) -> None:
    declared = resources(cloud.name, image)
    assert cloud.create(declared, Tags=pairs(team="a", stage="dev")) == "CREATE_COMPLETE", cloud.reasons()
    ids = physical_ids(cloud)
    for name, tags in tags_of_each(ids, client).items():
        assert (name, tags["team"], tags["stage"]) == (name, "a", "dev")
        schema = schema_of(declared[name]["Type"])
        assert schema is not None
        assert schema.tagging is not None
        own = {key: value for key, value in tags.items() if key.startswith("aws:cloudformation:")}
        expected = {
            "aws:cloudformation:stack-name": cloud.name,
            "aws:cloudformation:stack-id": cloud.stack_id,
            "aws:cloudformation:logical-id": name,
        }
        assert (name, own) == (name, expected if schema.tagging.system_tags else {})
    assert cloud.update(declared, Tags=pairs(team="b")) == "UPDATE_COMPLETE", cloud.reasons()
    assert physical_ids(cloud) == ids, "no resource is replaced for its tags"
    for name, tags in tags_of_each(ids, client).items():
        assert (name, tags.get("team"), tags.get("stage")) == (name, "b", None)
    with pytest.raises(Exception, match="No updates are to be performed"):
        cloud.update(declared, Tags=pairs(team="b"))
    assert cloud.delete() == "DELETE_COMPLETE", cloud.reasons()


@pytest.mark.end_to_end
def test_nobody_but_cloudformation_sets_its_bucket_tags(client: Clients) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="tagged-by-hand")
    tags = {"TagSet": pairs(**{"aws:cloudformation:stack-name": "mine"})}
    with pytest.raises(s3.exceptions.ClientError, match="System tags cannot be added"):
        s3.put_bucket_tagging(Bucket="tagged-by-hand", Tagging=tags)
    s3.delete_bucket(Bucket="tagged-by-hand")


@pytest.mark.end_to_end
def test_a_change_set_shows_a_change_of_tags_alone(cloud: Any) -> None:
    body = {"Topic": {"Type": "AWS::SNS::Topic"}}
    cloud.create(body, Tags=pairs(team="a"))
    cloud.api.create_change_set(
        StackName=cloud.name, ChangeSetName="c", TemplateBody=json.dumps({"Resources": body}), Tags=pairs(team="b")
    )
    (change,) = cloud.api.describe_change_set(StackName=cloud.name, ChangeSetName="c")["Changes"]
    assert change["ResourceChange"]["Scope"] == ["Tags"]
    assert change["ResourceChange"]["Replacement"] == "False"
    assert change["ResourceChange"]["Details"][0]["Target"] == {"Attribute": "Tags", "RequiresRecreation": "Never"}
    cloud.delete()
