"""Least privilege: exact resources, and each exception with its reason."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from aws_cdk import App, Stack

from chem_endpoints.spec.asynchronous import Retain
from constructs_lib.async_objects import AsyncObjects
from constructs_lib.caller_access import CallerAccess
from constructs_lib.naming import EndpointNames, SharedNames
from constructs_lib.published_bundle import PublishedBundle
from constructs_lib.s3_location import S3Location

STACKS = ["realtime-v1", "async-v1", "fixed-v1", "awake-v1"]

BUCKET = "arn:aws:s3:::chem-endpoints-123456789012-us-east-1"

S3_ACTIONS = ("s3:PutObject", "s3:GetObject")

CAPTURING = {"s3:PutObject", "s3:GetObject", "s3:ListBucket", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"}
"""What storing and reading named captures takes."""

ANY_RESOURCE = {
    "ecr:GetAuthorizationToken": "a registry token is not bound to a repository",
    "cloudwatch:PutMetricData": "metrics have no ARN; the statement is limited to SageMaker's namespaces",
}


def identity_statements(template: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            yield from resource["Properties"]["PolicyDocument"]["Statement"]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def role_statements(template: dict[str, Any], action: str) -> list[dict[str, Any]]:
    """What the execution role may do: everything but the callers' policy, the only one with a name."""
    roles = {
        key: resource
        for key, resource in template["Resources"].items()
        if "ManagedPolicyName" not in resource.get("Properties", {})
    }
    return [each for each in identity_statements({"Resources": roles}) if action in as_list(each["Action"])]


def statement_for(template: dict[str, Any], action: str) -> dict[str, Any]:
    (found,) = role_statements(template, action)
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_no_managed_policy_of_aws_and_no_wildcard_action(assembly: Any, stack: str) -> None:
    template = assembly.template(stack)
    assert "FullAccess" not in str(template)
    assert not [a for each in identity_statements(template) for a in as_list(each["Action"]) if "*" in a]


@pytest.mark.parametrize("stack", STACKS)
def test_a_bare_star_stands_only_where_aws_knows_nothing_narrower(assembly: Any, stack: str) -> None:
    for statement in identity_statements(assembly.template(stack)):
        if "*" in as_list(statement["Resource"]):
            assert set(as_list(statement["Action"])) <= set(ANY_RESOURCE)


@pytest.mark.parametrize("stack", STACKS)
def test_key_and_configuration_wildcards_are_narrowed_by_a_condition(assembly: Any, stack: str) -> None:
    for statement in identity_statements(assembly.template(stack)):
        if any(str(arn).endswith(("key/*", "endpoint-config/*")) for arn in as_list(statement["Resource"])):
            assert {"kms:ResourceAliases", "aws:ResourceTag/chem-endpoints:endpoint"} & {
                key for condition in statement["Condition"].values() for key in condition
            }


def test_metrics_are_limited_to_sagemakers_namespaces(assembly: Any) -> None:
    statement = statement_for(assembly.template("async-v1"), "cloudwatch:PutMetricData")
    assert statement["Condition"]["StringEquals"]["cloudwatch:namespace"] == [
        "AWS/SageMaker",
        "/aws/sagemaker/Endpoints",
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_sagemaker_takes_the_role_for_this_account_only(assembly: Any, stack: str) -> None:
    (role,) = (r for r in assembly.template(stack)["Resources"].values() if r["Type"] == "AWS::IAM::Role")
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_the_role_reads_one_artifact(assembly: Any) -> None:
    statement = statement_for(assembly.template("fixed-v1"), "s3:GetObject")
    assert statement["Resource"] == "arn:aws:s3:::models/logs/1.tar.gz"


def test_only_capture_lets_a_realtime_role_write(assembly: Any) -> None:
    statement = statement_for(assembly.template("realtime-v1"), "s3:PutObject")
    assert statement["Resource"].endswith("/kept-30-days/capture/realtime-v1/*")
    assert role_statements(assembly.template("fixed-v1"), "s3:PutObject") == []


def test_no_role_touches_named_captures(assembly: Any, endpoint: str) -> None:
    template = assembly.template(endpoint)
    reached = [
        arn for action in S3_ACTIONS for each in role_statements(template, action) for arn in as_list(each["Resource"])
    ]
    assert reached, "the role reads its artifact at least"
    assert not [arn for arn in reached if "/captures/" in str(arn)]


def caller_policy(assembly: Any, stack: str) -> dict[str, Any]:
    (policy,) = (
        each["Properties"]
        for each in assembly.template(stack)["Resources"].values()
        if each["Properties"].get("ManagedPolicyName") == f"chem-endpoints-{stack}-callers-us-east-1"
    )
    found: dict[str, Any] = policy
    return found


def caller_statements(assembly: Any, stack: str, action: str) -> list[dict[str, Any]]:
    statements = caller_policy(assembly, stack)["PolicyDocument"]["Statement"]
    return [each for each in statements if action in as_list(each["Action"])]


def resources_for(assembly: Any, stack: str, action: str) -> list[str]:
    return [arn for each in caller_statements(assembly, stack, action) for arn in as_list(each["Resource"])]


def caller_actions(assembly: Any, stack: str) -> set[str]:
    statements = caller_policy(assembly, stack)["PolicyDocument"]["Statement"]
    return {action for each in statements for action in as_list(each["Action"])}


def test_callers_invoke_the_way_that_the_kind_is_invoked(assembly: Any) -> None:
    assert caller_actions(assembly, "fixed-v1") == {
        "sagemaker:InvokeEndpoint",
        "sagemaker:DescribeEndpoint",
        "sagemaker:DescribeEndpointConfig",
        "sagemaker:ListTags",
        *CAPTURING,
    }
    assert caller_actions(assembly, "realtime-v1") == caller_actions(assembly, "fixed-v1")
    asynchronous = caller_actions(assembly, "async-v1")
    assert "sagemaker:InvokeEndpointAsync" in asynchronous
    assert "sagemaker:InvokeEndpoint" not in asynchronous


def test_callers_of_each_kind_store_and_read_captures_of_their_endpoint_alone(assembly: Any, endpoint: str) -> None:
    place, prefix = f"{BUCKET}/kept-90-days/captures/{endpoint}/*", f"kept-90-days/captures/{endpoint}/*"
    for action in S3_ACTIONS:
        assert [arn for arn in resources_for(assembly, endpoint, action) if "/captures/" in arn] == [place]
    (listing,) = caller_statements(assembly, endpoint, "s3:ListBucket")
    assert as_list(listing["Resource"]) == [BUCKET]
    assert prefix in as_list(listing["Condition"]["StringLike"]["s3:prefix"])
    (key,) = caller_statements(assembly, endpoint, "kms:GenerateDataKey")
    assert key["Condition"] == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/chem-endpoints"}}


def test_callers_cannot_read_what_data_capture_wrote(assembly: Any, endpoint: str) -> None:
    assert "/capture/" not in str(caller_policy(assembly, endpoint))


def test_callers_take_back_requests_and_delete_nothing_else(assembly: Any, endpoint: str) -> None:
    asynchronous = "sagemaker:InvokeEndpointAsync" in caller_actions(assembly, endpoint)
    allowed = resources_for(assembly, endpoint, "s3:DeleteObject")
    assert bool(allowed) is asynchronous
    assert all(re.fullmatch(rf"{BUCKET}/kept-\d+-days/async/{endpoint}/input/\*", arn) for arn in allowed)


def test_the_callers_policy_of_the_longest_name_fits_into_iam() -> None:
    """6,144 characters without white space ("IAM and AWS STS quotas", IAM user guide)."""
    names = EndpointNames(shared=SharedNames(account="123456789012", region="ap-southeast-1"), endpoint="a" * 63)
    longest_key = S3Location(bucket="b" * 63, key="k" * 1024)
    stack = Stack(App(), "Longest")
    access = CallerAccess(
        stack,
        "Callers",
        callers=(),
        names=names,
        bundle=PublishedBundle(artifact=longest_key, manifest=longest_key),
        objects=AsyncObjects.of(names, Retain(input_days=365, output_days=365)),
        component=True,
    )
    written = json.dumps(stack.resolve(access.policy.policy_document), separators=(",", ":"))
    assert len(written) <= 6144


def test_callers_write_requests_and_read_answers_of_their_endpoint_alone(assembly: Any) -> None:
    captures = "kept-90-days/captures/async-v1/*"
    (listing,) = caller_statements(assembly, "async-v1", "s3:ListBucket")
    assert resources_for(assembly, "async-v1", "s3:PutObject") == [
        f"{BUCKET}/{captures}",
        f"{BUCKET}/kept-3-days/async/async-v1/input/*",
    ]
    assert listing["Condition"]["StringLike"]["s3:prefix"] == [
        captures,
        "kept-3-days/async/async-v1/input/*",
        "kept-14-days/async/async-v1/output/*",
        "kept-14-days/async/async-v1/failure/*",
    ]


def test_the_policy_is_attached_to_the_declared_callers_of_the_account(assembly: Any) -> None:
    assert caller_policy(assembly, "realtime-v1")["Roles"] == ["chemists"]
    assert caller_policy(assembly, "realtime-v1")["Users"] == ["robot"]
    assert caller_policy(assembly, "async-v1")["Roles"] == ["chemists"]
    assert not {"Roles", "Users"} & set(caller_policy(assembly, "fixed-v1"))


def test_a_caller_of_another_account_is_left_out_with_a_warning(assembly: Any) -> None:
    text = (assembly.folder / "ChemEndpoints-async-v1.metadata.json").read_text(encoding="utf-8")
    assert "arn:aws:iam::210987654321:role/elsewhere is not of account 123456789012" in text
    assert "210987654321" not in str(assembly.template("async-v1"))


def test_a_model_under_a_key_of_its_own_can_be_read(template_of: Any) -> None:
    from chem_endpoints.spec.violation import DeclarationError

    key = "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d"
    serving = {"kind": "realtime", "instance_type": "ml.c7i.large"}
    statements = list(identity_statements(template_of(serving, model={"artifact_key": key})))
    (decrypt,) = (each for each in statements if as_list(each["Resource"]) == [key])
    assert decrypt["Action"] == "kms:Decrypt"
    with pytest.raises(DeclarationError, match="must be the ARN of a KMS key"):
        template_of(serving, model={"artifact_key": "alias/mine"})
