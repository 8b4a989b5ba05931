"""Parameters of a stack: given, kept, defaulted, or read from SSM."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.cfn_parameter_check import check_parameter
from chem_endpoints.local.cfn_stack import CloudFormationError, Stack
from chem_endpoints.local.cfn_template import Template, as_text
from chem_endpoints.local.own_clients import OwnClients

_SSM_PREFIX = "AWS::SSM::Parameter::Value<"


def given_parameters(template: Template, request: list[dict[str, Any]], previous: Mapping[str, str]) -> dict[str, str]:
    """The parameters as the caller means them: new, kept from before, or the template's default.

    Raises:
        CloudFormationError: one has no value, or one that its declaration forbids, or the template does not declare it.
    """
    declared = template.get("Parameters") or {}
    unknown = [item["ParameterKey"] for item in request if item["ParameterKey"] not in declared]
    if unknown:
        raise CloudFormationError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values = {name: as_text(item["Default"]) for name, item in declared.items() if "Default" in item}
    for item in request:
        name = item["ParameterKey"]
        if not item.get("UsePreviousValue"):
            values[name] = str(item.get("ParameterValue", ""))
        elif name in previous:
            values[name] = previous[name]
    missing = [name for name in declared if name not in values]
    if missing:
        raise CloudFormationError(f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in values.items():
        check_parameter(name, declared[name], value)
    return values


def resolved_parameters(
    template: Template, given: Mapping[str, str], region: str, clients: OwnClients
) -> dict[str, Any]:
    """The values that ``Ref`` gives: lists split, SSM parameters read."""
    declared = template.get("Parameters") or {}
    return {name: _resolve(declared[name]["Type"], value, region, clients) for name, value in given.items()}


def _resolve(type_name: str, value: str, region: str, clients: OwnClients) -> Any:
    if type_name.startswith(_SSM_PREFIX):
        value = _read_ssm(value, region, clients)
        type_name = type_name.removeprefix(_SSM_PREFIX).removesuffix(">")
    if type_name == "CommaDelimitedList" or type_name.startswith("List<"):
        return [item.strip() for item in value.split(",")]
    return value


def _read_ssm(name: str, region: str, clients: OwnClients) -> str:
    try:
        return str(clients("ssm", region).get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError as error:
        raise CloudFormationError(f"Unable to fetch parameters [{name}] from parameter store") from error


def pseudo_parameters(stack: Stack) -> dict[str, Any]:
    """``AWS::Region`` and its kin."""
    return {
        "AWS::AccountId": ACCOUNT,
        "AWS::Region": stack.region,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": stack.name,
        "AWS::StackId": stack.stack_id,
        "AWS::NotificationARNs": [],
    }
