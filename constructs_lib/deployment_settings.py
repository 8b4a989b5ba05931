"""Deployment guardrails: how an update replaces what runs, and which alarms undo it.

Sources: "BlueGreenUpdatePolicy", "RollingUpdatePolicy", "InferenceComponentDeploymentConfig" (SageMaker API
reference).
"""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker

from chem_endpoints.spec.deployment import Deployment

_TYPES = {"all_at_once": "ALL_AT_ONCE", "canary": "CANARY", "linear": "LINEAR"}
_WHOLE_FLEET_PERCENT = 100


def endpoint_deployment(
    deployment: Deployment, *, alarm_names: Sequence[str], termination_seconds: int
) -> sagemaker.CfnEndpoint.DeploymentConfigProperty:
    """``DeploymentConfig`` of an endpoint.

    Args:
        deployment: strategy, size and waits.
        alarm_names: literal names of the alarms that undo the update.
        termination_seconds: how long the old instances stay after the last step, for the requests that they hold.
    """
    endpoint = sagemaker.CfnEndpoint
    rollback = endpoint.AutoRollbackConfigProperty(
        alarms=[endpoint.AlarmProperty(alarm_name=name) for name in alarm_names]
    )
    if deployment.strategy == "rolling":
        return endpoint.DeploymentConfigProperty(
            rolling_update_policy=endpoint.RollingUpdatePolicyProperty(
                maximum_batch_size=_share_of_endpoint(deployment.percent),
                rollback_maximum_batch_size=_share_of_endpoint(_WHOLE_FLEET_PERCENT),
                wait_interval_in_seconds=deployment.wait_seconds,
                maximum_execution_timeout_in_seconds=deployment.longest_seconds(termination_seconds),
            ),
            auto_rollback_configuration=rollback,
        )
    return endpoint.DeploymentConfigProperty(
        blue_green_update_policy=endpoint.BlueGreenUpdatePolicyProperty(
            traffic_routing_configuration=endpoint.TrafficRoutingConfigProperty(
                type=_TYPES[deployment.strategy],
                wait_interval_in_seconds=deployment.wait_seconds,
                canary_size=_share_of_endpoint(deployment.percent) if deployment.strategy == "canary" else None,
                linear_step_size=_share_of_endpoint(deployment.percent) if deployment.strategy == "linear" else None,
            ),
            termination_wait_in_seconds=termination_seconds,
            maximum_execution_timeout_in_seconds=deployment.longest_seconds(termination_seconds),
        ),
        auto_rollback_configuration=rollback,
    )


def component_deployment(
    deployment: Deployment, *, alarm_names: Sequence[str]
) -> sagemaker.CfnInferenceComponent.InferenceComponentDeploymentConfigProperty:
    """``DeploymentConfig`` of an inference component."""
    component = sagemaker.CfnInferenceComponent
    return component.InferenceComponentDeploymentConfigProperty(
        rolling_update_policy=component.InferenceComponentRollingUpdatePolicyProperty(
            maximum_batch_size=_share_of_component(deployment.percent),
            rollback_maximum_batch_size=_share_of_component(_WHOLE_FLEET_PERCENT),
            wait_interval_in_seconds=deployment.wait_seconds,
            maximum_execution_timeout_in_seconds=deployment.longest_seconds(0),
        ),
        auto_rollback_configuration=component.AutoRollbackConfigurationProperty(
            alarms=[component.AlarmProperty(alarm_name=name) for name in alarm_names]
        ),
    )


def watch_alarms(alarm_arns: Sequence[str]) -> iam.PolicyStatement:
    """What the execution role needs for it."""
    return iam.PolicyStatement(actions=["cloudwatch:DescribeAlarms"], resources=list(alarm_arns))


def _share_of_endpoint(percent: int) -> sagemaker.CfnEndpoint.CapacitySizeProperty:
    return sagemaker.CfnEndpoint.CapacitySizeProperty(type="CAPACITY_PERCENT", value=percent)


def _share_of_component(percent: int) -> sagemaker.CfnInferenceComponent.InferenceComponentCapacitySizeProperty:
    return sagemaker.CfnInferenceComponent.InferenceComponentCapacitySizeProperty(
        type="CAPACITY_PERCENT", value=percent
    )
