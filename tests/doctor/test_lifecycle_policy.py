"""Promise: an image is matched with the repository's rules as ECR matches it."""

import json
from typing import Any

import pytest

from chem_endpoints.doctor.lifecycle_policy import Removal, removal_of


def rule(priority: int, **selection: Any) -> dict[str, Any]:
    age = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7}
    return {"rulePriority": priority, "selection": {**age, **selection}, "action": {"type": "expire"}}


UNTAGGED = rule(1, tagStatus="untagged")
CACHES = rule(2, tagStatus="tagged", tagPrefixList=["cache-"], countNumber=30)
COUNT = rule(4, tagStatus="any", countType="imageCountMoreThan", countNumber=100)


@pytest.mark.parametrize(
    ("tags", "rules", "expected"),
    [
        ([], [UNTAGGED, CACHES], (1, "7 days after its push")),
        (["0123abc"], [UNTAGGED, CACHES], None),
        (["cache-base"], [UNTAGGED, CACHES], (2, "30 days after its push")),
        (["0123abc"], [COUNT, UNTAGGED], (4, "as soon as 100 newer images match the rule")),
        (["a-1"], [rule(3, tagStatus="tagged", tagPatternList=["*-1", "b*"])], None),
        (["a-1", "b"], [rule(3, tagStatus="tagged", tagPatternList=["*-1", "b*"])], (3, "7 days after its push")),
        (["x"], [rule(5, tagStatus="any", countType="sinceImagePulled")], (5, "7 days after its last pull")),
        (["x"], [rule(5, tagStatus="any", storageClass="archive")], None),
    ],
)
def test_which_rule_takes_an_image(tags: list[str], rules: list[Any], expected: tuple[int, str] | None) -> None:
    found = removal_of({"imageTags": tags} if tags else {}, json.dumps({"rules": rules}))
    wanted = None if expected is None else Removal(priority=expected[0], when=expected[1], what="expires")
    assert found == wanted


def test_an_archived_image_cannot_be_pulled_either() -> None:
    archiving = {**rule(1, tagStatus="any"), "action": {"type": "transition", "targetStorageClass": "archive"}}
    found = removal_of({"imageTags": ["x"]}, json.dumps({"rules": [archiving]}))
    assert found is not None
    assert found.what == "archives"


def test_the_rules_of_our_own_repository_take_no_deployed_image() -> None:
    """The foundation's rules, as CDK writes them: images with a source hash stay."""
    from aws_cdk import App, Stack, assertions
    from aws_cdk import aws_ecr as ecr

    from constructs_lib.image.repository import expiry_rules

    stack = Stack(App(), "S")
    ecr.Repository(stack, "R", lifecycle_rules=expiry_rules())
    (found,) = assertions.Template.from_stack(stack).find_resources("AWS::ECR::Repository").values()
    policy = found["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"]
    assert removal_of({"imageTags": ["0" * 64]}, policy) is None
    assert removal_of({}, policy) is not None
