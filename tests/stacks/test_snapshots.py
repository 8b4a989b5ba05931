"""What each stack deploys, one file per concern: the diff of a pull request says what will change.

Digests are masked, so that only a change of the infrastructure changes these files; `images.json` alone shows them.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from readable import images, readable

MOST_LINES = 300
DRIVING = ("-wake", "-sleep")

CONCERNS: dict[str, tuple[str, ...]] = {
    "endpoint": ("AWS::SageMaker::", "AWS::Logs::"),
    "scaling": ("AWS::ApplicationAutoScaling::",),
    "alarms": ("AWS::CloudWatch::",),
    "rollback": (),
    "callers": (),
    "iam": ("AWS::IAM::",),
    "bucket": ("AWS::S3::",),
    "shared": ("AWS::KMS::", "AWS::ECR::", "AWS::SNS::"),
}
"""Types of each; alarms that drive scaling stand with it, those that undo an update apart, and so does what callers
may do."""

Template = dict[str, Any]


def concern_of(resource: dict[str, Any]) -> str:
    """Where a resource is reviewed."""
    alarm = str(resource.get("Properties", {}).get("AlarmName"))
    if alarm.endswith(DRIVING):
        return "scaling"
    if "-rollback-" in alarm:
        return "rollback"
    if "-callers-" in str(resource.get("Properties", {}).get("ManagedPolicyName")):
        return "callers"
    return next(concern for concern, types in CONCERNS.items() if resource["Type"].startswith(types))


def reviewed_part(template: Template, concern: str) -> Template:
    """The resources of one concern, without CDK's paths."""
    found = {
        name: {key: value for key, value in resource.items() if key != "Metadata"}
        for name, resource in template["Resources"].items()
        if concern_of(resource) == concern
    }
    part: Template = readable(found)
    return part


@pytest.mark.parametrize("concern", CONCERNS)
def test_an_endpoint(assembly: Any, reviewed: SnapshotAssertion, endpoint: str, concern: str) -> None:
    part = reviewed_part(assembly.template(endpoint), concern)
    if part:
        assert part == reviewed


@pytest.mark.parametrize("concern", ["bucket", "shared"])
def test_what_all_share(assembly: Any, reviewed: SnapshotAssertion, concern: str) -> None:
    assert reviewed_part(assembly.template("foundation"), concern) == reviewed


def test_images(assembly: Any, reviewed: SnapshotAssertion) -> None:
    stacks = sorted(path.name.split(".")[0] for path in assembly.folder.glob("*.template.json"))
    names = [stack.removeprefix("ChemEndpoints-") for stack in stacks]
    assert {name: found for name in names if (found := images(assembly.template(name)))} == reviewed


@pytest.mark.parametrize("source", ["source", "asset"])
def test_another_image_changes_the_list_of_images_and_nothing_else(
    template_of: Callable[..., Template], source: str
) -> None:
    serving = {"kind": "realtime", "instance_type": "ml.c7i.large"}
    before = template_of(serving, images=source, dockerfile="FROM one")
    after = template_of(serving, images=source, dockerfile="FROM two")
    assert images(before) != images(after)
    assert [reviewed_part(before, concern) for concern in CONCERNS] == [
        reviewed_part(after, concern) for concern in CONCERNS
    ]


def test_the_concerns_cover_every_resource(assembly: Any) -> None:
    for path in assembly.folder.glob("*.template.json"):
        template = json.loads(path.read_text(encoding="utf-8"))
        assert {concern_of(resource) for resource in template["Resources"].values()} <= set(CONCERNS), path.name


def test_every_snapshot_is_short_enough_to_read() -> None:
    files = sorted((Path(__file__).parent / "__snapshots__").rglob("*.json"))
    assert files
    long = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: lines for name, lines in long.items() if lines > MOST_LINES} == {}
