"""The log groups of the container's output, made before SageMaker would make ones that never expire."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from chem_endpoints.spec.stages import Stage
from constructs_lib.key_access import key_alias_arn
from constructs_lib.naming import EndpointNames


class ContainerLogs(Construct):
    """Log group of the endpoint, and of its inference component where it has one, with the stage's retention,
    encrypted with the shared key.

    They outlive their stack, whatever the stage retains: SageMaker may write a last line after the endpoint is gone,
    and would make a group that is gone anew, without an expiry. The next deployment of the endpoint adopts them
    (``--import-existing-resources``, which ``chem-endpoints deploy`` gives), and the lines expire in any case.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, names: EndpointNames, stage: Stage, component: bool
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            names: the endpoint's names.
            stage: retention in days.
            component: whether the endpoint serves through an inference component.
        """
        super().__init__(scope, construct_id)
        groups = {"Resource": names.log_group, **({"Component": names.component_log_group} if component else {})}
        self.log_groups = tuple(self._group(key, group, names, stage) for key, group in groups.items())
        self.arns = tuple(names.log_group_arn(group) for group in groups.values())

    def _group(self, construct_id: str, name: str, names: EndpointNames, stage: Stage) -> logs.CfnLogGroup:
        group = logs.CfnLogGroup(
            self,
            construct_id,
            log_group_name=name,
            retention_in_days=stage.log_retention_days,
            kms_key_id=key_alias_arn(names.shared),
        )
        group.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        return group
