"""Promise: every statement that a deployment adds or takes away is told in one readable line."""

from collections.abc import Callable
from typing import Any

from chem_endpoints.plan.permissions import permission_changes
from chem_endpoints.plan.template import Template

Body = dict[str, Any]
Change = Callable[..., tuple[Template, Template]]


def test_statements_that_come_and_go(body: Body, change: Change) -> None:
    def widen(resources: Body) -> None:
        resources["Policy"]["Properties"]["PolicyDocument"]["Statement"] = [
            {
                "Action": ["s3:PutObject", "s3:GetObject"],
                "Effect": "Allow",
                "Resource": {"Fn::Join": ["", [{"Ref": "Bucket"}, "/*"]]},
                "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
            }
        ]

    found = permission_changes(*change(body, widen))
    assert [grant.statement for grant in found.added] == [
        "Allow s3:GetObject, s3:PutObject on <Bucket>/* if aws:SourceAccount StringEquals 111122223333"
    ]
    assert [(grant.owner, grant.statement) for grant in found.removed] == [
        ("Policy", "Allow s3:GetObject on arn:aws:s3:::models/one.tar.gz")
    ]


def test_who_may_assume_a_role_and_what_is_attached_count(body: Body, change: Change) -> None:
    def attach(resources: Body) -> None:
        role = resources["Role"]["Properties"]
        role["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/AdministratorAccess"]
        role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = "*"

    found = permission_changes(*change(body, attach))
    assert {grant.statement for grant in found.added} == {
        "Allow * sts:AssumeRole",
        "has the policy arn:aws:iam::aws:policy/AdministratorAccess",
    }
    assert [grant.statement for grant in found.removed] == ["Allow sagemaker.amazonaws.com sts:AssumeRole"]


def test_the_order_of_actions_and_statements_is_no_change(body: Body, change: Change) -> None:
    statements = body["Resources"]["Policy"]["Properties"]["PolicyDocument"]["Statement"]
    statements.append({"Action": ["a:One", "a:Two"], "Effect": "Deny", "Resource": "*"})

    def turn(resources: Body) -> None:
        turned = resources["Policy"]["Properties"]["PolicyDocument"]["Statement"]
        turned.reverse()
        turned[0]["Action"].reverse()

    found = permission_changes(*change(body, turn))
    assert (found.added, found.removed) == ((), ())


def test_deny_and_the_opposites_are_told_as_such(body: Body, change: Change) -> None:
    def deny(resources: Body) -> None:
        resources["Key"] = {
            "Type": "AWS::KMS::Key",
            "Properties": {
                "KeyPolicy": {"Statement": [{"Effect": "Deny", "NotPrincipal": {"AWS": "a"}, "NotAction": "kms:List*"}]}
            },
        }

    (grant,) = permission_changes(*change(body, deny)).added
    assert (grant.owner, grant.statement) == ("Key", "Deny all but a all but kms:List*")
