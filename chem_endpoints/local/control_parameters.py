"""What the answers of SageMaker's control plane have in common: parameters, ARNs, refusals."""

import json
from typing import Any

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.wsgi import Reply, json_reply

JSON = "application/x-amz-json-1.1"


class RefusedError(Exception):
    """SageMaker would answer with a ValidationException."""


class MalformedError(Exception):
    """The body is not a JSON object."""


def parse_parameters(body: bytes) -> dict[str, Any]:
    """The parameters of an operation.

    Raises:
        MalformedError: the body is not a JSON object.
    """
    try:
        parameters = json.loads(body or b"{}")
    except ValueError as error:
        raise MalformedError from error
    if not isinstance(parameters, dict):
        raise MalformedError
    return parameters


def member(parameters: dict[str, Any], name: str) -> str:
    """A text among the parameters.

    Raises:
        RefusedError: it is missing, or no text.
    """
    value = parameters.get(name)
    if not isinstance(value, str):
        raise RefusedError(f"1 validation error detected: Value at '{name}' failed to satisfy constraint: a text")
    return value


def answer(content: object) -> Reply:
    """A successful answer."""
    return json_reply(200, content, content_type=JSON)


def endpoint_arn(name: str, region: str) -> str:
    """An endpoint's ARN; SageMaker writes it in lower case."""
    return f"arn:aws:sagemaker:{region}:{ACCOUNT}:endpoint/{name.lower()}"


def component_arn(name: str, region: str) -> str:
    """An inference component's ARN."""
    return f"arn:aws:sagemaker:{region}:{ACCOUNT}:inference-component/{name.lower()}"
