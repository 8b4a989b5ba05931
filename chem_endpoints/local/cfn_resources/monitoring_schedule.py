"""CloudFormation types of Model Monitor: schedules."""

from chem_endpoints.local.cfn_resource_type import Context, ResourceType, Values, change_tags
from chem_endpoints.local.cfn_stack import Made

_PARAMETERS = ("MonitoringScheduleName", "MonitoringScheduleConfig")


def _create(context: Context, properties: Values) -> Made:
    answer = context.call("sagemaker", "create_monitoring_schedule", properties)
    arn, name = answer["MonitoringScheduleArn"], properties["MonitoringScheduleName"]
    return Made(physical_id=arn, attributes={"MonitoringScheduleArn": arn, "_name": name})


def _update(context: Context, made: Made, old: Values, new: Values) -> Made:
    sagemaker = context.client("sagemaker")
    context.call("sagemaker", "update_monitoring_schedule", {key: new[key] for key in _PARAMETERS})
    change_tags(
        old,
        new,
        remove=lambda keys: sagemaker.delete_tags(ResourceArn=made.physical_id, TagKeys=keys),
        add=lambda tags: sagemaker.add_tags(ResourceArn=made.physical_id, Tags=tags),
    )
    return made


def _delete(context: Context, made: Made, _properties: Values) -> None:
    context.client("sagemaker").delete_monitoring_schedule(MonitoringScheduleName=made.attributes["_name"])


MONITORING_SCHEDULE_TYPES: tuple[ResourceType, ...] = (
    ResourceType(
        name="AWS::SageMaker::MonitoringSchedule",
        known=frozenset({*_PARAMETERS, "Tags"}),
        create=_create,
        update=_update,
        delete=_delete,
        replaced_by=frozenset({"MonitoringScheduleName"}),
        name_property="MonitoringScheduleName",
    ),
)
