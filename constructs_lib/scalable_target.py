"""What Application Auto Scaling may resize, and between which bounds.

Source: "Register a model with the command line" (SageMaker developer guide); "Scheduled scaling" (Application Auto
Scaling user guide).
"""

from collections.abc import Sequence
from typing import Literal

from aws_cdk import CfnResource
from aws_cdk import aws_applicationautoscaling as autoscaling
from constructs import Construct

from chem_endpoints.spec.schedule import ScheduledBounds

Dimension = Literal[
    "sagemaker:variant:DesiredInstanceCount",
    "sagemaker:variant:DesiredProvisionedConcurrency",
    "sagemaker:inference-component:DesiredCopyCount",
]


class ScalableTarget(Construct):
    """Scalable target without a role: AWS uses its service-linked one."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resource_id: str,
        dimension: Dimension,
        minimum: int,
        maximum: int,
        schedule: Sequence[ScheduledBounds],
        resized: CfnResource,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            resource_id: Application Auto Scaling's name of what is resized.
            dimension: in what it is resized.
            minimum: least of it.
            maximum: most of it.
            schedule: bounds that change by the clock.
            resized: the resource that must exist first.
        """
        super().__init__(scope, construct_id)
        self.resource = autoscaling.CfnScalableTarget(
            self,
            "Resource",
            service_namespace="sagemaker",
            resource_id=resource_id,
            scalable_dimension=dimension,
            min_capacity=minimum,
            max_capacity=maximum,
            scheduled_actions=[_scheduled(action) for action in schedule] or None,
        )
        self.resource.add_resource_dependency(resized)


def _scheduled(action: ScheduledBounds) -> autoscaling.CfnScalableTarget.ScheduledActionProperty:
    target = autoscaling.CfnScalableTarget
    return target.ScheduledActionProperty(
        scheduled_action_name=action.name,
        schedule=f"cron({action.cron})",
        timezone=action.timezone,
        scalable_target_action=target.ScalableTargetActionProperty(min_capacity=action.min, max_capacity=action.max),
    )
