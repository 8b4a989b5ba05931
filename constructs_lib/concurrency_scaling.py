"""Provisioned concurrency of a serverless endpoint follows its use.

Source: "Automatically scale Provisioned Concurrency for a serverless endpoint", SageMaker developer guide.
"""

from aws_cdk import CfnResource
from constructs import Construct

from chem_endpoints.spec.declared_values import MAIN_VARIANT
from chem_endpoints.spec.serverless import ConcurrencyScaling
from constructs_lib.metrics import CONCURRENCY_UTILIZATION_PRESET
from constructs_lib.naming import EndpointNames
from constructs_lib.scalable_target import ScalableTarget
from constructs_lib.scaling_policy import TargetTracking


class ConcurrencyScalingPolicy(Construct):
    """Scalable target and target tracking."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        scaling: ConcurrencyScaling,
        names: EndpointNames,
        endpoint: CfnResource,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            scaling: bounds, schedule and target.
            names: the endpoint's names.
            endpoint: the endpoint, which must exist first.
        """
        super().__init__(scope, construct_id)
        self.target = ScalableTarget(
            self,
            "Target",
            resource_id=names.scaling_resource(MAIN_VARIANT),
            dimension="sagemaker:variant:DesiredProvisionedConcurrency",
            minimum=scaling.min,
            maximum=scaling.max,
            schedule=scaling.schedule,
            resized=endpoint,
        )
        self.policy = TargetTracking(
            self,
            "Use",
            name=names.scaling_policy("use"),
            target=self.target,
            preset=CONCURRENCY_UTILIZATION_PRESET,
            value=scaling.utilization_percent / 100,
        )
