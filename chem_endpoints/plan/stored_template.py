"""Our stacks and their templates as CloudFormation stores them: the one place that reads them."""

from collections.abc import Mapping
from typing import Any

import yaml

from chem_endpoints.plan.template import STACK_PREFIX, Template

_ABSENT = frozenset({"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"})
_NEVER_CREATED = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"})


def is_there(stack: Mapping[str, Any]) -> bool:
    """Whether an entry of DescribeStacks is more than a name: one whose creation failed is."""
    return stack["StackStatus"] not in _ABSENT


def is_deployed(stack: Mapping[str, Any]) -> bool:
    """Whether an entry of DescribeStacks was ever created.

    One that was not holds nothing: the CDK CLI deletes it and creates it anew.
    """
    return is_there(stack) and stack["StackStatus"] not in _NEVER_CREATED


def describe_ours(client: Any) -> list[dict[str, Any]]:
    """DescribeStacks of every stack with our prefix, whatever became of it."""
    pages = client.get_paginator("describe_stacks").paginate()
    return [stack for page in pages for stack in page["Stacks"] if stack["StackName"].startswith(STACK_PREFIX)]


def stored_template(client: Any, stack: str) -> Template:
    """The template of a stack as it was given to CloudFormation; empty where it keeps none."""
    body = client.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
    # boto3 hands out JSON as a mapping of its own and everything else as the text that it is.
    contents = yaml.safe_load(body) if isinstance(body, str) else _plain(body)
    return Template(body=contents or {})


def _plain(value: Any) -> Any:
    """The same in plain dictionaries, which compare by content alone."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
