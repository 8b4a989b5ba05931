"""The callers of a declaration: IAM roles and users that a policy can be attached to.

Sources: "IAM identifiers", "IAM and AWS STS quotas" (IAM user guide); "Referencing permission sets in resource
policies" (IAM Identity Center user guide).
"""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from chem_endpoints.spec.strict_model import refusal

_CALLER = re.compile(r"arn:aws:iam::([0-9]{12}):(role|user)/(?:[\w+=,.@-]+/)*([\w+=,.@-]{1,64})", re.ASCII)
_OTHERS_ROLES = {
    ":role/aws-reserved/": "IAM Identity Center owns it and nobody else may change it; grant the endpoint's policy "
    "in the permission set instead",
    ":role/aws-service-role/": "an AWS service owns it and nobody else may change it; name the role that your code "
    "runs as",
}


def _caller(arn: str) -> str:
    if not _CALLER.fullmatch(arn):
        raise refusal(
            "must be the ARN of an IAM role or user whose name has 1 to 64 characters, for example "
            "arn:aws:iam::123456789012:role/chemists"
        )
    for path, reason in _OTHERS_ROLES.items():
        if path in arn:
            raise refusal(f"cannot get a policy from us: {reason}")
    return arn


def _distinct(arns: tuple[str, ...]) -> tuple[str, ...]:
    first: dict[tuple[str, ...], str] = {}
    for arn in arns:
        found = _CALLER.fullmatch(arn)
        assert found is not None, "checked one by one before"
        # IAM attaches policies by name, without the path, and tells names apart without regard to case.
        identity = tuple(part.lower() for part in found.groups())
        if identity in first:
            raise refusal(f"{arn} has the name of {first[identity]}, and IAM has one of that name; keep one")
        first[identity] = arn
    return arns


CallerArn = Annotated[str, AfterValidator(_caller)]
"""ARN of an IAM role or user."""

Callers = Annotated[tuple[CallerArn, ...], AfterValidator(_distinct), Field(strict=False)]
"""ARNs of different roles and users."""
