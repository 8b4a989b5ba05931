"""What expires in the repository, which tags move, and which accounts may pull."""

import json
from collections.abc import Sequence
from typing import Any

from aws_cdk import App, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk.assertions import Template

from constructs_lib.image.repository import allow_pull, expiry_rules, moving_tags


def repository(accounts: Sequence[str] = ()) -> dict[str, Any]:
    stack = Stack(App(analytics_reporting=False), "Stack")
    made = ecr.Repository(
        stack,
        "Repository",
        image_tag_mutability=ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
        image_tag_mutability_exclusion_filters=moving_tags(),
        lifecycle_rules=expiry_rules(),
    )
    allow_pull(made, accounts)
    (found,) = Template.from_stack(stack).find_resources("AWS::ECR::Repository").values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def test_only_caches_expire() -> None:
    rules = json.loads(repository()["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    chosen = [(rule["selection"]["tagStatus"], rule["selection"].get("tagPrefixList")) for rule in rules]
    assert chosen == [("untagged", None), ("tagged", ["cache-"])]


def test_only_the_tags_of_caches_move() -> None:
    filters = repository()["ImageTagMutabilityExclusionFilters"]
    assert [each["ImageTagMutabilityExclusionFilterValue"] for each in filters] == ["cache-*"]


def test_other_accounts_may_pull_and_nothing_else() -> None:
    (statement,) = repository(["210987654321", "111122223333"])["RepositoryPolicyText"]["Statement"]
    principals = json.dumps(statement["Principal"])
    assert "111122223333:root" in principals
    assert "210987654321:root" in principals
    assert statement["Action"] == [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
    ]


def test_without_other_accounts_there_is_no_policy() -> None:
    assert "RepositoryPolicyText" not in repository()
