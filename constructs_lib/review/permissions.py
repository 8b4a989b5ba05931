"""Rules for roles and policies of principals. Policies of keys, buckets and topics speak of themselves as ``*``."""

from collections.abc import Iterator
from typing import Any

from constructs_lib.review.finding import Expected, Flaw
from constructs_lib.review.template import Resource, Template, Values, as_list, texts

ANY_RESOURCE = {
    "ecr:GetAuthorizationToken": "a registry token is not bound to a repository",
    "cloudwatch:PutMetricData": "metrics have no ARN; the statement is limited to SageMaker's namespaces",
    "ec2:CreateNetworkInterface": "the interfaces of a container in a VPC do not exist yet",
    "ec2:CreateNetworkInterfacePermission": "the interfaces of a container in a VPC do not exist yet",
    "ec2:DeleteNetworkInterface": "the interfaces of a container in a VPC have generated ids",
    "ec2:DeleteNetworkInterfacePermission": "the interfaces of a container in a VPC have generated ids",
    "ec2:DescribeDhcpOptions": "EC2 describes without regard to resources",
    "ec2:DescribeNetworkInterfaces": "EC2 describes without regard to resources",
    "ec2:DescribeSecurityGroups": "EC2 describes without regard to resources",
    "ec2:DescribeSubnets": "EC2 describes without regard to resources",
    "ec2:DescribeVpcs": "EC2 describes without regard to resources",
}
"""Actions that may be allowed on ``*``, each with the reason: AWS knows nothing narrower."""

WITHOUT_SOURCE_ACCOUNT = {
    "lambda.amazonaws.com": "Lambda takes the roles of the account's own functions and sends no source account",
    "ec2.amazonaws.com": "EC2 takes the roles of the account's own instances and sends no source account",
}
"""Services that take a role without saying for which account, each with the reason."""

_HOLDERS = ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group")
_POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::UserPolicy", "AWS::IAM::RolePolicy")


def statements(template: Template) -> Iterator[tuple[Resource, Values]]:
    """Every statement that allows a principal something."""
    for resource in template.of(*_POLICIES, *_HOLDERS):
        inline = [each.get("PolicyDocument") for each in as_list(resource.properties.get("Policies"))]
        for document in [resource.properties.get("PolicyDocument"), *inline]:
            for statement in as_list((document or {}).get("Statement")):
                if statement.get("Effect") == "Allow":
                    yield resource, statement


def no_broad_policies(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """No policy of AWS's that allows a whole service."""
    for resource in template.of(*_HOLDERS, *_POLICIES):
        if broad := [each for each in texts(resource.properties) if each.endswith("FullAccess")]:
            yield resource.logical_id, f"holds {broad[0]}"


def no_bare_star(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """Every permission names its resources, but for the table of those that cannot."""
    for resource, statement in statements(template):
        anything = "NotResource" in statement or "*" in as_list(statement.get("Resource"))
        unlisted = sorted({str(each) for each in _actions(statement)} - set(ANY_RESOURCE))
        if anything and unlisted:
            yield resource.logical_id, f"allows {', '.join(unlisted)} on *"


def no_wildcard_actions(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """Every permission names its actions."""
    for resource, statement in statements(template):
        if broad := [str(each) for each in _actions(statement) if "*" in str(each)]:
            yield resource.logical_id, f"allows {', '.join(broad)}"


def _actions(statement: Values) -> list[Any]:
    return as_list(statement.get("Action")) or ["*"]


def trust_is_bounded(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """A service takes a role for this account only."""
    for role in template.of("AWS::IAM::Role"):
        for statement in as_list(role.properties.get("AssumeRolePolicyDocument", {}).get("Statement")):
            principal = statement.get("Principal", {})
            if principal == "*" or "*" in as_list(principal.get("AWS")):
                yield role.logical_id, "anybody may take the role"
                continue
            services = {str(each) for each in as_list(principal.get("Service"))} - set(WITHOUT_SOURCE_ACCOUNT)
            keys = {key for condition in statement.get("Condition", {}).values() for key in condition}
            if services and not keys & {"aws:SourceAccount", "aws:SourceArn"}:
                yield role.logical_id, f"{', '.join(sorted(services))} takes the role on behalf of any account"
