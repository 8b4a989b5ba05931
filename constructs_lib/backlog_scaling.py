"""An asynchronous endpoint follows its queue, wakes from zero and goes back to sleep.

Three policies, because no single one does it:
- target tracking on the backlog per instance adds instances, and never removes any: its own low alarm waits for a
  fixed 15 minutes and would cut requests that still run;
- a step of +1 wakes the endpoint, for which a backlog per instance is undefined while there is no instance;
- a step to the minimum follows our own alarm, after the declared minutes in which nothing was queued or running.

Source: "Autoscale an asynchronous endpoint", SageMaker developer guide.
"""

from aws_cdk import aws_applicationautoscaling as autoscaling
from constructs import Construct

from chem_endpoints.spec.asynchronous import BacklogScaling
from constructs_lib.alarm_rule import MetricRule
from constructs_lib.metrics import BACKLOG, BACKLOG_PER_INSTANCE, BACKLOG_WITHOUT_CAPACITY
from constructs_lib.named_endpoint import NamedEndpoint
from constructs_lib.naming import EndpointNames
from constructs_lib.rule_alarm import RuleAlarm
from constructs_lib.scalable_variant import ScalableVariant

SCALE_OUT_SECONDS = 300
"""Pause after adding instances, as in AWS's example: an instance needs minutes until it takes requests."""

SLEEP_PAUSE_SECONDS = 60
WAKE_MINUTES = 2
"""Minutes with a backlog and no instance until the endpoint wakes, as in AWS's example."""


class BacklogScalingPolicies(Construct):
    """Scalable target, three policies and the two alarms that drive the steps."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        scaling: BacklogScaling,
        names: EndpointNames,
        endpoint: NamedEndpoint,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            scaling: bounds, target and idle minutes.
            names: the endpoint's names.
            endpoint: what is resized.
        """
        super().__init__(scope, construct_id)
        self.variant = ScalableVariant(
            self, "Variant", names=names, endpoint=endpoint, minimum=scaling.min, maximum=scaling.max
        )
        self.follow = self._follow_the_backlog(names, scaling)
        self.wake = self._step(
            "Wake", names, adjustment_type="ChangeInCapacity", adjustment=1, lower=0, pause=SCALE_OUT_SECONDS
        )
        self.wake_alarm = RuleAlarm(self, "WakeAlarm", rule=_wake_rule(), names=names, action_arns=[self.wake.ref])
        self.sleep = self._step(
            "Sleep",
            names,
            adjustment_type="ExactCapacity",
            adjustment=scaling.min,
            upper=0,
            pause=SLEEP_PAUSE_SECONDS,
        )
        self.sleep_alarm = RuleAlarm(
            self, "SleepAlarm", rule=_sleep_rule(scaling), names=names, action_arns=[self.sleep.ref]
        )

    def _follow_the_backlog(self, names: EndpointNames, scaling: BacklogScaling) -> autoscaling.CfnScalingPolicy:
        policy = autoscaling.CfnScalingPolicy
        dimensions = BACKLOG_PER_INSTANCE.dimension_values(names.endpoint)
        return policy(
            self,
            "Backlog",
            policy_name=f"{names.endpoint}-backlog",
            policy_type="TargetTrackingScaling",
            scaling_target_id=self.variant.target.ref,
            target_tracking_scaling_policy_configuration=policy.TargetTrackingScalingPolicyConfigurationProperty(
                customized_metric_specification=policy.CustomizedMetricSpecificationProperty(
                    namespace=BACKLOG_PER_INSTANCE.namespace,
                    metric_name=BACKLOG_PER_INSTANCE.name,
                    statistic=BACKLOG_PER_INSTANCE.statistic,
                    dimensions=[
                        policy.MetricDimensionProperty(name=name, value=value) for name, value in dimensions.items()
                    ],
                ),
                target_value=scaling.backlog_per_instance,
                scale_out_cooldown=SCALE_OUT_SECONDS,
                disable_scale_in=True,
            ),
        )

    def _step(
        self,
        construct_id: str,
        names: EndpointNames,
        *,
        adjustment_type: str,
        adjustment: int,
        pause: int,
        lower: int | None = None,
        upper: int | None = None,
    ) -> autoscaling.CfnScalingPolicy:
        policy = autoscaling.CfnScalingPolicy
        return policy(
            self,
            construct_id,
            policy_name=f"{names.endpoint}-{construct_id.lower()}",
            policy_type="StepScaling",
            scaling_target_id=self.variant.target.ref,
            step_scaling_policy_configuration=policy.StepScalingPolicyConfigurationProperty(
                adjustment_type=adjustment_type,
                metric_aggregation_type="Average",
                cooldown=pause,
                step_adjustments=[
                    policy.StepAdjustmentProperty(
                        scaling_adjustment=adjustment,
                        metric_interval_lower_bound=lower,
                        metric_interval_upper_bound=upper,
                    )
                ],
            ),
        )


def _wake_rule() -> MetricRule:
    return MetricRule(
        key="wake",
        summary="Requests wait and no instance runs: adds the first instance. No action needed.",
        metric=BACKLOG_WITHOUT_CAPACITY,
        comparison="GreaterThanOrEqualToThreshold",
        threshold=1,
        datapoints=WAKE_MINUTES,
        missing="missing",
    )


def _sleep_rule(scaling: BacklogScaling) -> MetricRule:
    return MetricRule(
        key="sleep",
        summary=f"Nothing queued or running for {scaling.idle_minutes} minutes: goes to {scaling.min} instances. "
        "No action needed.",
        metric=BACKLOG,
        comparison="LessThanOrEqualToThreshold",
        threshold=0,
        datapoints=scaling.idle_minutes,
        # Without data nobody knows whether a request still runs, so nothing is stopped.
        missing="notBreaching",
    )
