"""CloudFormation types of Lambda: functions and who may call them."""

import io
import zipfile
from typing import Any

from chem_endpoints.local.cfn_properties import given
from chem_endpoints.local.cfn_resource_type import Context, ResourceType, Values, change_tags
from chem_endpoints.local.cfn_stack import Made

_CONFIGURATION = (
    "Description",
    "Environment",
    "Handler",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
)
"""Properties that change in place."""
_FIXED = ("Architectures", "EphemeralStorage", "TracingConfig", "VpcConfig")


def _code(code: Values) -> dict[str, Any]:
    """Where a function's code is; text in the template becomes the file ``index.py``."""
    if "ZipFile" not in code:
        return dict(code)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", code["ZipFile"])
    return {"ZipFile": packed.getvalue()}


def _create_function(context: Context, properties: Values) -> Made:
    name = properties.get("FunctionName") or context.name(64)
    parameters = {**properties, "FunctionName": name, "Code": _code(properties["Code"])}
    answer = context.call("lambda", "create_function", parameters)
    return Made(physical_id=name, attributes={"Arn": answer["FunctionArn"]})


def _update_function(context: Context, made: Made, old: Values, new: Values) -> Made:
    name = made.physical_id
    if old["Code"] != new["Code"]:
        context.call("lambda", "update_function_code", {**_code(new["Code"]), "FunctionName": name})
    if any(old.get(key) != new.get(key) for key in _CONFIGURATION):
        defaults = {"Description": "", "Environment": {"Variables": {}}, "MemorySize": 128, "Timeout": 3}
        configuration = {**defaults, **given(**{key: new.get(key) for key in _CONFIGURATION})}
        context.call("lambda", "update_function_configuration", {**configuration, "FunctionName": name})
    functions, arn = context.client("lambda"), made.attributes["Arn"]
    change_tags(
        old,
        new,
        remove=lambda keys: functions.untag_resource(Resource=arn, TagKeys=keys),
        add=lambda tags: functions.tag_resource(Resource=arn, Tags={tag["Key"]: tag["Value"] for tag in tags}),
    )
    return made


def _delete_function(context: Context, made: Made, _properties: Values) -> None:
    context.client("lambda").delete_function(FunctionName=made.physical_id)


def _create_permission(context: Context, properties: Values) -> Made:
    statement = context.name(100)
    context.call("lambda", "add_permission", {**properties, "StatementId": statement})
    return Made(physical_id=statement, attributes={"Id": statement})


def _delete_permission(context: Context, made: Made, properties: Values) -> None:
    context.client("lambda").remove_permission(FunctionName=properties["FunctionName"], StatementId=made.physical_id)


LAMBDA_TYPES: tuple[ResourceType, ...] = (
    ResourceType(
        name="AWS::Lambda::Function",
        known=frozenset({*_CONFIGURATION, *_FIXED, "Code", "FunctionName", "PackageType", "Tags"}),
        fixed=frozenset(_FIXED),
        create=_create_function,
        update=_update_function,
        delete=_delete_function,
        replaced_by=frozenset({"FunctionName", "PackageType"}),
        name_property="FunctionName",
    ),
    ResourceType(name="AWS::Lambda::Permission", create=_create_permission, delete=_delete_permission),
)
