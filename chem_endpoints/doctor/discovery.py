"""Which endpoints there are to examine."""

from collections.abc import Iterable, Sequence

from botocore.exceptions import ClientError

from chem_endpoints.doctor.finding import CannotLookError
from chem_endpoints.doctor.look import Look
from chem_endpoints.doctor.stack import Stack, read_stack, read_stacks

ENDPOINT_TAG = "chem-endpoints:endpoint"
"""Which of our endpoints a resource belongs to; the stacks write it."""


def find_endpoints(look: Look, names: Sequence[str]) -> dict[str, Stack | None]:
    """The endpoints with the stack of each; None where no stack of ours declares it.

    Args:
        look: where.
        names: which ones; none: all that a stack of ours declares or that carry our tag.

    Raises:
        CannotLookError: one of the names is neither an endpoint nor in a stack.
    """
    if names:
        return {name: _of(look, name) for name in names}
    declared = {endpoint: stack for stack in read_stacks(look.cloudformation) for endpoint in stack.endpoints}
    return dict(sorted({**dict.fromkeys(_tagged(look, declared)), **declared}.items()))


def _of(look: Look, name: str) -> Stack | None:
    stack = read_stack(look.cloudformation, name)
    if stack and name in stack.endpoints:
        return stack
    if not _exists(look, name):
        raise CannotLookError(
            f"{name}: no such endpoint in {look.session.region_name}. chem-endpoints doctor without a name finds all;"
            " another account or region is chosen by AWS_PROFILE and AWS_REGION, or in a clone by --stage"
        )
    return None


def _tagged(look: Look, declared: Iterable[str]) -> list[str]:
    """Endpoints that carry our tag although no stack of ours declares them."""
    known = set(declared)
    pages = look.sagemaker.get_paginator("list_endpoints").paginate()
    return [
        each["EndpointName"]
        for page in pages
        for each in page["Endpoints"]
        if each["EndpointName"] not in known and _carries_tag(look, each["EndpointArn"])
    ]


def _carries_tag(look: Look, arn: str) -> bool:
    pages = look.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return any(tag["Key"] == ENDPOINT_TAG for page in pages for tag in page["Tags"])


def _exists(look: Look, name: str) -> bool:
    try:
        look.sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if "could not find" in error.response["Error"]["Message"].lower():
            return False
        raise
    return True
