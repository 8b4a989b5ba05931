"""SageMaker's operations on inference components; moto 5.2.5 has none of them."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.local.components import Component, ComponentChange
from chem_endpoints.local.control_parameters import RefusedError, answer, component_arn, endpoint_arn, member
from chem_endpoints.local.deployment_plan import AT_ONCE, Plan, PlanError, read_plan
from chem_endpoints.local.hosting import Hosting
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.rollback_alarms import refuse_unknown_alarms
from chem_endpoints.local.wsgi import Reply, Request

_ARN_PART = ":inference-component/"
Handler = Callable[[Request, bytes, dict[str, Any]], Reply]


class ComponentControl:
    """Answers the operations on inference components and on their tags."""

    def __init__(self, hosting: Hosting, clients: OwnClients) -> None:
        self._hosting, self._clients = hosting, clients
        self.operations: dict[str, Handler] = {
            "CreateInferenceComponent": self._create,
            "DescribeInferenceComponent": self._describe,
            "UpdateInferenceComponent": self._update,
            "UpdateInferenceComponentRuntimeConfig": self._set_copies,
            "DeleteInferenceComponent": self._delete,
            "ListInferenceComponents": self._list,
        }
        self._tag_operations: dict[str, Handler] = {
            "AddTags": self._add_tags,
            "DeleteTags": self._delete_tags,
            "ListTags": self._list_tags,
        }

    def tag_operation(self, operation: str, parameters: dict[str, Any]) -> Handler | None:
        """The handler of an operation on tags, when they are a component's."""
        if _ARN_PART not in str(parameters.get("ResourceArn", "")):
            return None
        return self._tag_operations.get(operation)

    def _component(self, request: Request, name: str) -> Component:
        component = self._hosting.components.find(name, request.region)
        if component is None:
            raise RefusedError(f'Could not find inference component "{component_arn(name, request.region)}".')
        return component

    def _named(self, request: Request, parameters: dict[str, Any]) -> Component:
        return self._component(request, member(parameters, "InferenceComponentName"))

    def _create(self, request: Request, _body: bytes, parameters: dict[str, Any]) -> Reply:
        name, endpoint_name = member(parameters, "InferenceComponentName"), member(parameters, "EndpointName")
        endpoint = self._hosting.find(endpoint_name, request.region)
        if endpoint is None:
            raise RefusedError(f'Could not find endpoint "{endpoint_arn(endpoint_name, request.region)}".')
        if endpoint.fleet is None or endpoint.status != "InService":
            raise RefusedError(f"Endpoint {endpoint.name} is {endpoint.status}, not InService.")
        if not endpoint.fleet.takes_components:
            raise RefusedError(f"Endpoint {endpoint.name} serves models, not inference components.")
        variant_name = parameters.get("VariantName") or endpoint.fleet.variants[0].name
        if variant_name not in [variant.name for variant in endpoint.fleet.variants]:
            raise RefusedError(f"Endpoint {endpoint.name} has no variant {variant_name}.")
        component = Component(
            name=name,
            endpoint=endpoint,
            variant_name=variant_name,
            specification=self._specification(request, parameters),
            desired=self._copies(parameters.get("RuntimeConfig")),
            tags={tag["Key"]: tag["Value"] for tag in parameters.get("Tags") or ()},
        )
        arn = component_arn(name, request.region)
        if not self._hosting.components.create(component):
            raise RefusedError(f'Cannot create already existing inference component "{arn}".')
        return answer({"InferenceComponentArn": arn})

    def _copies(self, runtime: dict[str, Any] | None) -> int:
        copies = int((runtime or {}).get("CopyCount", 0))
        if copies < 1:
            raise RefusedError("Inference components copy count an integer larger than 0")  # AWS's words
        return copies

    def _specification(self, request: Request, parameters: dict[str, Any]) -> dict[str, Any]:
        if "Specifications" in parameters:
            raise RefusedError("The local AWS takes one Specification, no Specifications")
        specification: dict[str, Any] = parameters.get("Specification") or {}
        if "ModelName" not in specification:
            raise RefusedError("The local AWS runs inference components with a ModelName only")
        if "ComputeResourceRequirements" not in specification:
            raise RefusedError("ComputeResourceRequirements is required for an inference component with a model.")
        try:
            self._clients("sagemaker", request.region).describe_model(ModelName=specification["ModelName"])
        except ClientError as error:
            raise RefusedError(f"Could not find model {specification['ModelName']}.") from error
        return specification

    def _describe(self, request: Request, _body: bytes, parameters: dict[str, Any]) -> Reply:
        return answer(_details(self._named(request, parameters)))

    def _update(self, request: Request, _body: bytes, parameters: dict[str, Any]) -> Reply:
        component = self._named(request, parameters)
        runtime, deployment = parameters.get("RuntimeConfig"), parameters.get("DeploymentConfig")
        plan = _plan(deployment)
        refuse_unknown_alarms(plan.alarms, request.region, self._clients)
        changed = "Specification" in parameters or "Specifications" in parameters
        change = ComponentChange(
            specification=self._specification(request, parameters) if changed else None,
            copies=int(runtime["CopyCount"]) if runtime else None,
            plan=plan,
            deployment=deployment,
        )
        return self._change(request, component, change)

    def _set_copies(self, request: Request, _body: bytes, parameters: dict[str, Any]) -> Reply:
        component = self._named(request, parameters)
        copies = int((parameters.get("DesiredRuntimeConfig") or {}).get("CopyCount", -1))
        if copies < 0:
            raise RefusedError("CopyCount must not be negative.")
        return self._change(request, component, ComponentChange(copies=copies))

    def _change(self, request: Request, component: Component, change: ComponentChange) -> Reply:
        arn = component_arn(component.name, request.region)
        if not self._hosting.components.update(component, change):
            raise RefusedError(f'Cannot update inference component "{arn}" while it is {component.status}.')
        return answer({"InferenceComponentArn": arn})

    def _delete(self, request: Request, _body: bytes, parameters: dict[str, Any]) -> Reply:
        component = self._named(request, parameters)
        if not self._hosting.components.delete(component):
            arn = component_arn(component.name, request.region)
            raise RefusedError(f'Cannot delete inference component "{arn}" while it is {component.status}.')
        return answer({})

    def _list(self, request: Request, _body: bytes, parameters: dict[str, Any]) -> Reply:
        wanted = {
            "EndpointName": parameters.get("EndpointNameEquals"),
            "VariantName": parameters.get("VariantNameEquals"),
            "InferenceComponentStatus": parameters.get("StatusEquals"),
        }
        part = str(parameters.get("NameContains", "")).lower()
        found = [
            _summary(component)
            for component in self._hosting.components.listing(request.region)
            if part in component.name.lower()
        ]
        return answer(
            {
                "InferenceComponents": [
                    summary
                    for summary in found
                    if all(value is None or summary[key] == value for key, value in wanted.items())
                ]
            }
        )

    def _tagged(self, request: Request, parameters: dict[str, Any]) -> Component:
        return self._component(request, member(parameters, "ResourceArn").rpartition("/")[2])

    def _add_tags(self, request: Request, _body: bytes, parameters: dict[str, Any]) -> Reply:
        component = self._tagged(request, parameters)
        component.tags |= {tag["Key"]: tag["Value"] for tag in parameters.get("Tags") or ()}
        return answer({"Tags": _tags(component)})

    def _delete_tags(self, request: Request, _body: bytes, parameters: dict[str, Any]) -> Reply:
        component = self._tagged(request, parameters)
        component.tags = {key: value for key, value in component.tags.items() if key not in parameters["TagKeys"]}
        return answer({})

    def _list_tags(self, request: Request, _body: bytes, parameters: dict[str, Any]) -> Reply:
        return answer({"Tags": _tags(self._tagged(request, parameters))})


def _plan(deployment: dict[str, Any] | None) -> Plan:
    """A component's DeploymentConfig; its copies are replaced in one batch, whatever the batch size."""
    if not deployment:
        return AT_ONCE
    rolling = deployment.get("RollingUpdatePolicy") or {}
    try:
        alarms = read_plan({"AutoRollbackConfiguration": deployment.get("AutoRollbackConfiguration")}, 1).alarms
    except PlanError as error:
        raise RefusedError(str(error)) from error
    return Plan(alarms=alarms, bake_seconds=float(rolling.get("WaitIntervalInSeconds", 0)), guarded=True)


def _tags(component: Component) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in component.tags.items()]


def _summary(component: Component) -> dict[str, Any]:
    region = component.endpoint.region
    return {
        "InferenceComponentName": component.name,
        "InferenceComponentArn": component_arn(component.name, region),
        "EndpointName": component.endpoint.name,
        "EndpointArn": endpoint_arn(component.endpoint.name, region),
        "VariantName": component.variant_name,
        "InferenceComponentStatus": component.status,
        "CreationTime": component.created.timestamp(),
        "LastModifiedTime": component.modified.timestamp(),
    }


def _details(component: Component) -> dict[str, Any]:
    details = _summary(component)
    details["Specification"] = component.specification
    details["RuntimeConfig"] = {"DesiredCopyCount": component.desired, "CurrentCopyCount": component.copies}
    if component.failure_reason is not None:
        details["FailureReason"] = component.failure_reason
    if component.deployment is not None:
        details["LastDeploymentConfig"] = component.deployment
    return details
