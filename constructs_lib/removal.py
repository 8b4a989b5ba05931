"""What becomes of durable resources with their stack."""

from aws_cdk import RemovalPolicy

from chem_endpoints.spec.stages import Stage


def removal_policy(stage: Stage) -> RemovalPolicy:
    """The stage's choice; a resource of a stack that never came up is removed in any case."""
    return RemovalPolicy.DESTROY if stage.removal == "destroy" else RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
