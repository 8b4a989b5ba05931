"""The local CloudFormation by boto3: strictness, replacement, rollback, retention, direct stacks."""

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]


def bucket(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": properties}


def group(name: str, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name, **properties}}


LATE = {"DisableValidation": True}
"""A resource whose properties are wrong fails at its turn, not before anything is made."""
BROKEN = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x", "Colour": "red"}}


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (
            bucket(Colour="red"),
            r"failed for resource Thing with message:\n#: extraneous key \[Colour\] is not permitted",
        ),
        (BROKEN, r"extraneous key \[Colour\]"),
        (
            {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "m", "Threshhold": 1}},
            r"extraneous key \[Threshhold\]",
        ),
        (
            {
                "Type": "AWS::SageMaker::EndpointConfig",
                "Properties": {"ProductionVariants": [{"VariantName": "v", "Nmodel": "m"}]},
            },
            r"#/ProductionVariants/0: extraneous key \[Nmodel\]",
        ),
        (
            {"Type": "AWS::CloudWatch::Alarm", "Properties": {"EvaluationPeriods": "two"}},
            r"#/EvaluationPeriods: expected type: Integer, found: String",
        ),
    ],
)
def test_a_wrong_property_fails_the_stack_by_name(cloud: Any, resource: dict[str, Any], message: str) -> None:
    assert cloud.create({"Thing": resource}) == "ROLLBACK_COMPLETE"
    assert re.search(message, cloud.reasons())


def test_nothing_is_made_when_a_property_is_wrong(cloud: Any, client: Clients) -> None:
    wrong = {"Bucket": bucket(BucketName=cloud.name), "Last": {**BROKEN, "DependsOn": "Bucket"}}
    assert cloud.create(wrong) == "ROLLBACK_COMPLETE"
    assert cloud.statuses("Bucket") == []
    assert cloud.statuses("Last") == ["CREATE_FAILED"]


def test_a_change_set_with_a_wrong_property_fails_and_tells_where(cloud: Any) -> None:
    body = json.dumps({"Resources": {"Last": BROKEN}})
    given = {"StackName": cloud.name, "ChangeSetName": "c"}
    cloud.api.create_change_set(**given, ChangeSetType="CREATE", TemplateBody=body)
    found = cloud.api.describe_change_set(**given)
    assert found["Status"] == "FAILED"
    assert "[AWS::EarlyValidation::PropertyValidation]" in found["StatusReason"]
    (event,) = cloud.api.describe_events(**given, Filters={"FailedEvents": True})["OperationEvents"]
    assert event["ValidationStatusReason"] == "#: extraneous key [Colour] is not permitted"
    assert event["ValidationPath"] == "/Resources/Last/Properties"
    with pytest.raises(ClientError, match="cannot be executed in its current status") as caught:
        cloud.api.execute_change_set(**given)
    assert caught.value.response["Error"]["Code"] == "InvalidChangeSetStatus"
    with pytest.raises(ClientError, match="already exists"):
        cloud.api.create_change_set(**given, ChangeSetType="CREATE", TemplateBody=body)
    cloud.api.delete_stack(StackName=cloud.name)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (
            {"DeletionPolicy": "Snapshot"},
            "Template error: resource type AWS::S3::Bucket does not support deletion policy Snapshot",
        ),
        (
            {"UpdateReplacePolicy": "RetainExceptOnCreate"},
            "Template format error: Unrecognized UpdateReplacePolicy RetainExceptOnCreate for resource A",
        ),
    ],
    ids=["snapshot", "unknown"],
)
def test_a_policy_that_the_type_cannot_have_is_refused(cloud: Any, attributes: dict[str, str], message: str) -> None:
    with pytest.raises(ClientError, match=message):
        cloud.create({"A": {**bucket(), **attributes}})


def test_an_unknown_type_is_refused_before_anything_is_made(cloud: Any) -> None:
    unknown = r"Unrecognized resource types: \[AWS::DynamoDB::Table, AWS::Quantum::Computer\]"
    with pytest.raises(ClientError, match=unknown):
        cloud.create({"A": {"Type": "AWS::Quantum::Computer"}, "B": {"Type": "AWS::DynamoDB::Table"}})
    with pytest.raises(ClientError, match="does not exist"):
        cloud.api.describe_stacks(StackName=cloud.name)


def test_a_failed_creation_removes_what_was_made(cloud: Any, client: Clients) -> None:
    name = f"b-{uuid.uuid4().hex}"
    assert (
        cloud.create({"Bucket": bucket(BucketName=name), "Last": {**BROKEN, "DependsOn": "Bucket"}}, **LATE)
        == "ROLLBACK_COMPLETE"
    )
    assert cloud.statuses("Bucket") == [
        "DELETE_COMPLETE",
        "DELETE_IN_PROGRESS",
        "CREATE_COMPLETE",
        "CREATE_IN_PROGRESS",
    ]
    with pytest.raises(ClientError):
        client("s3").head_bucket(Bucket=name)


def test_a_half_made_resource_is_undone(cloud: Any, client: Clients) -> None:
    name = f"b-{uuid.uuid4().hex}"
    half = bucket(BucketName=name, LoggingConfiguration={"DestinationBucketName": f"no-{name}"})
    assert cloud.create({"Bucket": half}) == "ROLLBACK_COMPLETE"
    with pytest.raises(ClientError):
        client("s3").head_bucket(Bucket=name)


def test_a_failed_update_restores_what_was_changed(cloud: Any, client: Clients) -> None:
    name = f"/g/{uuid.uuid4().hex}"
    assert cloud.create({"Logs": group(name, RetentionInDays=30)}) == "CREATE_COMPLETE"
    changed = {"Logs": group(name, RetentionInDays=60), "Last": {**BROKEN, "DependsOn": "Logs"}}
    assert cloud.update(changed, **LATE) == "UPDATE_ROLLBACK_COMPLETE"
    assert client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["retentionInDays"] == 30
    assert cloud.update({"Logs": group(name, RetentionInDays=90)}) == "UPDATE_COMPLETE"
    assert cloud.delete() == "DELETE_COMPLETE"


def test_without_rollback_the_failure_stays_to_be_seen(cloud: Any) -> None:
    resources = {"Bucket": bucket(), "Last": {**BROKEN, "DependsOn": "Bucket"}}
    assert cloud.create(resources, DisableRollback=True, **LATE) == "CREATE_FAILED"
    assert cloud.statuses("Bucket")[0] == "CREATE_COMPLETE"
    assert cloud.delete() == "DELETE_COMPLETE"


def test_a_replacement_is_made_before_its_predecessor_goes(cloud: Any, client: Clients) -> None:
    first, second = f"b-{uuid.uuid4().hex}", f"b-{uuid.uuid4().hex}"
    cloud.create({"Bucket": bucket(BucketName=first)})
    assert cloud.update({"Bucket": bucket(BucketName=second)}) == "UPDATE_COMPLETE"
    names = {item["Name"] for item in client("s3").list_buckets()["Buckets"]}
    assert second in names
    assert first not in names


def test_a_custom_named_resource_cannot_be_replaced(cloud: Any) -> None:
    name = f"t-{uuid.uuid4().hex}"
    role: dict[str, Any] = {"RoleName": name, "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}
    cloud.create({"Role": {"Type": "AWS::IAM::Role", "Properties": role}})
    changed = {"Role": {"Type": "AWS::IAM::Role", "Properties": {**role, "Path": "/other/"}}}
    assert cloud.update(changed) == "UPDATE_ROLLBACK_COMPLETE"
    assert "custom-named resource requires replacing" in cloud.reasons()


def test_a_full_bucket_fails_the_deletion(cloud: Any, client: Clients) -> None:
    name = f"b-{uuid.uuid4().hex}"
    cloud.create({"Bucket": bucket(BucketName=name)})
    client("s3").put_object(Bucket=name, Key="k", Body=b"x")
    assert cloud.delete() == "DELETE_FAILED"
    assert "failed to delete: [Bucket]" in cloud.reasons()
    client("s3").delete_object(Bucket=name, Key="k")
    assert cloud.delete() == "DELETE_COMPLETE"


def test_retained_resources_outlive_their_stack(cloud: Any, client: Clients) -> None:
    name = f"b-{uuid.uuid4().hex}"
    cloud.create({"Bucket": {**bucket(BucketName=name), "DeletionPolicy": "Retain"}})
    assert cloud.delete() == "DELETE_COMPLETE"
    assert cloud.statuses("Bucket")[0] == "DELETE_SKIPPED"
    client("s3").head_bucket(Bucket=name)


def test_functions_parameters_conditions_and_outputs(cloud: Any) -> None:
    client_values = {
        "Mappings": {"M": {"us-east-1": {"word": "here"}}},
        "Parameters": {"Stage": {"Type": "String", "Default": "dev"}, "List": {"Type": "CommaDelimitedList"}},
        "Conditions": {
            "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
            "IsDev": {"Fn::Not": [{"Condition": "IsProd"}]},
        },
        "Outputs": {
            "Sub": {"Value": {"Fn::Sub": ["${AWS::Region}-${Logs}-${X}-${!Literal}", {"X": {"Ref": "Stage"}}]}},
            "Map": {"Value": {"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "word"]}},
            "Pick": {
                "Value": {"Fn::Select": [1, {"Fn::Split": [",", "a,b"]}]},
                "Export": {"Name": f"{cloud.name}-pick"},
            },
            "If": {"Value": {"Fn::If": ["IsProd", "many", {"Fn::Join": ["+", {"Ref": "List"}]}]}},
            "Hidden": {"Condition": "IsProd", "Value": "x"},
            "Arn": {"Value": {"Fn::GetAtt": ["Logs", "Arn"]}},
            "Base64": {"Value": {"Fn::Base64": "a"}},
        },
    }
    given = [{"ParameterKey": "List", "ParameterValue": "1, 2"}]
    resources = {
        "Logs": group(f"/g/{cloud.name}", RetentionInDays={"Ref": "AWS::NoValue"}),
        "Never": {**bucket(), "Condition": "IsProd"},
    }
    assert cloud.create(resources, given=given, **client_values) == "CREATE_COMPLETE"
    outputs = {item["OutputKey"]: item["OutputValue"] for item in cloud.stack()["Outputs"]}
    assert outputs.pop("Arn").endswith(f"log-group:/g/{cloud.name}:*")
    assert outputs == {
        "Sub": f"us-east-1-/g/{cloud.name}-dev-${{Literal}}",
        "Map": "here",
        "Pick": "b",
        "If": "1+2",
        "Base64": "YQ==",
    }
    exports = {item["Name"]: item["Value"] for item in cloud.api.list_exports()["Exports"]}
    assert exports[f"{cloud.name}-pick"] == "b"
    with pytest.raises(ClientError, match="No updates are to be performed"):
        cloud.update(resources, given=given, **client_values)


def test_change_sets_of_one_name_belong_to_their_stacks(client: Clients) -> None:
    api = client("cloudformation")
    names = [f"p-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    for name in names:
        body = json.dumps({"Resources": {f"Logs{name[2:]}": group(f"/g/{name}")}})
        api.create_change_set(StackName=name, ChangeSetName="same", ChangeSetType="CREATE", TemplateBody=body)
    for name in names:
        found = api.describe_change_set(StackName=name, ChangeSetName="same")
        assert found["Changes"][0]["ResourceChange"]["LogicalResourceId"] == f"Logs{name[2:]}"
        api.delete_change_set(StackName=name, ChangeSetName="same")
        api.delete_stack(StackName=name)
    with pytest.raises(api.exceptions.ChangeSetNotFoundException):
        api.describe_change_set(StackName=names[0], ChangeSetName="same")


def test_template_mistakes_are_refused_in_words(cloud: Any) -> None:
    circle = {"A": {**bucket(), "DependsOn": "B"}, "B": {**bucket(), "DependsOn": "A"}}
    with pytest.raises(ClientError, match="Circular dependency between resources"):
        cloud.create(circle)
    with pytest.raises(ClientError, match=r"Unresolved resource dependencies \[Nobody\]"):
        cloud.create({"A": bucket(BucketName={"Ref": "Nobody"})})
    with pytest.raises(ClientError, match=r"Parameters: \[Word\] must have values"):
        cloud.create({"A": bucket()}, Parameters={"Word": {"Type": "String"}})
    with pytest.raises(ClientError, match="At least one Resources member"):
        cloud.create({})


def test_protected_stacks_are_not_deleted(cloud: Any) -> None:
    cloud.create({"Bucket": bucket()})
    cloud.api.update_termination_protection(StackName=cloud.name, EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="TerminationProtection is enabled"):
        cloud.delete()


def test_what_is_not_supported_is_told(cloud: Any, client: Clients) -> None:
    with pytest.raises(ClientError, match="has no operation DetectStackDrift"):
        cloud.api.detect_stack_drift(StackName="x")
    with pytest.raises(ClientError, match="does not support this operation") as caught:
        client("sagemaker").create_hub(HubName="h", HubDescription="d")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.parametrize("case", ["no-bucket", "no-key", "no-text", "no-bucket-name"])
def test_a_template_url_that_cannot_be_read_is_told(cloud: Any, client: Clients, case: str) -> None:
    s3, name = client("s3"), cloud.name
    place = {"no-bucket": f"{name}-absent/x", "no-key": f"{name}/absent", "no-text": f"{name}/x"}.get(case, "a!/x")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="x", Body=b"\xff\xfe")
    with pytest.raises(ClientError, match="S3 error: ") as caught:
        cloud.api.create_stack(StackName=name, TemplateURL=f"{s3.meta.endpoint_url}/{place}")
    assert caught.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize(
    "conditions",
    [
        {"X": {"Condition": "X"}},
        {"X": {"Fn::Not": [{"Condition": "Y"}]}, "Y": {"Fn::And": [{"Condition": "X"}, {"Condition": "X"}]}},
        {"X": {"Fn::If": ["X", "a", "b"]}},
    ],
    ids=["itself", "two", "if"],
)
def test_conditions_that_need_each_other_are_refused(cloud: Any, conditions: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match=r"Found circular condition dependency: \[X"):
        cloud.create({"A": {**bucket(), "Condition": "X"}}, Conditions=conditions)


def topic(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


def test_a_value_that_only_the_deployment_finds_wrong_leaves_nothing(cloud: Any, client: Clients) -> None:
    parts = {"Fn::Split": [":", {"Ref": "First"}]}
    resources = {"First": topic(TopicName=cloud.name), "Second": topic(DisplayName={"Fn::Select": [9, parts]})}
    assert cloud.create(resources) == "ROLLBACK_COMPLETE"
    assert "nonexistent value at index 9" in cloud.reasons()
    assert not [item for item in client("sns").list_topics()["Topics"] if item["TopicArn"].endswith(cloud.name)]


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"X": {"Properties": {}}}, r"\[/Resources/X\] must contain a Type member"),
        ({"X": "y"}, r"\[/Resources/X\] must be an object"),
        ({"X": {"Type": "AWS::SNS::Topic", "Properties": [1]}}, "Properties. must be an object"),
        ({"X": {"Type": ["AWS::SNS::Topic"]}}, "Type. must be a string"),
        ({"X": {**topic(), "DependsOn": "Nope"}}, r"Unresolved resource dependencies \[Nope\]"),
        ({"X": {**topic(), "DependsOn": {"a": 1}}}, "DependsOn. must be a name or a list"),
        ({"X": topic(TopicName={"Fn::GetAtt": []})}, "a function of resource X is malformed"),
        ({"X": topic(TopicName={"Fn::Join": "a"})}, "Fn::Join is malformed"),
        ({"X": topic(TopicName={"Ref": ["a"]})}, "Ref is malformed"),
    ],
)
def test_malformed_templates_are_refused_and_leave_no_stack(cloud: Any, resources: Any, message: str) -> None:
    with pytest.raises(ClientError, match=message) as caught:
        cloud.create(resources)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert "Template" in caught.value.response["Error"]["Message"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert cloud.create({"X": topic()}) == "CREATE_COMPLETE"
