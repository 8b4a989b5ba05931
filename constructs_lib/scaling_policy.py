"""The two kinds of scaling policy that endpoints use.

Source: "Target tracking scaling policies", "Step scaling policies" (Application Auto Scaling user guide).
"""

from typing import Literal

from aws_cdk import aws_applicationautoscaling as autoscaling
from constructs import Construct

from constructs_lib.metrics import EndpointMetric
from constructs_lib.scalable_target import ScalableTarget

SCALE_OUT_SECONDS = 60
SCALE_IN_SECONDS = 300
"""Pauses after a step: short when load comes, AWS's default of 300 s when it goes."""


class TargetTracking(Construct):
    """Keeps one metric near a value. Application Auto Scaling makes and owns the alarms."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        target: ScalableTarget,
        value: float,
        preset: str | None = None,
        metric: EndpointMetric | None = None,
        endpoint: str = "",
        variant: str = "",
        scale_out_seconds: int = SCALE_OUT_SECONDS,
        scale_in_seconds: int | None = SCALE_IN_SECONDS,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            name: name of the policy.
            target: what is resized.
            value: what the metric is kept near.
            preset: AWS's name of the metric; or else `metric`.
            metric: a metric of `endpoint` and `variant`.
            endpoint: whose metric.
            variant: whose metric, where it is counted per variant.
            scale_out_seconds: pause after adding.
            scale_in_seconds: pause after removing; None never removes.
        """
        super().__init__(scope, construct_id)
        policy = autoscaling.CfnScalingPolicy
        self.resource = policy(
            self,
            "Resource",
            policy_name=name,
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.resource.ref,
            target_tracking_scaling_policy_configuration=policy.TargetTrackingScalingPolicyConfigurationProperty(
                predefined_metric_specification=(
                    policy.PredefinedMetricSpecificationProperty(predefined_metric_type=preset) if preset else None
                ),
                customized_metric_specification=_customized(metric, endpoint, variant) if metric else None,
                target_value=value,
                scale_out_cooldown=scale_out_seconds,
                scale_in_cooldown=scale_in_seconds,
                disable_scale_in=True if scale_in_seconds is None else None,
            ),
        )


def _customized(
    metric: EndpointMetric, endpoint: str, variant: str
) -> autoscaling.CfnScalingPolicy.CustomizedMetricSpecificationProperty:
    policy = autoscaling.CfnScalingPolicy
    return policy.CustomizedMetricSpecificationProperty(
        namespace=metric.namespace,
        metric_name=metric.name,
        statistic=metric.statistic,
        dimensions=[
            policy.MetricDimensionProperty(name=name, value=value)
            for name, value in metric.dimension_values(endpoint, variant).items()
        ],
    )


class StepScaling(Construct):
    """One step, taken when an alarm of ours fires."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        target: ScalableTarget,
        adjustment_type: Literal["ChangeInCapacity", "ExactCapacity"],
        adjustment: int,
        cooldown_seconds: int,
        aggregation: Literal["Average", "Maximum"] = "Average",
        lower: int | None = None,
        upper: int | None = None,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            name: name of the policy.
            target: what is resized.
            adjustment_type: whether `adjustment` is added or set.
            adjustment: how many.
            cooldown_seconds: pause after the step.
            aggregation: how the metric's data points become one.
            lower: distance from the alarm's threshold from which the step counts.
            upper: distance from the alarm's threshold up to which it counts.
        """
        super().__init__(scope, construct_id)
        policy = autoscaling.CfnScalingPolicy
        self.resource = policy(
            self,
            "Resource",
            policy_name=name,
            policy_type="StepScaling",
            scaling_target_id=target.resource.ref,
            step_scaling_policy_configuration=policy.StepScalingPolicyConfigurationProperty(
                adjustment_type=adjustment_type,
                metric_aggregation_type=aggregation,
                cooldown=cooldown_seconds,
                step_adjustments=[
                    policy.StepAdjustmentProperty(
                        scaling_adjustment=adjustment,
                        metric_interval_lower_bound=lower,
                        metric_interval_upper_bound=upper,
                    )
                ],
            ),
        )
