"""CloudFormation types of Application Auto Scaling."""

from datetime import UTC, datetime
from typing import Any

from chem_endpoints.local.cfn_properties import Properties, PropertyError
from chem_endpoints.local.cfn_resource_type import (
    ApiCalls,
    Context,
    ResourceType,
    Values,
    api_type,
    undone_on_failure,
)
from chem_endpoints.local.cfn_stack import Made
from chem_endpoints.local.scaling.schedule import ScheduleError, parse_schedule

_SERVICE = "application-autoscaling"
_TARGET_KEY = ("ResourceId", "ScalableDimension", "ServiceNamespace")


def _create_target(context: Context, properties: Values) -> Made:
    registration, actions = _split_target(properties)
    answer = context.call(_SERVICE, "register_scalable_target", registration)
    key = {name: registration[name] for name in _TARGET_KEY}
    with undone_on_failure(lambda: context.call(_SERVICE, "deregister_scalable_target", key)):
        for action in actions:
            context.call(_SERVICE, "put_scheduled_action", {**key, **action})
    physical_id = "|".join(str(registration[name]) for name in _TARGET_KEY)
    return Made(
        physical_id=physical_id, attributes={"Id": physical_id, "ScalableTargetARN": answer.get("ScalableTargetARN")}
    )


def _update_target(context: Context, made: Made, old: Values, new: Values) -> Made:
    registration, actions = _split_target(new)
    key = {name: registration[name] for name in _TARGET_KEY}
    released = {"SuspendedState": _NOTHING_SUSPENDED} if "SuspendedState" in old else {}
    context.call(_SERVICE, "register_scalable_target", {**released, **registration})
    for action in actions:
        context.call(_SERVICE, "put_scheduled_action", {**key, **action})
    kept = {action["ScheduledActionName"] for action in actions}
    for name in sorted({action["ScheduledActionName"] for action in old.get("ScheduledActions") or ()} - kept):
        context.call(_SERVICE, "delete_scheduled_action", {**key, "ScheduledActionName": name})
    return made


def _delete_target(context: Context, _made: Made, properties: Values) -> None:
    key = {name: properties[name] for name in _TARGET_KEY}
    context.call(_SERVICE, "deregister_scalable_target", key)


_NOTHING_SUSPENDED = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}


def _split_target(properties: Values) -> tuple[dict[str, Any], list[Values]]:
    """The registration and the scheduled actions, each of which is an operation of its own.

    Raises:
        PropertyError: a schedule, or the bounds, are not valid.
    """
    # moto keeps no tags of scalable targets, and nothing here reads them.
    taken = Properties(properties)
    actions = list(taken.take("ScheduledActions", None) or ())
    registration = {name: value for name, value in properties.items() if name not in ("ScheduledActions", "Tags")}
    _check_bounds(registration, "#")
    for index, action in enumerate(actions):
        _check_bounds(action.get("ScalableTargetAction") or {}, f"#/ScheduledActions/{index}/ScalableTargetAction")
        try:
            parse_schedule(str(action["Schedule"]), timezone=action.get("Timezone"), created=datetime.now(UTC))
        except (KeyError, ScheduleError) as error:
            raise PropertyError(f"#/ScheduledActions/{index}/Schedule: {error}") from error
    return registration, actions


def _check_bounds(values: Values, path: str) -> None:
    least, most = values.get("MinCapacity"), values.get("MaxCapacity")
    if least is not None and most is not None and int(least) > int(most):
        raise PropertyError(f"{path}: Maximum capacity cannot be less than minimum capacity")


def _split_target_id(_context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    target = parameters.pop("ScalingTargetId", None)
    return {**parameters, **dict(zip(_TARGET_KEY, target.split("|"), strict=True))} if target else parameters


def _policy_made(_context: Context, parameters: Values, answer: Values) -> Made:
    return Made(
        physical_id=answer["PolicyARN"],
        attributes={"Arn": answer["PolicyARN"], "PolicyName": parameters["PolicyName"]},
    )


_POLICY = ApiCalls(
    service=_SERVICE,
    create="put_scaling_policy",
    delete="delete_scaling_policy",
    delete_with=("PolicyName", *_TARGET_KEY),
    name_property="PolicyName",
    name_limit=255,
    prepare=_split_target_id,
    made=_policy_made,
)

SCALING_TYPES: tuple[ResourceType, ...] = (
    ResourceType(
        name="AWS::ApplicationAutoScaling::ScalableTarget",
        known=frozenset(
            {*_TARGET_KEY, "MinCapacity", "MaxCapacity", "RoleARN", "ScheduledActions", "SuspendedState", "Tags"}
        ),
        create=_create_target,
        update=_update_target,
        delete=_delete_target,
        replaced_by=frozenset(_TARGET_KEY),
    ),
    api_type(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        _POLICY,
        replaced_by=frozenset({*_TARGET_KEY, "ScalingTargetId"}),
    ),
)
