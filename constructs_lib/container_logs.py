"""The log group of the container's output, made before SageMaker would make one that never expires."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from chem_endpoints.spec.stages import Stage
from constructs_lib.naming import EndpointNames


class ContainerLogs(Construct):
    """Log group with the stage's retention.

    It goes with its stack, whatever the stage retains: a group that stays behind has the name that the next
    deployment of the endpoint wants, and CloudFormation would refuse that deployment with "already exists".
    """

    def __init__(self, scope: Construct, construct_id: str, *, names: EndpointNames, stage: Stage) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            names: the endpoint's names.
            stage: retention in days.
        """
        super().__init__(scope, construct_id)
        self.log_group = logs.CfnLogGroup(
            self, "Resource", log_group_name=names.log_group, retention_in_days=stage.log_retention_days
        )
        self.log_group.apply_removal_policy(RemovalPolicy.DESTROY)
