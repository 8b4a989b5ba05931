"""SageMaker's endpoint operations: moto keeps the records and tags, hosting tells what really runs."""

import json
import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.hosting import HostedEndpoint, Hosting, variant_summaries
from chem_endpoints.local.moto_fixes import summarise_data_capture
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.wsgi import App, Reply, Request, call_app, json_reply

TARGET_PREFIX = "SageMaker."
_JSON = "application/x-amz-json-1.1"


class _RefusedError(Exception):
    """SageMaker would answer with a ValidationException."""


class _MalformedError(Exception):
    """The body is not a JSON object."""


class SageMakerControl:
    """Answers the operations on endpoints; all others go to moto."""

    def __init__(self, hosting: Hosting, clients: OwnClients, moto: App) -> None:
        self._hosting, self._clients, self._moto = hosting, clients, moto
        self._records = threading.Lock()
        """Held while moto's record of an endpoint and ours begin or end: of two creations at once one is refused."""
        self._operations: dict[str, Callable[[Request, bytes, dict[str, Any]], Reply]] = {
            "CreateEndpoint": self._create,
            "UpdateEndpoint": self._update,
            "DeleteEndpoint": self._delete,
            "DescribeEndpoint": self._describe,
            "ListEndpoints": self._list,
            "UpdateEndpointWeightsAndCapacities": self._scale,
        }

    def answer(self, request: Request) -> Reply:
        """Answers one request of SageMaker's control plane."""
        handler = self._operations.get(request.target.removeprefix(TARGET_PREFIX))
        if handler is None:
            return call_app(self._moto, request.environ)
        body = request.read_body()
        try:
            return handler(request, body, _parameters(body))
        except _MalformedError:
            return json_reply(400, {"__type": "SerializationException"}, content_type=_JSON)
        except _RefusedError as error:
            return json_reply(400, {"__type": "ValidationException", "message": str(error)}, content_type=_JSON)

    def _pass_on(self, request: Request, body: bytes) -> Reply:
        return call_app(self._moto, request.environ, body)

    def _endpoint(self, request: Request, parameters: dict[str, Any]) -> HostedEndpoint:
        name = _member(parameters, "EndpointName")
        endpoint = self._hosting.find(name, request.region)
        if endpoint is None:
            raise _RefusedError(f'Could not find endpoint "{_arn(name, request.region)}".')
        return endpoint

    def _create(self, request: Request, body: bytes, parameters: dict[str, Any]) -> Reply:
        name, config_name = _member(parameters, "EndpointName"), _member(parameters, "EndpointConfigName")
        with self._records:
            if self._hosting.find(name, request.region) is not None:
                raise _RefusedError(f'Cannot create already existing endpoint "{_arn(name, request.region)}".')
            reply = self._pass_on(request, body)
            if reply.status == 200:
                self._hosting.create(name, request.region, config_name)
        return reply

    def _update(self, request: Request, _body: bytes, parameters: dict[str, Any]) -> Reply:
        endpoint, arn = self._endpoint(request, parameters), _arn(parameters["EndpointName"], request.region)
        config_name = _member(parameters, "EndpointConfigName")
        try:
            self._clients("sagemaker", request.region).describe_endpoint_config(EndpointConfigName=config_name)
        except ClientError as error:
            raise _RefusedError(f"Could not find endpoint configuration {config_name}.") from error
        if not self._hosting.update(endpoint, config_name):
            raise _RefusedError(f'Cannot update in-progress endpoint "{arn}".')
        return json_reply(200, {"EndpointArn": arn}, content_type=_JSON)

    def _delete(self, request: Request, body: bytes, parameters: dict[str, Any]) -> Reply:
        endpoint = self._endpoint(request, parameters)
        self._hosting.delete(endpoint)
        with self._records:
            return self._pass_on(request, body)

    def _describe(self, request: Request, body: bytes, parameters: dict[str, Any]) -> Reply:
        endpoint = self._endpoint(request, parameters)
        reply = self._pass_on(request, body)
        if reply.status != 200:
            return reply
        return json_reply(200, {**json.loads(reply.body), **_truth(endpoint)}, content_type=_JSON)

    def _list(self, request: Request, body: bytes, _parameters: dict[str, Any]) -> Reply:
        reply = self._pass_on(request, body)
        if reply.status != 200:
            return reply
        listing = json.loads(reply.body)
        for summary in listing["Endpoints"]:
            endpoint = self._hosting.find(summary["EndpointName"], request.region)
            if endpoint is not None:
                summary["EndpointStatus"] = endpoint.status
        return json_reply(200, listing, content_type=_JSON)

    def _scale(self, _request: Request, _body: bytes, _parameters: dict[str, Any]) -> Reply:
        raise _RefusedError("The local AWS does not scale endpoints yet")


def _parameters(body: bytes) -> dict[str, Any]:
    try:
        parameters = json.loads(body or b"{}")
    except ValueError as error:
        raise _MalformedError from error
    if not isinstance(parameters, dict):
        raise _MalformedError
    return parameters


def _member(parameters: dict[str, Any], name: str) -> str:
    value = parameters.get(name)
    if not isinstance(value, str):
        raise _RefusedError(f"1 validation error detected: Value at '{name}' failed to satisfy constraint: a text")
    return value


def _arn(name: str, region: str) -> str:
    return f"arn:aws:sagemaker:{region}:{ACCOUNT}:endpoint/{name.lower()}"


def _truth(endpoint: HostedEndpoint) -> dict[str, Any]:
    """The members of DescribeEndpoint that depend on what runs."""
    truth: dict[str, Any] = {
        "EndpointStatus": endpoint.status,
        "EndpointConfigName": endpoint.config_name,
        "LastModifiedTime": endpoint.modified.timestamp(),
        "ProductionVariants": variant_summaries(endpoint),
    }
    if endpoint.failure_reason is not None:
        truth["FailureReason"] = endpoint.failure_reason
    if endpoint.fleet is not None:
        if endpoint.fleet.async_config is not None:
            truth["AsyncInferenceConfig"] = endpoint.fleet.async_config
        if capture := endpoint.fleet.config.get("DataCaptureConfig"):
            truth["DataCaptureConfig"] = summarise_data_capture(capture)
    return truth
