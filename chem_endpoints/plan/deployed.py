"""The templates that CloudFormation holds for a stage."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import yaml
from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.plan.assembly import AssemblyError
from chem_endpoints.plan.template import STACK_PREFIX, Template

_ABSENT_STATES = frozenset({"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"})


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """A stack as it is."""

    template: Template
    tags: Mapping[str, str]


def deployed_stacks(*, account: str, region: str) -> dict[str, DeployedStack]:
    """Every stack of ours in an account and region, by name.

    Raises:
        AssemblyError: AWS cannot be reached, refuses, or the credentials are for another account.
    """
    try:
        found = boto3.client("sts", region_name=region).get_caller_identity()["Account"]
        if found != account:
            raise AssemblyError(f"the stage's account is {account}, the credentials are for {found}")
        client = boto3.client("cloudformation", region_name=region)
        pages = client.get_paginator("describe_stacks").paginate()
        stacks: list[dict[str, Any]] = [stack for page in pages for stack in page["Stacks"]]
        return {stack["StackName"]: _deployed(client, stack) for stack in stacks if _is_ours(stack)}
    except (BotoCoreError, ClientError) as error:
        raise AssemblyError(f"cannot read the deployed stacks in {region}: {error}") from None


def _is_ours(stack: Mapping[str, Any]) -> bool:
    return stack["StackName"].startswith(STACK_PREFIX) and stack["StackStatus"] not in _ABSENT_STATES


def _deployed(client: Any, stack: Mapping[str, Any]) -> DeployedStack:
    body = client.get_template(StackName=stack["StackName"], TemplateStage="Original")["TemplateBody"]
    # boto3 hands out JSON as a mapping and everything else as the text that it is.
    contents = yaml.safe_load(body) if isinstance(body, str) else json.loads(json.dumps(body))
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    return DeployedStack(template=Template(body=contents), tags=tags)
