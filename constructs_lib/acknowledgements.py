"""What the public rule packs report and we keep, each with its reason.

An acknowledgement holds for one resource, one rule and, where a rule reports several findings per resource, one
finding. cdk-nag reads them from the metadata of the construct that they are recorded on.

Source: "Acknowledging a Rule", cdk-nag 3; `Validations.ACKNOWLEDGED_RULES_METADATA_KEY`, aws-cdk-lib.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from aws_cdk import CfnResource, Stack, Validations
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker

from chem_endpoints.spec.instance_types import has_local_storage

REGULATED = ("NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321")
"""The packs that share their rules with each other and not with AwsSolutions."""


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """A finding that stays."""

    rules: tuple[str, ...]
    """The rule's id in each pack that has it."""
    type: type[CfnResource]
    """Class of the resource."""
    reason: str
    finding: str = ""
    """Pattern of the finding's id, for rules that report several: ``Resource::…`` for a wildcard in a policy."""
    path: str = ""
    """Pattern of the construct's path below its stack; empty: any."""
    when: Callable[[Any], bool] = lambda resource: True
    """Whether the resource has what the rule reports."""

    def ids(self, resource: CfnResource, path: str) -> Iterator[str]:
        """Ids, as cdk-nag reports them, of the findings of a resource that it covers."""
        if not re.fullmatch(self.path or ".*", path) or not self.when(resource):
            return
        if not self.finding:
            yield from self.rules
            return
        for found in _wildcards(resource):
            if re.fullmatch(self.finding, found):
                yield from (f"{rule}[{found}]" for rule in self.rules)


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """An acknowledgement that was recorded."""

    row: Acknowledgement
    id: str
    """Rule, and finding where the rule reports several."""
    path: str
    """Path of the construct."""


def acknowledge_findings(stack: Stack) -> tuple[Acknowledged, ...]:
    """Records every acknowledgement of the table on the stack's resources; to be called when they are all there."""
    recorded: list[Acknowledged] = []
    for node in stack.node.find_all():
        if rows := [row for row in ACKNOWLEDGEMENTS if isinstance(node, row.type)]:
            assert isinstance(node, CfnResource), "every row is about a resource"
            recorded += _acknowledge(node, rows, below=f"{stack.node.path}/")
    return tuple(recorded)


def _acknowledge(resource: CfnResource, rows: list[Acknowledgement], *, below: str) -> list[Acknowledged]:
    path = resource.node.path
    found = [
        Acknowledged(row=row, id=name, path=path)
        for row in rows
        for name in row.ids(resource, path.removeprefix(below))
    ]
    if found:
        # `Validations.acknowledge` would write the same, one call of the JavaScript engine after the other, and
        # replaces spaces in ids.
        reasons = {f"Annotation::{each.id}": each.row.reason for each in found}
        resource.node.add_metadata(Validations.ACKNOWLEDGED_RULES_METADATA_KEY, reasons)
    return found


def _wildcards(resource: CfnResource) -> list[str]:
    """The findings that cdk-nag reports for a policy: each wildcard resource and action once."""
    assert isinstance(resource, iam.CfnManagedPolicy), "only managed policies have acknowledged wildcards"
    document = Stack.of(resource).resolve(resource.policy_document)
    found = {
        f"{kind}::{value}": None
        for statement in document["Statement"]
        for kind in ("Resource", "Action")
        for value in (statement[kind] if isinstance(statement[kind], list) else [statement[kind]])
        if isinstance(value, str) and "*" in value
    }
    return list(found)


def _has_users(policy: iam.CfnManagedPolicy) -> bool:
    # A managed policy's users are known when all have been attached.
    return bool(Stack.of(policy).resolve(policy.users))


def _takes_no_key(config: sagemaker.CfnEndpointConfig) -> bool:
    """All variants are serverless, or one has local storage: AWS then has no volume to encrypt, or refuses the key."""
    variants = Stack.of(config).resolve([config.production_variants, config.shadow_production_variants or []])
    types = [variant.get("instanceType") for group in variants for variant in group]
    return not any(types) or any(has_local_storage(each) for each in types if each)


def _in(packs: tuple[str, ...], *rules: str) -> tuple[str, ...]:
    return tuple(f"{pack}-{rule}" for pack in packs for rule in rules)


_OUR_BUCKETS = r"(AccessLogs/)?Bucket/Resource"
_WILDCARD = ("AwsSolutions-IAM5",)

ACKNOWLEDGEMENTS: tuple[Acknowledgement, ...] = (
    Acknowledgement(
        rules=_WILDCARD,
        type=iam.CfnManagedPolicy,
        finding=r"Resource::\*",
        reason="AWS takes no narrower resource: a registry token, metrics and network interfaces have no ARN that is "
        "known before. Which actions may stand there is a table of its own (ChemEndpoints-NoBareStar).",
    ),
    Acknowledgement(
        rules=_WILDCARD,
        type=iam.CfnManagedPolicy,
        finding=r"Resource::arn:aws:kms:[a-z0-9-]+:\d{12}:key/\*",
        reason="The shared key is known by its alias only, and the statement is limited to it by kms:ResourceAliases.",
    ),
    Acknowledgement(
        rules=_WILDCARD,
        type=iam.CfnManagedPolicy,
        finding=r"Resource::arn:aws:sagemaker:[a-z0-9-]+:\d{12}:endpoint-config/\*",
        reason="Configurations have generated names and change with each deployment; the statement is limited to this "
        "endpoint's by their tag.",
    ),
    Acknowledgement(
        rules=_WILDCARD,
        type=iam.CfnManagedPolicy,
        finding=r"Resource::arn:aws:logs:[a-z0-9-]+:\d{12}:log-group:/aws/sagemaker/[A-Za-z]+/[A-Za-z0-9-]+:\*",
        reason="SageMaker names the log streams after instances; the log group is this endpoint's own.",
    ),
    Acknowledgement(
        rules=_WILDCARD,
        type=iam.CfnManagedPolicy,
        finding=r"Resource::arn:aws:logs:[a-z0-9-]+:\d{12}:log-group:/aws/sagemaker/ProcessingJobs:\*",
        reason="SageMaker gives the processing jobs of all model monitors one log group, and names its streams after "
        "the jobs.",
    ),
    Acknowledgement(
        rules=_WILDCARD,
        type=iam.CfnManagedPolicy,
        finding=r"Resource::arn:aws:logs:[a-z0-9-]+:\d{12}:log-group:/chem-endpoints/[a-z/]+:\*",
        reason="The network's flow logs name their streams after interfaces; the log group is the network's own.",
    ),
    Acknowledgement(
        rules=_WILDCARD,
        type=iam.CfnManagedPolicy,
        finding=r"Resource::arn:aws:s3:::[a-z0-9-]+/kept-\d+-days/(async|captures?|monitor)/[A-Za-z0-9-]+/.*\*",
        reason="Each request and each named capture makes objects of its own; the prefix is this endpoint's own.",
    ),
    Acknowledgement(
        rules=_in(REGULATED, "IAMUserNoPolicies"),
        type=iam.CfnManagedPolicy,
        when=_has_users,
        reason="The declaration names an IAM user as a caller; its policy allows this one endpoint and stands in the "
        "reviewed template. Roles are the better callers, and a team decides.",
    ),
    Acknowledgement(
        rules=_in(REGULATED, "SageMakerEndpointConfigurationKMSKeyConfigured"),
        type=sagemaker.CfnEndpointConfig,
        when=_takes_no_key,
        reason="AWS refuses a key for instance types with local storage, which the hardware encrypts, and a serverless "
        "endpoint has no volume of ours (ChemEndpoints-ConfigEncrypted watches over all others).",
    ),
    Acknowledgement(
        rules=_in(REGULATED, "VPCDefaultSecurityGroupClosed"),
        type=ec2.CfnVPC,
        reason="CloudFormation cannot close a VPC's default security group, so the rule reports every VPC; nothing of "
        "ours is in that group.",
    ),
    Acknowledgement(
        rules=_in(REGULATED, "S3BucketVersioningEnabled"),
        type=s3.CfnBucket,
        path=_OUR_BUCKETS,
        reason="Compounds are gone on their day: a version that outlives its expiry would keep them. Nothing is ever "
        "overwritten, for every request has a key of its own.",
    ),
    Acknowledgement(
        rules=_in(REGULATED, "S3BucketReplicationEnabled"),
        type=s3.CfnBucket,
        path=_OUR_BUCKETS,
        reason="Requests, answers and access logs expire within days, can be asked for again, and compounds are not "
        "to be copied to a second region.",
    ),
    Acknowledgement(
        rules=_in(REGULATED, "S3DefaultEncryptionKMS"),
        type=s3.CfnBucket,
        path="AccessLogs/Bucket/Resource",
        reason="S3 delivers access logs only to buckets with its own encryption (SSE-S3), which is on. They hold "
        "object keys, no compounds.",
    ),
    Acknowledgement(
        rules=_WILDCARD,
        type=iam.CfnManagedPolicy,
        finding=r"Resource::arn:aws:logs:[a-z0-9-]+:\d{12}:log-group:/aws/codebuild/chem-endpoints-images(-trigger)?"
        r":log-stream:\*",
        path=r"(Build|Trigger)/Policy/Resource",
        reason="CodeBuild and Lambda name the log streams after builds and instances; the log group is their own.",
    ),
    Acknowledgement(
        rules=_in(("NIST.800.53.R5", "HIPAA.Security"), "LambdaConcurrency"),
        type=lambda_.CfnFunction,
        path="Trigger/Function",
        reason="CloudFormation and the end of a build call it, a few times per deployment; a reserve would be taken "
        "from the account's quota, and new accounts have none to spare.",
    ),
    Acknowledgement(
        rules=_in(("NIST.800.53.R5", "HIPAA.Security"), "LambdaDLQ"),
        type=lambda_.CfnFunction,
        path="Trigger/Function",
        reason="Lambda repeats a call that failed; if none succeeds, CloudFormation ends the deployment by the custom "
        "resource's timeout. Nobody would read a queue after that.",
    ),
    Acknowledgement(
        rules=_in(REGULATED, "LambdaInsideVPC"),
        type=lambda_.CfnFunction,
        path="Trigger/Function",
        reason="It answers CloudFormation at a public address, listens to nobody and never sees a compound.",
    ),
    Acknowledgement(
        rules=_in(("HIPAA.Security", "PCI.DSS.321"), "CodeBuildProjectSourceRepoUrl"),
        type=codebuild.CfnProject,
        path="Build/Resource",
        reason="The rule is about GitHub and BitBucket; the sources are an archive in the deployment's own S3 bucket.",
    ),
)
"""One row per kind of finding."""
