"""The role that SageMaker takes to run the container: what this endpoint needs, and nothing else.

Source: "How to use SageMaker AI execution roles" (CreateModel API), SageMaker developer guide.
"""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from constructs_lib.key_access import lend_shared_key, use_shared_key
from constructs_lib.metrics import INSTANCES_NAMESPACE, INVOCATIONS_NAMESPACE
from constructs_lib.naming import EndpointNames, SharedNames
from constructs_lib.s3_location import S3Location


class ExecutionRole(Construct):
    """Role and policy. The role refers to the policy, so whoever waits for the role has its permissions too."""

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
        """
        super().__init__(scope, construct_id)
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            statements=[
                *pull_images(repository_arns),
                _read_artifacts(artifacts),
                *_report(log_group_arns),
                use_shared_key(names.shared),
                lend_shared_key(names.shared),
                *kind_statements,
            ],
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=sagemaker_principal(names.shared),
            managed_policies=[self.policy],
        )


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
