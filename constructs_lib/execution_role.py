"""The role that SageMaker takes to run the container: what this endpoint needs, and nothing else.

Source: "How to use SageMaker AI execution roles" (CreateModel API), SageMaker developer guide.
"""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from constructs_lib.key_access import lend_shared_key, use_shared_key
from constructs_lib.metrics import INSTANCES_NAMESPACE, INVOCATIONS_NAMESPACE
from constructs_lib.naming import EndpointNames
from constructs_lib.s3_location import S3Location


class ExecutionRole(Construct):
    """Role and policy. The role refers to the policy, so whoever waits for the role has its permissions too."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: EndpointNames,
        artifact: S3Location,
        kind_statements: Sequence[iam.PolicyStatement],
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            names: the endpoint's names.
            artifact: the one object that the role may read as a model.
            kind_statements: what this kind of endpoint needs besides (capture, queue objects, topics).
        """
        super().__init__(scope, construct_id)
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            statements=[
                *_pull_image(names),
                _read_artifact(artifact),
                *_report(names),
                use_shared_key(names.shared),
                lend_shared_key(names.shared),
                *kind_statements,
            ],
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "sagemaker.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": names.shared.account}},
            ),
            managed_policies=[self.policy],
        )


def _pull_image(names: EndpointNames) -> tuple[iam.PolicyStatement, ...]:
    # A registry token is not bound to a repository: AWS accepts no other resource than * for it.
    return (
        iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]),
        iam.PolicyStatement(
            actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            resources=[names.shared.repository_arn],
        ),
    )


def _read_artifact(artifact: S3Location) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=["s3:GetObject"], resources=[artifact.arn])


def _report(names: EndpointNames) -> tuple[iam.PolicyStatement, ...]:
    # Metrics have no ARN: the namespace is the only way to narrow PutMetricData.
    namespaces = [INVOCATIONS_NAMESPACE, INSTANCES_NAMESPACE]
    return (
        iam.PolicyStatement(
            actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources=[names.log_group_arn, f"{names.log_group_arn}:*"],
        ),
        iam.PolicyStatement(
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={"StringEquals": {"cloudwatch:namespace": namespaces}},
        ),
    )
