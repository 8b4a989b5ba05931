"""A real-time endpoint follows its traffic.

Source: "Define a scaling policy", SageMaker developer guide.
"""

from aws_cdk import aws_applicationautoscaling as autoscaling
from constructs import Construct

from chem_endpoints.spec.realtime import InvocationScaling
from constructs_lib.metrics import INVOCATIONS_PER_INSTANCE_PRESET
from constructs_lib.named_endpoint import NamedEndpoint
from constructs_lib.naming import EndpointNames
from constructs_lib.scalable_variant import ScalableVariant

SCALE_OUT_SECONDS = 60
SCALE_IN_SECONDS = 300
"""Pauses after a step: short when load comes, AWS's default of 300 s when it goes."""


class InvocationScalingPolicy(Construct):
    """Target tracking on invocations per instance and minute."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        scaling: InvocationScaling,
        names: EndpointNames,
        endpoint: NamedEndpoint,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            scaling: bounds and target.
            names: the endpoint's names.
            endpoint: what is resized.
        """
        super().__init__(scope, construct_id)
        self.variant = ScalableVariant(
            self, "Variant", names=names, endpoint=endpoint, minimum=scaling.min, maximum=scaling.max
        )
        policy = autoscaling.CfnScalingPolicy
        self.policy = policy(
            self,
            "Traffic",
            policy_name=f"{names.endpoint}-traffic",
            policy_type="TargetTrackingScaling",
            scaling_target_id=self.variant.target.ref,
            target_tracking_scaling_policy_configuration=policy.TargetTrackingScalingPolicyConfigurationProperty(
                predefined_metric_specification=policy.PredefinedMetricSpecificationProperty(
                    predefined_metric_type=INVOCATIONS_PER_INSTANCE_PRESET
                ),
                target_value=scaling.invocations_per_instance,
                scale_out_cooldown=SCALE_OUT_SECONDS,
                scale_in_cooldown=SCALE_IN_SECONDS,
            ),
        )
