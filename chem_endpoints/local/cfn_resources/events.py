"""CloudFormation types of EventBridge: rules that react to events. Nothing here starts a rule by the clock."""

import json
from typing import Any

from chem_endpoints.local.cfn_properties import given
from chem_endpoints.local.cfn_resource_type import Context, ResourceType, Values, change_tags, undone_on_failure
from chem_endpoints.local.cfn_stack import Made


def _put_rule(context: Context, name: str, properties: Values) -> str:
    pattern = properties.get("EventPattern")
    parameters = given(
        Name=name,
        EventPattern=json.dumps(pattern) if isinstance(pattern, dict) else pattern,
        **{key: properties.get(key) for key in ("Description", "EventBusName", "RoleArn", "State")},
    )
    return str(context.call("events", "put_rule", parameters)["RuleArn"])


def _of_rule(made: Made, properties: Values) -> dict[str, Any]:
    return given(Rule=made.attributes["_name"], EventBusName=properties.get("EventBusName"))


def _put_targets(context: Context, made: Made, properties: Values) -> None:
    if properties.get("Targets"):
        context.call("events", "put_targets", {**_of_rule(made, properties), "Targets": properties["Targets"]})


def _remove_targets(context: Context, made: Made, properties: Values, kept: frozenset[str] = frozenset()) -> None:
    ids = [target["Id"] for target in properties.get("Targets") or () if target["Id"] not in kept]
    if ids:
        context.client("events").remove_targets(**_of_rule(made, properties), Ids=ids)


def _create_rule(context: Context, properties: Values) -> Made:
    name, bus = properties.get("Name") or context.name(64), properties.get("EventBusName")
    arn = _put_rule(context, name, properties)
    made = Made(physical_id=f"{bus}|{name}" if bus else name, attributes={"Arn": arn, "_name": name})
    with undone_on_failure(lambda: _delete_rule(context, made, properties)):
        _put_targets(context, made, properties)
        if properties.get("Tags"):
            context.call("events", "tag_resource", {"ResourceARN": arn, "Tags": properties["Tags"]})
    return made


def _update_rule(context: Context, made: Made, old: Values, new: Values) -> Made:
    _put_rule(context, made.attributes["_name"], new)
    _remove_targets(context, made, old, frozenset(target["Id"] for target in new.get("Targets") or ()))
    _put_targets(context, made, new)
    events, arn = context.client("events"), made.attributes["Arn"]
    change_tags(
        old,
        new,
        remove=lambda keys: events.untag_resource(ResourceARN=arn, TagKeys=keys),
        add=lambda tags: events.tag_resource(ResourceARN=arn, Tags=tags),
    )
    return made


def _delete_rule(context: Context, made: Made, properties: Values) -> None:
    _remove_targets(context, made, properties)
    name = {"Name" if key == "Rule" else key: value for key, value in _of_rule(made, properties).items()}
    context.client("events").delete_rule(**name)


EVENTS_TYPES: tuple[ResourceType, ...] = (
    ResourceType(
        name="AWS::Events::Rule",
        known=frozenset({"Description", "EventBusName", "EventPattern", "Name", "RoleArn", "State", "Tags", "Targets"}),
        create=_create_rule,
        update=_update_rule,
        delete=_delete_rule,
        replaced_by=frozenset({"Name", "EventBusName"}),
        name_property="Name",
    ),
)
