"""CloudFormation types of Systems Manager."""

from chem_endpoints.local.cfn_properties import Properties, given
from chem_endpoints.local.cfn_resource_type import Context, ResourceType, Values
from chem_endpoints.local.cfn_stack import Made


def _create_parameter(context: Context, properties: Values) -> Made:
    taken = Properties(properties)
    name, tags = taken.take("Name") or context.name(), taken.take("Tags", {})
    names = ("Type", "Value", "Description", "Tier", "AllowedPattern", "DataType", "Policies")
    parameters = given(Name=name, Overwrite=True, **{key: taken.take(key) for key in names})
    taken.end()
    context.call("ssm", "put_parameter", parameters)
    for key, value in tags.items():
        context.client("ssm").add_tags_to_resource(
            ResourceType="Parameter", ResourceId=name, Tags=[{"Key": key, "Value": value}]
        )
    return Made(physical_id=name, attributes={"Type": parameters["Type"], "Value": parameters["Value"]})


def _update_parameter(context: Context, made: Made, old: Values, new: Values) -> Made:
    lost = [key for key in old.get("Tags") or {} if key not in (new.get("Tags") or {})]
    if lost:
        context.client("ssm").remove_tags_from_resource(
            ResourceType="Parameter", ResourceId=made.physical_id, TagKeys=lost
        )
    return _create_parameter(context, {**new, "Name": made.physical_id})


def _delete_parameter(context: Context, made: Made, _properties: Values) -> None:
    context.client("ssm").delete_parameter(Name=made.physical_id)


SSM_TYPES: tuple[ResourceType, ...] = (
    ResourceType(
        name="AWS::SSM::Parameter",
        known=frozenset(
            {"Name", "Type", "Value", "Description", "Tier", "AllowedPattern", "DataType", "Policies", "Tags"}
        ),
        create=_create_parameter,
        update=_update_parameter,
        delete=_delete_parameter,
        replaced_by=frozenset({"Name"}),
        name_property="Name",
    ),
)
