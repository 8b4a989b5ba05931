"""CloudFormation types of CloudWatch: alarms, dashboards, log groups."""

from typing import Any

from chem_endpoints.local.cfn_properties import Properties, given
from chem_endpoints.local.cfn_resource_type import (
    ApiCalls,
    Context,
    ResourceType,
    Values,
    api_type,
    change_tags,
    undone_on_failure,
)
from chem_endpoints.local.cfn_stack import Made


def _alarm_made(context: Context, parameters: Values, _answer: Values) -> Made:
    name = parameters["AlarmName"]
    return Made(physical_id=name, attributes={"Arn": context.arn("cloudwatch", f"alarm:{name}")})


def _update_alarm(context: Context, made: Made, old: Values, new: Values) -> Made:
    """PutMetricAlarm takes tags of a new alarm only."""
    settings = {name: value for name, value in new.items() if name != "Tags"}
    changed = _ALARM.run_update(context, made, old, settings)
    cloudwatch, arn = context.client("cloudwatch"), made.attributes["Arn"]
    change_tags(
        old,
        new,
        remove=lambda keys: cloudwatch.untag_resource(ResourceARN=arn, TagKeys=keys),
        add=lambda tags: cloudwatch.tag_resource(ResourceARN=arn, Tags=tags),
    )
    return changed


def _dashboard_made(_context: Context, parameters: Values, _answer: Values) -> Made:
    return Made(physical_id=parameters["DashboardName"])


def _create_log_group(context: Context, properties: Values) -> Made:
    taken = Properties(properties)
    name = taken.take("LogGroupName") or context.name(limit=200)
    retention, tags = taken.take("RetentionInDays"), taken.take("Tags", [])
    parameters = given(
        logGroupName=name,
        kmsKeyId=taken.take("KmsKeyId"),
        logGroupClass=taken.take("LogGroupClass"),
        tags={tag["Key"]: tag["Value"] for tag in tags} or None,
    )
    taken.end()
    context.call("logs", "create_log_group", parameters)
    with undone_on_failure(lambda: context.client("logs").delete_log_group(logGroupName=name)):
        _set_retention(context, name, retention)
    return Made(physical_id=name, attributes={"Arn": context.arn("logs", f"log-group:{name}:*")})


def _existing_log_group(context: Context, properties: Values) -> Made | None:
    """The group with the declared name, as it is: an import changes nothing."""
    name = properties.get("LogGroupName", "")
    found = context.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"] if name else []
    if not any(group["logGroupName"] == name for group in found):
        return None
    return Made(physical_id=name, attributes={"Arn": context.arn("logs", f"log-group:{name}:*")})


def _set_retention(context: Context, name: str, days: Any) -> None:
    logs = context.client("logs")
    if days is None:
        logs.delete_retention_policy(logGroupName=name)
    else:
        logs.put_retention_policy(logGroupName=name, retentionInDays=int(days))


def _update_log_group(context: Context, made: Made, old: Values, new: Values) -> Made:
    logs, arn = context.client("logs"), made.attributes["Arn"].removesuffix(":*")
    _set_retention(context, made.physical_id, new.get("RetentionInDays"))
    change_tags(
        old,
        new,
        remove=lambda keys: logs.untag_resource(resourceArn=arn, tagKeys=keys),
        add=lambda tags: logs.tag_resource(resourceArn=arn, tags={tag["Key"]: tag["Value"] for tag in tags}),
    )
    return made


def _delete_log_group(context: Context, made: Made, _properties: Values) -> None:
    context.client("logs").delete_log_group(logGroupName=made.physical_id)


_ALARM = ApiCalls(
    service="cloudwatch",
    create="put_metric_alarm",
    delete="delete_alarms",
    delete_with=("AlarmName",),
    delete_as_list=True,
    name_property="AlarmName",
    name_limit=255,
    made=_alarm_made,
)
_DASHBOARD = ApiCalls(
    service="cloudwatch",
    create="put_dashboard",
    delete="delete_dashboards",
    delete_with=("DashboardName",),
    delete_as_list=True,
    name_property="DashboardName",
    name_limit=255,
    made=_dashboard_made,
)

MONITORING_TYPES: tuple[ResourceType, ...] = (
    api_type("AWS::CloudWatch::Alarm", _ALARM, update=_update_alarm),
    api_type("AWS::CloudWatch::Dashboard", _DASHBOARD),
    ResourceType(
        name="AWS::Logs::LogGroup",
        known=frozenset({"LogGroupName", "RetentionInDays", "KmsKeyId", "LogGroupClass", "Tags"}),
        fixed=frozenset({"KmsKeyId", "LogGroupClass"}),
        create=_create_log_group,
        update=_update_log_group,
        delete=_delete_log_group,
        replaced_by=frozenset({"LogGroupName"}),
        name_property="LogGroupName",
        adopt=_existing_log_group,
    ),
)
