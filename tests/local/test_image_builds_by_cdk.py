"""``images: codebuild`` by the real CDK CLI: the images stack's own function, project and rule, as on AWS."""

from collections.abc import Callable
from typing import Any

import pytest

from cdk_cli import CDK, MISSING
from cdk_clone import CdkClone
from chem_endpoints.spec.image_source import REPOSITORY, source_hash

FOUNDATION, IMAGES = "ChemEndpoints-foundation", "ChemEndpoints-images"
pytestmark = [pytest.mark.end_to_end, pytest.mark.thorough, pytest.mark.skipif(not CDK.exists(), reason=MISSING)]


def tags(client: Callable[[str], Any]) -> list[str]:
    found = client("ecr").describe_images(repositoryName=REPOSITORY)["imageDetails"]
    return [tag for image in found for tag in image["imageTags"]]


def log_of(client: Callable[[str], Any], group: str) -> str:
    logs = client("logs")
    streams = [stream["logStreamName"] for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]]
    found = [logs.get_log_events(logGroupName=group, logStreamName=stream)["events"] for stream in streams]
    return "\n".join(event["message"] for events in found for event in events)


def test_the_images_stack_builds_what_the_template_names_and_nothing_else(
    own_aws: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One story: build, no second build of what is there, a build of other sources fails, the stack goes."""
    clone, client = CdkClone(own_aws.folder, stage={"images": "codebuild"}, serving={}), own_aws.client
    folder = tmp_path_factory.mktemp("assemblies")
    clone.bootstrap()
    first = clone.synthesize(folder / "first")
    tag = source_hash(clone.root, "base")

    clone.cdk.deploy(first, FOUNDATION, IMAGES)
    assert tags(client) == [tag]
    codebuild = client("codebuild")
    (build_id,) = codebuild.list_builds_for_project(projectName="chem-endpoints-images")["ids"]
    (build,) = codebuild.batch_get_builds(ids=[build_id])["builds"]
    assert build["buildStatus"] == "SUCCEEDED"
    assert "The image is in the repository." in log_of(client, "/aws/codebuild/chem-endpoints-images-trigger")

    assert "(no changes)" in clone.cdk.deploy(first, FOUNDATION, IMAGES)

    source = clone.root / "container" / "server.py"
    before = source.read_text()
    source.write_text("# another version\n")
    second = clone.synthesize(folder / "second")
    source.write_text(before)
    shown = clone.cdk.deploy(second, IMAGES, code=1)
    assert "The image's build ended as FAILED" in shown
    assert "The sources of this clone make" in shown
    (stack,) = client("cloudformation").describe_stacks(StackName=IMAGES)["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert tags(client) == [tag]

    clone.cdk("destroy", "--force", "--app", first, IMAGES)
    assert codebuild.list_projects()["projects"] == []
    assert client("lambda").list_functions()["Functions"] == []
    assert client("events").list_rules()["Rules"] == []
