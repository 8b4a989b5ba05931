"""CloudFormation types whose resources a function of the template makes: ``Custom::…``."""

from functools import cache, partial

from chem_endpoints.local.cfn_properties import PropertyError
from chem_endpoints.local.cfn_resource_type import Context, HalfMadeError, ResourceType, Values
from chem_endpoints.local.cfn_stack import Made
from chem_endpoints.local.custom_resources import DEFAULT_SECONDS, CustomAnswer, CustomResourceError, as_texts, ask
from chem_endpoints.local.provider_framework import WAITERS

_GENERIC = "AWS::CloudFormation::CustomResource"


def is_custom(type_name: str) -> bool:
    """Whether a type's resources are made by a function of the template."""
    return type_name == _GENERIC or type_name.startswith("Custom::")


@cache
def custom_resource_type(type_name: str) -> ResourceType:
    """The type with this name."""
    return ResourceType(
        name=type_name,
        create=partial(_create, type_name),
        update=partial(_update, type_name),
        delete=partial(_delete, type_name),
        moves=True,
    )


def _refuse_wrong_timeout(properties: Values) -> None:
    seconds = str(properties.get("ServiceTimeout", "1"))
    if not (seconds.isdecimal() and 1 <= int(seconds) <= DEFAULT_SECONDS):
        raise PropertyError(f"#/ServiceTimeout: {seconds} is not a number of seconds from 1 to {DEFAULT_SECONDS:g}")


def _create(type_name: str, context: Context, properties: Values) -> Made:
    _refuse_wrong_timeout(properties)
    token = properties.get("ServiceToken", "")
    if not isinstance(token, str) or token.split(":")[2:3] != ["lambda"]:
        raise PropertyError("#/ServiceToken: the local AWS takes the ARN of a Lambda function")
    try:
        return _made(ask(context, "Create", type_name, properties))
    except CustomResourceError as error:
        # CloudFormation has it deleted: it may have made something before it failed.
        raise HalfMadeError(str(error), Made(physical_id=error.physical_id or context.name())) from error


def _update(type_name: str, context: Context, made: Made, old: Values, new: Values) -> Made:
    if old.get("ServiceToken") != new.get("ServiceToken"):
        raise PropertyError("Modifying service token is not allowed.")
    _refuse_wrong_timeout(new)
    identity = {"PhysicalResourceId": made.physical_id, "OldResourceProperties": as_texts(old)}
    return _made(ask(context, "Update", type_name, new, **identity))


def _delete(type_name: str, context: Context, made: Made, properties: Values) -> None:
    ask(context, "Delete", type_name, properties, PhysicalResourceId=made.physical_id)


def _made(answer: CustomAnswer) -> Made:
    return Made(physical_id=answer.physical_id, attributes=answer.data, no_echo=answer.no_echo)


def _create_waiter(context: Context, properties: Values) -> Made:
    arn = context.arn("states", f"stateMachine:{properties.get('StateMachineName') or context.name(80)}")
    _keep_waiter(arn, properties)
    return Made(physical_id=arn, attributes={"Arn": arn, "Name": arn.rpartition(":")[2]})


def _update_waiter(_context: Context, made: Made, _old: Values, new: Values) -> Made:
    _keep_waiter(made.physical_id, new)
    return made


def _keep_waiter(arn: str, properties: Values) -> None:
    try:
        WAITERS.keep(arn, properties.get("DefinitionString", ""))
    except ValueError as error:
        raise PropertyError(f"#/DefinitionString: {error}") from error


def _delete_waiter(_context: Context, made: Made, _properties: Values) -> None:
    WAITERS.forget(made.physical_id)


PROVIDER_TYPES: tuple[ResourceType, ...] = (
    ResourceType(
        name="AWS::StepFunctions::StateMachine",
        known=frozenset(
            {
                "DefinitionString",
                "LoggingConfiguration",
                "RoleArn",
                "StateMachineName",
                "StateMachineType",
                "Tags",
                "TracingConfiguration",
            }
        ),
        create=_create_waiter,
        update=_update_waiter,
        delete=_delete_waiter,
        replaced_by=frozenset({"StateMachineName", "StateMachineType"}),
        name_property="StateMachineName",
    ),
)
