"""Which endpoints there are to examine."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from chem_endpoints.doctor.absence import found, is_absent
from chem_endpoints.doctor.finding import CannotLookError
from chem_endpoints.doctor.look import Look
from chem_endpoints.doctor.stack import Stack, UnreadStack, read_stack, read_stacks
from chem_endpoints.plan.template import STACK_PREFIX

ENDPOINT_TAG = "chem-endpoints:endpoint"
"""Which of our endpoints a resource belongs to; the stacks write it."""


@dataclass(frozen=True, kw_only=True)
class Discovered:
    """What there is.

    Attributes:
        endpoints: each with its stack; None where no stack of ours declares it.
        unseen: endpoints that AWS did not let us tell from others', with what it said.
    """

    endpoints: Mapping[str, Stack | None]
    unseen: Mapping[str, ClientError]


def find_endpoints(look: Look, names: Sequence[str]) -> Discovered:
    """The endpoints to examine.

    Args:
        look: where.
        names: which ones; none: all that a stack of ours declares or that carry our tag.

    Raises:
        CannotLookError: one of the names is neither an endpoint nor in a stack.
    """
    if names:
        return Discovered(endpoints={name: _of(look, name) for name in names}, unseen={})
    endpoints: dict[str, Stack | None] = {}
    unseen: dict[str, ClientError] = {}
    for stack in read_stacks(look.cloudformation):
        if isinstance(stack, UnreadStack):
            unseen[stack.name.removeprefix(STACK_PREFIX)] = stack.error
        else:
            endpoints.update(dict.fromkeys(stack.endpoints, stack))
    for name, arn in _others(look, {*endpoints, *unseen}):
        try:
            if _carries_tag(look, arn):
                endpoints[name] = None
        except ClientError as error:
            if not is_absent(error):
                unseen[name] = error
    return Discovered(endpoints=dict(sorted(endpoints.items())), unseen=dict(sorted(unseen.items())))


def _of(look: Look, name: str) -> Stack | None:
    stack = read_stack(look.cloudformation, name)
    if stack and name in stack.endpoints:
        return stack
    if found(look.sagemaker.describe_endpoint, EndpointName=name) is None:
        raise CannotLookError(
            f"{name}: no such endpoint in {look.session.region_name}. chem-endpoints doctor without a name finds all;"
            " another account or region is chosen by AWS_PROFILE and AWS_REGION, or in a clone by --stage"
        )
    return None


def _others(look: Look, known: set[str]) -> Iterator[tuple[str, str]]:
    """Name and ARN of every endpoint that no stack of ours declares."""
    for page in look.sagemaker.get_paginator("list_endpoints").paginate():
        for each in page["Endpoints"]:
            if each["EndpointName"] not in known:
                yield each["EndpointName"], each["EndpointArn"]


def _carries_tag(look: Look, arn: str) -> bool:
    pages = look.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return any(tag["Key"] == ENDPOINT_TAG for page in pages for tag in page["Tags"])
