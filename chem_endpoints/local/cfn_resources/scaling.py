"""CloudFormation types of Application Auto Scaling."""

from typing import Any

from chem_endpoints.local.cfn_resource_type import ApiCalls, Context, ResourceType, Values, api_type
from chem_endpoints.local.cfn_stack import Made

_TARGET_KEY = ("ResourceId", "ScalableDimension", "ServiceNamespace")


def _target_made(_context: Context, parameters: Values, answer: Values) -> Made:
    physical_id = "|".join(parameters[name] for name in _TARGET_KEY)
    return Made(
        physical_id=physical_id, attributes={"Id": physical_id, "ScalableTargetARN": answer.get("ScalableTargetARN")}
    )


def _split_target_id(_context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    target = parameters.pop("ScalingTargetId", None)
    return {**parameters, **dict(zip(_TARGET_KEY, target.split("|"), strict=True))} if target else parameters


def _policy_made(_context: Context, parameters: Values, answer: Values) -> Made:
    return Made(
        physical_id=answer["PolicyARN"],
        attributes={"Arn": answer["PolicyARN"], "PolicyName": parameters["PolicyName"]},
    )


_TARGET = ApiCalls(
    service="application-autoscaling",
    create="register_scalable_target",
    delete="deregister_scalable_target",
    delete_with=_TARGET_KEY,
    made=_target_made,
)
_POLICY = ApiCalls(
    service="application-autoscaling",
    create="put_scaling_policy",
    delete="delete_scaling_policy",
    delete_with=("PolicyName", *_TARGET_KEY),
    name_property="PolicyName",
    name_limit=255,
    prepare=_split_target_id,
    made=_policy_made,
)

SCALING_TYPES: tuple[ResourceType, ...] = (
    api_type("AWS::ApplicationAutoScaling::ScalableTarget", _TARGET, replaced_by=frozenset(_TARGET_KEY)),
    api_type(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        _POLICY,
        replaced_by=frozenset({*_TARGET_KEY, "ScalingTargetId"}),
    ),
)
