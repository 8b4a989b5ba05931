"""SageMaker's endpoint operations: moto keeps the records and tags, hosting tells what really runs."""

import json
import threading
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.local.component_control import ComponentControl, Handler
from chem_endpoints.local.control_parameters import (
    JSON,
    MalformedError,
    RefusedError,
    answer,
    endpoint_arn,
    member,
    parse_parameters,
)
from chem_endpoints.local.deployment_plan import Plan, PlanError, read_plan
from chem_endpoints.local.endpoint_configs import EndpointConfigs
from chem_endpoints.local.endpoint_view import describe
from chem_endpoints.local.fleet import Fleet, UnknownVariantError
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.hosting import Change, Hosting
from chem_endpoints.local.kept_records import KeptRecords
from chem_endpoints.local.monitoring_schedules import MonitoringSchedules
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.parameter_check import check_parameters
from chem_endpoints.local.rollback_alarms import refuse_unknown_alarms
from chem_endpoints.local.scaling.autoscaled import autoscaled_variants
from chem_endpoints.local.update_rules import excluded_properties, refuse_update, retained
from chem_endpoints.local.variant import ServerlessVariant, Variant
from chem_endpoints.local.wsgi import App, Reply, Request, call_app, json_reply

TARGET_PREFIX = "SageMaker."


class SageMakerControl:
    """Answers the operations on endpoints, their configurations and components; all others go to moto."""

    def __init__(
        self, hosting: Hosting, clients: OwnClients, moto: App, more: Mapping[str, Handler] | None = None
    ) -> None:
        """``more`` are operations that others answer."""
        self._hosting, self._clients, self._moto = hosting, clients, moto
        self._records = threading.Lock()
        """Held while moto's record of an endpoint and ours begin or end: of two creations at once one is refused."""
        self._components = ComponentControl(hosting, clients)
        self._schedules = MonitoringSchedules(clients)
        configs = EndpointConfigs(clients, moto)
        # moto 5.2.5 forgets that a model is isolated from the network.
        models = KeptRecords(moto, name_member="ModelName", arn_kind="model", words="model")
        self.records: dict[str, KeptRecords | EndpointConfigs | MonitoringSchedules] = {
            "models": models,
            "endpoint configurations": configs,
            "monitoring schedules": self._schedules,
        }
        """What lies here and not in moto; a kept state has it, too."""
        self._operations: dict[str, Handler] = {
            "CreateModel": models.create,
            "DescribeModel": models.describe,
            "DeleteModel": models.delete,
            "CreateEndpointConfig": configs.create,
            "DescribeEndpointConfig": configs.describe,
            "DeleteEndpointConfig": configs.delete,
            "CreateEndpoint": self._create,
            "UpdateEndpoint": self._update,
            "DeleteEndpoint": self._delete,
            "DescribeEndpoint": self._describe,
            "ListEndpoints": self._list,
            "UpdateEndpointWeightsAndCapacities": self._scale,
            **self._components.operations,
            **self._schedules.operations,
            **(more or {}),
        }

    def answer(self, request: Request) -> Reply:
        """Answers one request of SageMaker's control plane."""
        operation = request.target.removeprefix(TARGET_PREFIX)
        handler = self._operations.get(operation)
        if handler is None and not operation.endswith("Tags") and not operation.startswith("Create"):
            return call_app(self._moto, request.environ)
        body = request.read_body()
        try:
            parameters = parse_parameters(body)
            check_parameters(operation, parameters)
            handler = handler or self._components.tag_operation(operation, parameters)
            handler = handler or self._schedules.tag_operation(operation, parameters)
            return handler(request, body, parameters) if handler else self._pass_on(request, body)
        except MalformedError:
            return json_reply(400, {"__type": "SerializationException"}, content_type=JSON)
        except RefusedError as error:
            return json_reply(400, {"__type": "ValidationException", "message": str(error)}, content_type=JSON)

    def _pass_on(self, request: Request, body: bytes) -> Reply:
        return call_app(self._moto, request.environ, body)

    def _endpoint(self, request: Request, parameters: dict[str, Any]) -> HostedEndpoint:
        name = member(parameters, "EndpointName")
        endpoint = self._hosting.find(name, request.region)
        if endpoint is None:
            raise RefusedError(f'Could not find endpoint "{endpoint_arn(name, request.region)}".')
        return endpoint

    def _config(self, request: Request, parameters: dict[str, Any]) -> dict[str, Any]:
        name = member(parameters, "EndpointConfigName")
        try:
            found: dict[str, Any] = self._clients("sagemaker", request.region).describe_endpoint_config(
                EndpointConfigName=name
            )
        except ClientError as error:
            raise RefusedError(f"Could not find endpoint configuration {name}.") from error
        return found

    def _plan(self, request: Request, deployment: dict[str, Any] | None, config: dict[str, Any]) -> Plan:
        """The plan of an update to this configuration.

        Raises:
            RefusedError: SageMaker would refuse it.
        """
        counts = [int(variant.get("InitialInstanceCount", 0)) for variant in config["ProductionVariants"]]
        try:
            plan = read_plan(deployment, min(counts))
        except PlanError as error:
            raise RefusedError(str(error)) from error
        refuse_unknown_alarms(plan.alarms, request.region, self._clients)
        return plan

    def _create(self, request: Request, body: bytes, parameters: dict[str, Any]) -> Reply:
        name = member(parameters, "EndpointName")
        config = self._config(request, parameters)
        deployment = parameters.get("DeploymentConfig")
        # An impossible one is refused now, although it is for the next update.
        self._plan(request, deployment, config)
        with self._records:
            if self._hosting.find(name, request.region) is not None:
                arn = endpoint_arn(name, request.region)
                raise RefusedError(f'Cannot create already existing endpoint "{arn}".')
            reply = self._pass_on(request, body)
            if reply.status == 200:
                self._hosting.create(name, request.region, Change(config=config, deployment=deployment))
        return reply

    def _update(self, request: Request, _body: bytes, parameters: dict[str, Any]) -> Reply:
        endpoint, config = self._endpoint(request, parameters), self._config(request, parameters)
        arn = endpoint_arn(endpoint.name, request.region)
        fleet = endpoint.fleet
        deployment = parameters.get("DeploymentConfig")
        if deployment is None and parameters.get("RetainDeploymentConfig"):
            deployment = endpoint.deployment
        excluded = excluded_properties(parameters.get("ExcludeRetainedVariantProperties") or ())
        if fleet is not None and parameters.get("RetainAllVariantProperties"):
            config = retained(config, fleet, excluded)
        plan = self._plan(request, deployment, config)
        if fleet is not None:
            refuse_update(
                fleet.config,
                config,
                plan=plan,
                autoscaled=autoscaled_variants(endpoint.name, request.region),
                components=len(self._hosting.components.on(endpoint)),
            )
        if not self._hosting.update(endpoint, Change(config=config, plan=plan, deployment=deployment)):
            raise RefusedError(f'Cannot update in-progress endpoint "{arn}".')
        return answer({"EndpointArn": arn})

    def _delete(self, request: Request, body: bytes, parameters: dict[str, Any]) -> Reply:
        endpoint = self._endpoint(request, parameters)
        if components := self._hosting.components.on(endpoint):
            names = ", ".join(component.name for component in components)
            raise RefusedError(f"Endpoint {endpoint.name} has inference components: delete {names} first.")
        self._hosting.delete(endpoint, lambda: self._pass_on(request, body))
        return answer({})

    def _describe(self, request: Request, body: bytes, parameters: dict[str, Any]) -> Reply:
        endpoint = self._endpoint(request, parameters)
        reply = self._pass_on(request, body)
        if reply.status != 200:
            return reply
        return answer({**json.loads(reply.body), **describe(endpoint, self._hosting.components.on(endpoint))})

    def _list(self, request: Request, body: bytes, _parameters: dict[str, Any]) -> Reply:
        reply = self._pass_on(request, body)
        if reply.status != 200:
            return reply
        listing = json.loads(reply.body)
        for summary in listing["Endpoints"]:
            endpoint = self._hosting.find(summary["EndpointName"], request.region)
            if endpoint is not None:
                summary["EndpointStatus"] = endpoint.status
        return answer(listing)

    def _scale(self, request: Request, _body: bytes, parameters: dict[str, Any]) -> Reply:
        endpoint = self._endpoint(request, parameters)
        arn, fleet = endpoint_arn(endpoint.name, request.region), endpoint.fleet
        if fleet is None:
            raise RefusedError(f"Endpoint {endpoint.name} is {endpoint.status}, not InService.")
        changes = [(_wanted(fleet, change), change) for change in parameters.get("DesiredWeightsAndCapacities") or ()]
        if not changes:
            raise RefusedError("DesiredWeightsAndCapacities must not be empty.")
        if not self._hosting.scale(endpoint, changes):
            raise RefusedError(f'Cannot update in-progress endpoint "{arn}".')
        return answer({"EndpointArn": arn})


def _wanted(fleet: Fleet, change: dict[str, Any]) -> Variant:
    """The variant that is to change, when it can take the change.

    Raises:
        RefusedError: it cannot.
    """
    try:
        variant = fleet.variant(member(change, "VariantName"))
    except UnknownVariantError as error:
        raise RefusedError(str(error)) from error
    count, serverless = change.get("DesiredInstanceCount"), change.get("ServerlessUpdateConfig")
    if float(change.get("DesiredWeight", 0)) < 0:
        raise RefusedError("DesiredWeight must not be negative.")
    if (count is not None or serverless is not None) and variant.pool is None:
        raise RefusedError("The instances of an endpoint with inference components follow from their copies.")
    if count is not None and isinstance(variant, ServerlessVariant):
        raise RefusedError(f"Variant {variant.name} is serverless: it has no instances.")
    if count is not None and int(count) < (0 if fleet.async_config is not None else 1):
        raise RefusedError("DesiredInstanceCount must be at least 1: only asynchronous endpoints can be scaled to 0.")
    if serverless is not None and not isinstance(variant, ServerlessVariant):
        raise RefusedError(f"Variant {variant.name} is not serverless.")
    if serverless is not None and isinstance(variant, ServerlessVariant):
        after = {**variant.serverless, **serverless}
        if int(after.get("ProvisionedConcurrency", 0)) > int(after["MaxConcurrency"]):
            raise RefusedError("ProvisionedConcurrency must not exceed MaxConcurrency.")
    return variant
