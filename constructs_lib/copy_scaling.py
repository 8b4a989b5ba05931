"""An inference component follows its traffic, down to no copy, and wakes on the first request that finds none.

Source: "Scale an endpoint to zero instances", SageMaker developer guide. Its example wakes on *more than* one failed
request, so that a single request never does; ours wakes on one.
"""

from typing import Any

from aws_cdk import CfnResource
from constructs import Construct

from chem_endpoints.spec.component import CopyScaling
from chem_endpoints.spec.schedule import lowest
from constructs_lib.alarms import COPY_WAKE
from constructs_lib.metrics import CONCURRENT_REQUESTS_PER_COPY_PRESET, INVOCATIONS_PER_COPY_PRESET
from constructs_lib.naming import EndpointNames
from constructs_lib.rule_alarm import RuleAlarm
from constructs_lib.scalable_target import ScalableTarget
from constructs_lib.scaling_policy import StepScaling, TargetTracking

WAKE_PAUSE_SECONDS = 60


class CopyScalingPolicies(Construct):
    """Scalable target, target tracking, and where there may be no copy the step that wakes the first one."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        scaling: CopyScaling,
        names: EndpointNames,
        component: CfnResource,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            scaling: bounds, schedule and target.
            names: the endpoint's names.
            component: the inference component, which must exist first.
        """
        super().__init__(scope, construct_id)
        self.target = ScalableTarget(
            self,
            "Target",
            resource_id=names.component_scaling_resource,
            dimension="sagemaker:inference-component:DesiredCopyCount",
            minimum=scaling.min,
            maximum=scaling.max,
            schedule=scaling.schedule,
            resized=component,
        )
        self.policy = TargetTracking(
            self, "Traffic", name=names.scaling_policy("traffic"), target=self.target, **_followed(scaling)
        )
        if lowest(scaling.min, scaling.schedule) == 0:
            self.wake = StepScaling(
                self,
                "Wake",
                name=names.scaling_policy("wake"),
                target=self.target,
                adjustment_type="ChangeInCapacity",
                adjustment=1,
                aggregation="Maximum",
                cooldown_seconds=WAKE_PAUSE_SECONDS,
                lower=0,
            )
            RuleAlarm(self, "WakeAlarm", rule=COPY_WAKE, names=names, action_arns=[self.wake.resource.ref])


def _followed(scaling: CopyScaling) -> dict[str, Any]:
    if scaling.concurrent_requests_per_copy is not None:
        return {"value": scaling.concurrent_requests_per_copy, "preset": CONCURRENT_REQUESTS_PER_COPY_PRESET}
    return {"value": scaling.invocations_per_copy, "preset": INVOCATIONS_PER_COPY_PRESET}
