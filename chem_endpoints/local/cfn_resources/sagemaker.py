"""CloudFormation types of SageMaker hosting."""

from collections.abc import Callable

from botocore.exceptions import ClientError

from chem_endpoints.local.cfn_resource_type import (
    ApiCalls,
    Context,
    ResourceType,
    Values,
    api_type,
    change_tags,
    is_gone,
    undone_on_failure,
)
from chem_endpoints.local.cfn_schema import schema_of
from chem_endpoints.local.cfn_stack import Made

_POLL_SECONDS = 0.1
_CREATE_ONLY_FOR_UPDATE = (
    "RetainAllVariantProperties",
    "ExcludeRetainedVariantProperties",
    "RetainDeploymentConfig",
)


class EndpointFailedError(Exception):
    """The endpoint did not reach the configuration that was asked for; the message is SageMaker's reason."""


def _model_made(_context: Context, parameters: Values, answer: Values) -> Made:
    name = parameters["ModelName"]
    return Made(physical_id=answer["ModelArn"], attributes={"ModelName": name, "ModelArn": answer["ModelArn"]})


def _config_made(_context: Context, parameters: Values, answer: Values) -> Made:
    name = parameters["EndpointConfigName"]
    return Made(physical_id=answer["EndpointConfigArn"], attributes={"EndpointConfigName": name})


def _change_tags_only(context: Context, made: Made, old: Values, new: Values) -> Made:
    sagemaker = context.client("sagemaker")
    change_tags(
        old,
        new,
        remove=lambda keys: sagemaker.delete_tags(ResourceArn=made.physical_id, TagKeys=keys),
        add=lambda tags: sagemaker.add_tags(ResourceArn=made.physical_id, Tags=tags),
    )
    return made


def _all_but_tags(type_name: str) -> frozenset[str]:
    """Of records that nothing changes but their tags."""
    schema = schema_of(type_name)
    return frozenset(path[0] for path in schema.create_only) if schema else frozenset()


def _create_endpoint(context: Context, properties: Values) -> Made:
    parameters = {key: value for key, value in properties.items() if key not in _CREATE_ONLY_FOR_UPDATE}
    parameters.setdefault("EndpointName", context.name())
    answer = context.call("sagemaker", "create_endpoint", parameters)
    name = str(parameters["EndpointName"])
    made = Made(physical_id=answer["EndpointArn"], attributes={"EndpointName": name})
    with undone_on_failure(lambda: _delete_endpoint(context, made, properties)):
        _wait_for(context, name, parameters["EndpointConfigName"])
    return made


def _update_endpoint(context: Context, made: Made, old: Values, new: Values) -> Made:
    name = made.attributes["EndpointName"]
    parameters = {key: value for key, value in new.items() if key != "Tags"}
    parameters["EndpointName"] = name
    current = context.client("sagemaker").describe_endpoint(EndpointName=name)["EndpointConfigName"]
    if current != new["EndpointConfigName"]:
        context.call("sagemaker", "update_endpoint", parameters)
        _wait_for(context, name, new["EndpointConfigName"])
    return _change_tags_only(context, made, old, new)


def _wait_for(context: Context, name: str, config_name: str) -> None:
    """Waits until the endpoint is in service.

    A rollback without a FailureReason passes for a success: the local AWS's own setting ``silent_rollbacks`` decides
    whether there is one, as nobody has verified what CloudFormation does on AWS.
    """
    while True:
        found = context.client("sagemaker").describe_endpoint(EndpointName=name)
        if found["EndpointStatus"] not in ("Creating", "Updating", "RollingBack", "SystemUpdating"):
            break
        context.pause(_POLL_SECONDS)
    failed = found["EndpointConfigName"] != config_name and "FailureReason" in found
    if found["EndpointStatus"] != "InService" or failed:
        raise EndpointFailedError(found.get("FailureReason", f"Endpoint {name} is {found['EndpointStatus']}"))


def _delete_endpoint(context: Context, made: Made, _properties: Values) -> None:
    name, sagemaker = made.attributes["EndpointName"], context.client("sagemaker")
    sagemaker.delete_endpoint(EndpointName=name)
    _wait_until_gone(context, lambda: sagemaker.describe_endpoint(EndpointName=name))


def _create_component(context: Context, properties: Values) -> Made:
    parameters = {key: value for key, value in properties.items() if key != "DeploymentConfig"}
    parameters.setdefault("InferenceComponentName", context.name())
    answer = context.call("sagemaker", "create_inference_component", parameters)
    attributes = {
        "InferenceComponentName": str(parameters["InferenceComponentName"]),
        "InferenceComponentArn": answer["InferenceComponentArn"],
    }
    made = Made(physical_id=answer["InferenceComponentArn"], attributes=attributes)
    with undone_on_failure(lambda: _delete_component(context, made, properties)):
        _wait_for_component(context, attributes["InferenceComponentName"])
    return made


def _update_component(context: Context, made: Made, old: Values, new: Values) -> Made:
    """Any change sends the template's CopyCount too, and so takes back what auto scaling has made of it."""
    name = made.attributes["InferenceComponentName"]
    changed = {key for key in ("Specification", "RuntimeConfig") if old.get(key) != new.get(key)}
    if changed:
        sent = ("Specification", "RuntimeConfig", "DeploymentConfig")
        parameters = {key: new[key] for key in sent if key in new and (key != "Specification" or key in changed)}
        context.call("sagemaker", "update_inference_component", {"InferenceComponentName": name, **parameters})
        _wait_for_component(context, name)
    return _change_tags_only(context, made, old, new)


def _wait_for_component(context: Context, name: str) -> None:
    """Waits until the component is in service as it was asked for; a reason to fail fails."""
    while True:
        found = context.client("sagemaker").describe_inference_component(InferenceComponentName=name)
        if found["InferenceComponentStatus"] not in ("Creating", "Updating"):
            break
        context.pause(_POLL_SECONDS)
    if found["InferenceComponentStatus"] != "InService" or "FailureReason" in found:
        reason = f"Inference component {name} is {found['InferenceComponentStatus']}"
        raise EndpointFailedError(found.get("FailureReason", reason))


def _delete_component(context: Context, made: Made, _properties: Values) -> None:
    name, sagemaker = made.attributes["InferenceComponentName"], context.client("sagemaker")
    sagemaker.delete_inference_component(InferenceComponentName=name)
    _wait_until_gone(context, lambda: sagemaker.describe_inference_component(InferenceComponentName=name))


def _wait_until_gone(context: Context, describe: Callable[[], object]) -> None:
    while True:
        try:
            describe()
        except ClientError as error:
            if is_gone(error):
                return
            raise
        context.pause(_POLL_SECONDS)


SAGEMAKER_TYPES: tuple[ResourceType, ...] = (
    api_type(
        "AWS::SageMaker::Model",
        ApiCalls(
            service="sagemaker",
            create="create_model",
            delete="delete_model",
            delete_with=("ModelName",),
            name_property="ModelName",
            made=_model_made,
        ),
        update=_change_tags_only,
        replaced_by=_all_but_tags("AWS::SageMaker::Model"),
    ),
    api_type(
        "AWS::SageMaker::EndpointConfig",
        ApiCalls(
            service="sagemaker",
            create="create_endpoint_config",
            delete="delete_endpoint_config",
            delete_with=("EndpointConfigName",),
            name_property="EndpointConfigName",
            made=_config_made,
        ),
        update=_change_tags_only,
        replaced_by=_all_but_tags("AWS::SageMaker::EndpointConfig"),
    ),
    ResourceType(
        name="AWS::SageMaker::Endpoint",
        known=frozenset({"EndpointName", "EndpointConfigName", "DeploymentConfig", "Tags", *_CREATE_ONLY_FOR_UPDATE}),
        create=_create_endpoint,
        update=_update_endpoint,
        delete=_delete_endpoint,
        replaced_by=frozenset({"EndpointName"}),
        name_property="EndpointName",
    ),
    ResourceType(
        name="AWS::SageMaker::InferenceComponent",
        known=frozenset(
            {
                "InferenceComponentName",
                "EndpointName",
                "VariantName",
                "Specification",
                "RuntimeConfig",
                "DeploymentConfig",
                "Tags",
            }
        ),
        create=_create_component,
        update=_update_component,
        delete=_delete_component,
        replaced_by=frozenset({"InferenceComponentName"}),
        name_property="InferenceComponentName",
        fixed=frozenset({"EndpointName", "VariantName"}),
    ),
)
