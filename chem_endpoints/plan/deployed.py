"""The templates that CloudFormation holds for a stage."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.plan.assembly import AssemblyError
from chem_endpoints.plan.stored_template import describe_ours, is_deployed, stored_template
from chem_endpoints.plan.template import Template


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """A stack as it is."""

    template: Template
    tags: Mapping[str, str]


def deployed_stacks(*, account: str, region: str) -> dict[str, DeployedStack]:
    """Every stack of ours in an account and region, by name; one whose creation failed is none.

    Raises:
        AssemblyError: AWS cannot be reached, refuses, or the credentials are for another account.
    """
    try:
        found = boto3.client("sts", region_name=region).get_caller_identity()["Account"]
        if found != account:
            raise AssemblyError(f"the stage's account is {account}, the credentials are for {found}")
        client = boto3.client("cloudformation", region_name=region)
        return {one["StackName"]: _deployed(client, one) for one in describe_ours(client) if is_deployed(one)}
    except (BotoCoreError, ClientError) as error:
        raise AssemblyError(f"cannot read the deployed stacks in {region}: {error}") from None


def _deployed(client: Any, stack: Mapping[str, Any]) -> DeployedStack:
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    return DeployedStack(template=stored_template(client, stack["StackName"]), tags=tags)
