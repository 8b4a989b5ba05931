"""A real-time variant follows its traffic, by the metric that its declaration names.

Source: "Define a scaling policy", SageMaker developer guide.
"""

from typing import Any

from aws_cdk import CfnResource
from constructs import Construct

from chem_endpoints.spec.instance_scaling import InstanceScaling
from constructs_lib.metrics import CONCURRENT_REQUESTS_PRESET, CPU_UTILIZATION, INVOCATIONS_PER_INSTANCE_PRESET
from constructs_lib.naming import EndpointNames
from constructs_lib.scalable_target import ScalableTarget
from constructs_lib.scaling_policy import TargetTracking


class InstanceScalingPolicy(Construct):
    """Scalable target and target tracking of one variant."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        scaling: InstanceScaling,
        names: EndpointNames,
        variant: str,
        endpoint: CfnResource,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            scaling: bounds, schedule and target.
            names: the endpoint's names.
            variant: which variant is resized.
            endpoint: the endpoint, which must exist first.
        """
        super().__init__(scope, construct_id)
        self.target = ScalableTarget(
            self,
            "Target",
            resource_id=names.scaling_resource(variant),
            dimension="sagemaker:variant:DesiredInstanceCount",
            minimum=scaling.min,
            maximum=scaling.max,
            schedule=scaling.schedule,
            resized=endpoint,
        )
        self.policy = TargetTracking(
            self,
            "Traffic",
            name=names.scaling_policy("traffic", variant),
            target=self.target,
            **_followed(scaling, names.endpoint, variant),
        )


def _followed(scaling: InstanceScaling, endpoint: str, variant: str) -> dict[str, Any]:
    if scaling.cpu_percent is not None:
        return {"value": scaling.cpu_percent, "metric": CPU_UTILIZATION, "endpoint": endpoint, "variant": variant}
    if scaling.concurrent_requests is not None:
        return {"value": scaling.concurrent_requests, "preset": CONCURRENT_REQUESTS_PRESET}
    return {"value": scaling.invocations_per_instance, "preset": INVOCATIONS_PER_INSTANCE_PRESET}
