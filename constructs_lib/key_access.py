"""Permission to use the shared KMS key, which is known by its alias only.

Source: "Use aliases to control access to KMS keys", KMS developer guide.
"""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from constructs_lib.naming import KEY_ALIAS, SharedNames

LOG_GROUPS = (
    "/aws/sagemaker/Endpoints/*",
    "/aws/sagemaker/InferenceComponents/*",
    "/aws/codebuild/chem-endpoints*",
    "/chem-endpoints/*",
)
"""Log groups that may be encrypted with the shared key."""

_OUR_KEY = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": KEY_ALIAS}}


def use_shared_key(names: SharedNames) -> iam.PolicyStatement:
    """Encrypt and decrypt objects and messages."""
    return _statement(names, ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"), _OUR_KEY)


def lend_shared_key(names: SharedNames) -> iam.PolicyStatement:
    """Let an AWS service use the key on our behalf, as the instances' storage volumes need."""
    conditions = {**_OUR_KEY, "Bool": {"kms:GrantIsForAWSResource": "true"}}
    return _statement(names, ("kms:CreateGrant",), conditions)


def key_alias_arn(names: SharedNames) -> str:
    """The shared key for those who take no bare alias, as the log service does."""
    return f"arn:aws:kms:{names.region}:{names.account}:{KEY_ALIAS}"


def admit_log_service(key: kms.Key, names: SharedNames) -> None:
    """Lets CloudWatch Logs use the key for our log groups: it encrypts as a service, and says for which group.

    Source: "Encrypt log data in CloudWatch Logs using AWS KMS", CloudWatch Logs user guide.
    """
    groups = [f"arn:aws:logs:{names.region}:{names.account}:log-group:{group}" for group in LOG_GROUPS]
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(f"logs.{names.region}.amazonaws.com")],
            actions=["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            resources=["*"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        )
    )


def _statement(names: SharedNames, actions: Sequence[str], conditions: Mapping[str, object]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=[names.any_key_arn], conditions=conditions)
