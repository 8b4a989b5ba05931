"""The role that SageMaker takes to run the container: what this endpoint needs, and nothing else.

Source: "How to use SageMaker AI execution roles" (CreateModel API), SageMaker developer guide.
"""

import hashlib
import json
from collections.abc import Sequence

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from constructs_lib.key_access import lend_shared_key, use_shared_key
from constructs_lib.metrics import INSTANCES_NAMESPACE, INVOCATIONS_NAMESPACE
from constructs_lib.naming import EndpointNames, SharedNames
from constructs_lib.s3_location import S3Location


class ExecutionRole(Construct):
    """A role, and a policy whose logical id follows from its contents.

    Other permissions are another policy, attached beside the former one, which CloudFormation removes in the end: until
    the update is through, and should it be undone, instances of the former model start with the former permissions.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: EndpointNames,
        artifacts: Sequence[S3Location],
        repository_arns: Sequence[str],
        log_group_arns: Sequence[str],
        kind_statements: Sequence[iam.PolicyStatement],
        key_arns: Sequence[str] = (),
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            names: the endpoint's names.
            artifacts: the objects that the role may read as models.
            repository_arns: the ECR repositories of the images.
            log_group_arns: where the containers write their output.
            kind_statements: what this kind of endpoint needs besides (capture, queue objects, topics).
            key_arns: keys of artifacts that are not encrypted with the shared one.
        """
        super().__init__(scope, construct_id)
        statements = [
            *pull_images(repository_arns),
            _read_artifacts(artifacts),
            *_report(log_group_arns),
            use_shared_key(names.shared),
            lend_shared_key(names.shared),
            *kind_statements,
            *([iam.PolicyStatement(actions=["kms:Decrypt"], resources=list(key_arns))] if key_arns else []),
        ]
        self.role = iam.Role(self, "Role", assumed_by=sagemaker_principal(names.shared))
        self.policy = iam.ManagedPolicy(
            self, f"Policy-{_identity(self, statements)}", statements=statements, roles=[self.role]
        )

    def comes_before(self, resource: CfnResource) -> None:
        """Attaches the permissions before a resource uses the role."""
        policy = self.policy.node.default_child
        assert isinstance(policy, iam.CfnManagedPolicy)
        resource.add_resource_dependency(policy)


def _identity(scope: Construct, statements: Sequence[iam.PolicyStatement]) -> str:
    written = Stack.of(scope).resolve([statement.to_statement_json() for statement in statements])
    return hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest()[:8]


def sagemaker_principal(names: SharedNames) -> iam.ServicePrincipal:
    """SageMaker, on behalf of this account only."""
    return iam.ServicePrincipal(
        "sagemaker.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": names.account}}
    )


def pull_images(repository_arns: Sequence[str]) -> tuple[iam.PolicyStatement, ...]:
    """Pull images of these repositories."""
    # A registry token is not bound to a repository: AWS accepts no other resource than * for it.
    return (
        iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]),
        iam.PolicyStatement(
            actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            resources=list(repository_arns),
        ),
    )


def _read_artifacts(artifacts: Sequence[S3Location]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=["s3:GetObject"], resources=[artifact.arn for artifact in artifacts])


def _report(log_group_arns: Sequence[str]) -> tuple[iam.PolicyStatement, ...]:
    # Metrics have no ARN: the namespace is the only way to narrow PutMetricData.
    namespaces = [INVOCATIONS_NAMESPACE, INSTANCES_NAMESPACE]
    return (
        iam.PolicyStatement(
            actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources=[part for arn in log_group_arns for part in (arn, f"{arn}:*")],
        ),
        iam.PolicyStatement(
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={"StringEquals": {"cloudwatch:namespace": namespaces}},
        ),
    )
