"""A stack as CloudFormation knows it: its state, the template that it deployed, and what became of each resource."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from botocore.exceptions import ClientError

from chem_endpoints.plan.template import ENDPOINT, STACK_PREFIX, Resource, Template

_ABSENT = frozenset({"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"})
_GONE = "DELETE_COMPLETE"

_SHARED = ("foundation", "images", "network")


def is_shared(name: str) -> bool:
    """Whether the stack ``ChemEndpoints-<name>`` belongs to no endpoint."""
    return name in _SHARED


def last_part(physical_id: str) -> str:
    """The last part of an ARN such as ``…:endpoint/logs-v1``; of a plain name, the name."""
    return physical_id.rpartition("/")[2] if physical_id.startswith("arn:") else physical_id


def same_name(one: str, other: str) -> bool:
    """Whether two names mean the same to SageMaker, which compares them without case and writes ARNs in lower case."""
    return one.casefold() == other.casefold()


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A resource of the template and its physical id."""

    resource: Resource
    id: str

    @property
    def name(self) -> str:
        """Its name, as `last_part` has it."""
        return last_part(self.id)


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A deployed stack."""

    name: str
    status: str
    reason: str
    """Why it has that status; may be empty."""
    template: Template
    ids: Mapping[str, str]
    """Physical ids, by logical id."""

    def deployed(self, *types: str) -> Iterator[Deployed]:
        """The resources of these types that exist, as far as CloudFormation knows."""
        for resource in self.template.of_type(*types):
            if resource.logical_id in self.ids:
                yield Deployed(resource=resource, id=self.ids[resource.logical_id])

    def id_of(self, resource: Resource | None) -> str | None:
        """The physical id of a resource; None where there is none."""
        return self.ids.get(resource.logical_id) if resource else None

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Names of the endpoints that it declares, whether they exist or not.

        A stack whose creation failed may have no template left; its name tells then.
        """
        if not self.template.resources:
            name = self.name.removeprefix(STACK_PREFIX)
            return () if is_shared(name) else (name,)
        names = set()
        for resource in self.template.of_type(ENDPOINT):
            written, made = resource.properties.get("EndpointName"), self.ids.get(resource.logical_id)
            if isinstance(written, str):
                names.add(written)
            elif made:
                names.add(last_part(made))
        return tuple(sorted(names))


def read_stacks(client: Any) -> list[Stack]:
    """Every stack of ours in the client's account and region."""
    pages = client.get_paginator("describe_stacks").paginate()
    found = [stack for page in pages for stack in page["Stacks"]]
    return [_read(client, stack) for stack in found if stack["StackName"].startswith(STACK_PREFIX) and _is_there(stack)]


def read_stack(client: Any, endpoint: str) -> Stack | None:
    """The stack of an endpoint; None where there is none."""
    try:
        (stack,) = client.describe_stacks(StackName=f"{STACK_PREFIX}{endpoint}")["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    return _read(client, stack) if _is_there(stack) else None


def _is_there(stack: Mapping[str, Any]) -> bool:
    return stack["StackStatus"] not in _ABSENT


def _read(client: Any, stack: Mapping[str, Any]) -> Stack:
    name = stack["StackName"]
    body = client.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
    return Stack(
        name=name,
        status=stack["StackStatus"],
        reason=stack.get("StackStatusReason", ""),
        # boto3 hands out JSON as a mapping and everything else as the text that it is.
        template=Template(body=(yaml.safe_load(body) if isinstance(body, str) else body) or {}),
        ids={
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
            if each.get("PhysicalResourceId") and each["ResourceStatus"] != _GONE
        },
    )
