"""Callers are roles and users that IAM lets us attach a policy to."""

import pytest
from pydantic import TypeAdapter, ValidationError

from chem_endpoints.spec.callers import Callers

ACCOUNT = "arn:aws:iam::123456789012"
SSO = "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Chemists_0123456789abcdef"


def parse(*arns: str) -> tuple[str, ...]:
    return TypeAdapter(Callers).validate_python(arns)


@pytest.mark.parametrize("name", ["role/chemists", "role/service-role/lab/chemists", "user/robot", "role/" + "a" * 64])
def test_roles_and_users_with_and_without_a_path(name: str) -> None:
    assert parse(f"{ACCOUNT}:{name}") == (f"{ACCOUNT}:{name}",)


@pytest.mark.parametrize("name", ["role/chemists/", "role/", "role//chemists", "role/" + "a" * 65, "group/chemists"])
def test_what_is_no_role_or_user(name: str) -> None:
    with pytest.raises(ValidationError, match="must be the ARN of an IAM role or user whose name has 1 to 64"):
        parse(f"{ACCOUNT}:{name}")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (SSO, "IAM Identity Center owns it .* grant the endpoint's policy in the permission set instead"),
        ("aws-service-role/sagemaker.amazonaws.com/AWSServiceRoleForX", "an AWS service owns it"),
    ],
)
def test_roles_that_nobody_may_change(name: str, expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        parse(f"{ACCOUNT}:role/{name}")


@pytest.mark.parametrize("other", ["role/chemists", "role/lab/chemists", "role/Chemists"])
def test_one_name_stands_once(other: str) -> None:
    with pytest.raises(ValidationError, match=f"{other} has the name of {ACCOUNT}:role/chemists"):
        parse(f"{ACCOUNT}:role/chemists", f"{ACCOUNT}:{other}")


def test_one_name_may_be_a_role_a_user_and_a_role_of_another_account() -> None:
    assert len(parse(f"{ACCOUNT}:role/a", f"{ACCOUNT}:user/a", "arn:aws:iam::210987654321:role/a")) == 3
