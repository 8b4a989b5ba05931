"""What an update changes, and in which order, so that neither it nor its rollback is left without permissions."""

from collections.abc import Callable
from typing import Any

import pytest

from chem_endpoints.spec.violation import DeclarationError

Declare = Callable[..., dict[str, Any]]
REALTIME = {"kind": "realtime", "instance_type": "ml.c7i.large", "initial_instances": 2}
COMPONENT = {"kind": "inference_component", "instance_type": "ml.c7i.xlarge"}


def of_type(template: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: each for name, each in template["Resources"].items() if each["Type"] == f"AWS::{kind}"}


def role_policy(template: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    (found,) = (item for item in of_type(template, "IAM::ManagedPolicy").items() if "Execution" in item[0])
    return found


def test_other_permissions_are_another_policy_so_that_the_former_model_keeps_its_own(template_of: Declare) -> None:
    first, _ = role_policy(template_of(REALTIME))
    same, _ = role_policy(template_of({**REALTIME, "initial_instances": 3}))
    other, _ = role_policy(template_of({**REALTIME, "capture": {"percent": 10}}))
    assert first == same
    assert first != other, "CloudFormation attaches the new one first and removes the old one at the very end"


@pytest.mark.parametrize(("serving", "user"), [(REALTIME, "Model"), (COMPONENT, "EndpointConfig")])
def test_permissions_are_there_before_the_role_is_used(
    template_of: Declare, serving: dict[str, Any], user: str
) -> None:
    template = template_of(serving)
    name, policy = role_policy(template)
    (role,) = policy["Properties"]["Roles"]
    assert template["Resources"][role["Ref"]]["Type"] == "AWS::IAM::Role"
    assert "ManagedPolicyArns" not in template["Resources"][role["Ref"]]["Properties"]
    assert all(name in each["DependsOn"] for each in of_type(template, f"SageMaker::{user}").values())


def test_an_update_can_be_deployed_without_the_alarms_that_would_undo_it(template_of: Declare) -> None:
    guarded = {**REALTIME, "deployment": {"strategy": "canary"}}
    (on,) = of_type(template_of(guarded), "SageMaker::Endpoint").values()
    (off,) = of_type(template_of(guarded, context={"guardrails": "off"}), "SageMaker::Endpoint").values()
    assert on["Properties"].pop("DeploymentConfig")
    assert on["Properties"] == off["Properties"]
    with pytest.raises(DeclarationError, match="-c guardrails=no: must be on or off"):
        template_of(guarded, context={"guardrails": "no"})


def test_an_async_endpoint_that_sleeps_by_the_clock_is_updated_with_running_instances(template_of: Declare) -> None:
    night = {"name": "night", "cron": "0 19 ? * MON-FRI *", "min": 0, "max": 4}
    serving = {"kind": "async", "instance_type": "ml.c7i.large", "scaling": {"min": 1, "max": 4, "schedule": [night]}}
    template = template_of(serving)
    (endpoint,) = of_type(template, "SageMaker::Endpoint").values()
    excluded = endpoint["Properties"]["ExcludeRetainedVariantProperties"]
    assert {"VariantPropertyType": "DesiredInstanceCount"} in excluded
    policies = of_type(template, "ApplicationAutoScaling::ScalingPolicy").values()
    (sleep,) = (each["Properties"] for each in policies if each["Properties"]["PolicyName"] == "one-v1-sleep")
    (step,) = sleep["StepScalingPolicyConfiguration"]["StepAdjustments"]
    assert step["ScalingAdjustment"] == 0, "Application Auto Scaling keeps to the bounds of the hour"
