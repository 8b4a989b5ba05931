"""An asynchronous endpoint follows its queue, wakes from zero and goes back to sleep.

Three policies, because no single one does it:
- target tracking on the backlog per instance adds instances, and unless ``scale_in: gradual`` never removes any: its
  own low alarm waits for a fixed 15 minutes and would cut requests that still run;
- a step of +1 wakes the endpoint, for which a backlog per instance is undefined while there is no instance;
- a step to the minimum follows our own alarm, after the declared minutes in which nothing was queued or running.

Source: "Autoscale an asynchronous endpoint", SageMaker developer guide.
"""

from aws_cdk import CfnResource
from constructs import Construct

from chem_endpoints.spec.asynchronous import BacklogScaling
from chem_endpoints.spec.declared_values import MAIN_VARIANT
from chem_endpoints.spec.schedule import lowest
from constructs_lib.alarms import BACKLOG_WAKE, backlog_sleep
from constructs_lib.metrics import BACKLOG_PER_INSTANCE
from constructs_lib.naming import EndpointNames
from constructs_lib.rule_alarm import RuleAlarm
from constructs_lib.scalable_target import ScalableTarget
from constructs_lib.scaling_policy import SCALE_IN_SECONDS, StepScaling, TargetTracking

SCALE_OUT_SECONDS = 300
"""Pause after adding instances, as in AWS's example: an instance needs minutes until it takes requests."""

SLEEP_PAUSE_SECONDS = 60


class BacklogScalingPolicies(Construct):
    """Scalable target, three policies and the two alarms that drive the steps."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        scaling: BacklogScaling,
        names: EndpointNames,
        endpoint: CfnResource,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            scaling: bounds, target, schedule and idle minutes.
            names: the endpoint's names.
            endpoint: the endpoint, which must exist first.
        """
        super().__init__(scope, construct_id)
        self.target = ScalableTarget(
            self,
            "Target",
            resource_id=names.scaling_resource(MAIN_VARIANT),
            dimension="sagemaker:variant:DesiredInstanceCount",
            minimum=scaling.min,
            maximum=scaling.max,
            schedule=scaling.schedule,
            resized=endpoint,
        )
        self.follow = TargetTracking(
            self,
            "Backlog",
            name=names.scaling_policy("backlog"),
            target=self.target,
            value=scaling.backlog_per_instance,
            metric=BACKLOG_PER_INSTANCE,
            endpoint=names.endpoint,
            scale_out_seconds=SCALE_OUT_SECONDS,
            scale_in_seconds=SCALE_IN_SECONDS if scaling.scale_in == "gradual" else None,
        )
        self.wake = StepScaling(
            self,
            "Wake",
            name=names.scaling_policy("wake"),
            target=self.target,
            adjustment_type="ChangeInCapacity",
            adjustment=1,
            cooldown_seconds=SCALE_OUT_SECONDS,
            lower=0,
        )
        self.wake_alarm = RuleAlarm(
            self, "WakeAlarm", rule=BACKLOG_WAKE, names=names, action_arns=[self.wake.resource.ref]
        )
        self.sleep = StepScaling(
            self,
            "Sleep",
            name=names.scaling_policy("sleep"),
            target=self.target,
            adjustment_type="ExactCapacity",
            # Application Auto Scaling goes no lower than the bounds of the hour.
            adjustment=lowest(scaling.min, scaling.schedule),
            cooldown_seconds=SLEEP_PAUSE_SECONDS,
            upper=0,
        )
        self.sleep_alarm = RuleAlarm(
            self, "SleepAlarm", rule=backlog_sleep(scaling), names=names, action_arns=[self.sleep.resource.ref]
        )
