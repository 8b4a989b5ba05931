"""A stack as CloudFormation knows it: its state, the template that it deployed, and what became of each resource."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.doctor.absence import found, is_absent
from chem_endpoints.plan.stored_template import describe_ours, is_there, stored_template
from chem_endpoints.plan.template import ENDPOINT, STACK_PREFIX, Resource, Template

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

    @property
    def is_settled(self) -> bool:
        """No deployment is under way; what it replaced may still be cleaned up."""
        return not self.status.endswith("_IN_PROGRESS") or "CLEANUP" in self.status

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


@dataclass(frozen=True, kw_only=True)
class UnreadStack:
    """A stack that AWS did not let us read."""

    name: str
    error: ClientError


def read_stacks(client: Any) -> Iterator[Stack | UnreadStack]:
    """Every stack of ours in the client's account and region, those left out that are deleted meanwhile."""
    for described in filter(is_there, describe_ours(client)):
        try:
            yield _read(client, described)
        except ClientError as error:
            if not is_absent(error):
                yield UnreadStack(name=described["StackName"], error=error)


def read_stack(client: Any, endpoint: str) -> Stack | None:
    """The stack of an endpoint; None where there is none."""
    answer = found(client.describe_stacks, StackName=f"{STACK_PREFIX}{endpoint}")
    described = answer["Stacks"][0] if answer else None
    return _read(client, described) if described and is_there(described) else None


def _read(client: Any, stack: Mapping[str, Any]) -> Stack:
    name = stack["StackName"]
    template = stored_template(client, name)
    pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
    return Stack(
        name=name,
        status=stack["StackStatus"],
        reason=stack.get("StackStatusReason", ""),
        template=template,
        ids={
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
            if each.get("PhysicalResourceId") and each["ResourceStatus"] != _GONE
        },
    )
