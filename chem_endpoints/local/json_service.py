"""A service of ours that speaks AWS's JSON protocol: operations by name, checked against botocore's description.

Source: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from botocore.validate import ParamValidator

from chem_endpoints.local.control_parameters import JSON, MalformedError, parse_parameters
from chem_endpoints.local.service_models import service_model
from chem_endpoints.local.wsgi import Reply, Request, json_reply

Handler = Callable[[dict[str, Any], str], Mapping[str, Any]]
"""Parameters and region to the answer, both keyed as boto3 shows them."""


class ServiceError(Exception):
    """The service refuses a request; ``code`` is what its clients see."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class JsonService:
    """One service."""

    def __init__(self, name: str, operations: Mapping[str, Handler]) -> None:
        """
        Args:
            name: botocore's name of the service.
            operations: those that the local AWS has.
        """
        self._model, self._operations = service_model(name), operations
        self._prefix = f"{self._model.metadata['targetPrefix']}."

    def answers(self, request: Request) -> bool:
        """Whether a request is for this service."""
        return request.target.startswith(self._prefix)

    def answer(self, request: Request) -> Reply:
        """Answers one request."""
        operation = request.target.removeprefix(self._prefix)
        handler = self._operations.get(operation)
        if handler is None:
            return _error("NotImplemented", f"The local AWS has no operation {operation} of this service", status=501)
        try:
            parameters = parse_parameters(request.read_body())
            self._check(operation, parameters)
            content = handler(parameters, request.region)
        except MalformedError:
            return _error("SerializationException", "The request is no JSON object")
        except ServiceError as error:
            return _error(error.code, str(error))
        return json_reply(200, _without_times(content), content_type=JSON)

    def _check(self, operation: str, parameters: dict[str, Any]) -> None:
        shape = self._model.operation_model(operation).input_shape
        report = ParamValidator().validate(parameters, shape) if shape is not None else None
        if report is not None and report.has_errors():
            raise ServiceError("InvalidInputException", report.generate_report())


def _without_times(value: Any) -> Any:
    """Times as seconds since 1970, as the protocol writes them."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, Mapping):
        return {key: _without_times(inner) for key, inner in value.items()}
    return [_without_times(item) for item in value] if isinstance(value, list) else value


def _error(code: str, message: str, *, status: int = 400) -> Reply:
    return json_reply(status, {"__type": code, "message": message}, content_type=JSON)
