"""Permission to use the shared KMS key, which is known by its alias only.

Source: "Use aliases to control access to KMS keys", KMS developer guide.
"""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_iam as iam

from constructs_lib.naming import KEY_ALIAS, SharedNames

_OUR_KEY = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": KEY_ALIAS}}


def use_shared_key(names: SharedNames) -> iam.PolicyStatement:
    """Encrypt and decrypt objects and messages."""
    return _statement(names, ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"), _OUR_KEY)


def lend_shared_key(names: SharedNames) -> iam.PolicyStatement:
    """Let an AWS service use the key on our behalf, as the instances' storage volumes need."""
    conditions = {**_OUR_KEY, "Bool": {"kms:GrantIsForAWSResource": "true"}}
    return _statement(names, ("kms:CreateGrant",), conditions)


def _statement(names: SharedNames, actions: Sequence[str], conditions: Mapping[str, object]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=[names.any_key_arn], conditions=conditions)
