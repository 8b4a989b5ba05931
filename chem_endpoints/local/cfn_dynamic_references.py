"""Dynamic references in a template: ``{{resolve:ssm:NAME}}`` and ``{{resolve:ssm:NAME:VERSION}}``.

Source: "Get a plaintext value from Systems Manager Parameter Store", CloudFormation user guide.
"""

import re
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.local.cfn_template import Template, TemplateError
from chem_endpoints.local.own_clients import OwnClients

_REFERENCE = re.compile(r"\{\{resolve:([^:}]+):([^}]*)\}\}")


def with_resolved_references(template: Template, region: str, clients: OwnClients) -> Template:
    """The template with the values of its parameters in Parameter Store.

    Raises:
        TemplateError: there is no such parameter, or the reference is to another service.
    """
    if "{{resolve:" not in str(template):
        return template
    resolved: Template = _resolved(template, region, clients)
    return resolved


def _resolved(value: Any, region: str, clients: OwnClients) -> Any:
    if isinstance(value, dict):
        return {key: _resolved(inner, region, clients) for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(item, region, clients) for item in value]
    if isinstance(value, str):
        return _REFERENCE.sub(lambda found: _read(found, region, clients), value)
    return value


def _read(found: re.Match[str], region: str, clients: OwnClients) -> str:
    service, name = found.groups()
    if service != "ssm" or "${" in name:
        raise TemplateError(f"The local AWS does not resolve the dynamic reference {found.group()}")
    try:
        return str(clients("ssm", region).get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError as error:
        message = f"Parameters: [{found.group(2)}] cannot be found."
        raise TemplateError(message) from error
