"""What each stack deploys, one file per concern: the diff of a pull request says what will change."""

from collections.abc import Callable
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

CONCERNS = {
    "endpoint": ("AWS::SageMaker::", "AWS::Logs::"),
    "scaling": ("AWS::ApplicationAutoScaling::",),
    "alarms": ("AWS::CloudWatch::",),
    "iam": ("AWS::IAM::",),
    "storage": ("AWS::S3::", "AWS::KMS::", "AWS::ECR::", "AWS::SNS::"),
}
CASES = [
    ("foundation", "storage"),
    ("realtime-v1", "endpoint"),
    ("realtime-v1", "scaling"),
    ("realtime-v1", "alarms"),
    ("realtime-v1", "iam"),
    ("async-v1", "endpoint"),
    ("async-v1", "scaling"),
    ("async-v1", "alarms"),
    ("async-v1", "iam"),
    ("async-v1", "storage"),
    ("fixed-v1", "endpoint"),
]


@pytest.mark.parametrize(("stack", "concern"), CASES, ids=[f"{stack}-{concern}" for stack, concern in CASES])
def test_snapshot(
    assembly: Any, resources_of: Callable[..., Any], reviewed: SnapshotAssertion, stack: str, concern: str
) -> None:
    assert resources_of(assembly.template(stack), *CONCERNS[concern]) == reviewed


def test_the_concerns_cover_every_resource(assembly: Any, resources_of: Callable[..., Any]) -> None:
    covered = {(stack, kind) for stack, concern in CASES for kind in CONCERNS[concern]}
    for stack in ("foundation", "realtime-v1", "async-v1"):
        for resource in assembly.template(stack)["Resources"].values():
            assert any(name == stack and resource["Type"].startswith(kind) for name, kind in covered), resource["Type"]
