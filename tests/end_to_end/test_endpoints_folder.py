"""Promise: every declaration of ``endpoints/`` deploys with the real CDK CLI, keeps answering when its next model does
not start, and leaves nothing behind. Each test is the next step of one story."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml
from botocore.exceptions import ClientError

from chem_endpoints import Endpoint
from chem_endpoints.wire.bundle import read_archive, verify_archive, write_bundle
from chem_endpoints.wire.manifest import MANIFEST_NAME
from deployed_story import DECLARED, Story, begin_story

pytestmark = pytest.mark.end_to_end

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "endpoints").glob("*.yaml"))
FOLDER = ".endpoints-test"
ROWS = pd.DataFrame({"smiles": ["CCO", "not a molecule", "c1ccccc1"]})


@pytest.fixture(scope="module")
def story(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with begin_story(root, tmp_path_factory, FOLDER) as begun:
        for name in NAMES:
            shutil.copy(ROOT / "endpoints" / f"{name}.yaml", begun.folder / DECLARED)
        yield begun


@pytest.fixture(autouse=True)
def aws_variables(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    story.enter(monkeypatch)


def answered_by(name: str) -> str:
    """Digest of the model that answers, after a look at its answers."""
    answered = Endpoint(name).inference(ROWS)
    assert answered["prediction"].notna().tolist() == [True, False, True]
    assert answered["prediction_error"].iloc[1].startswith("invalid_smiles")
    return str(answered.attrs["report"]["model_sha256"])


def declared_digest(name: str) -> str:
    return str(yaml.safe_load((ROOT / "endpoints" / f"{name}.yaml").read_text())["model"]["sha256"])


def redeclare(story: Story, name: str, bundle: Path, digest: str) -> None:
    declared = story.declared(name)
    declared["model"].update(artifact=str(bundle.relative_to(story.root)), sha256=digest)
    (story.folder / DECLARED / f"{name}.yaml").write_text(yaml.safe_dump(declared))


def test_every_declaration_is_deployed_and_answers(story: Story) -> None:
    story.cdk("deploy", *NAMES)
    assert {name: answered_by(name) for name in NAMES} == {name: declared_digest(name) for name in NAMES}


def test_a_deployment_without_a_change_changes_nothing(story: Story) -> None:
    before = [summary["LastModifiedTime"] for summary in story.client("sagemaker").list_endpoints()["Endpoints"]]
    assert "(no changes)" in story.cdk("deploy", *NAMES)
    after = [summary["LastModifiedTime"] for summary in story.client("sagemaker").list_endpoints()["Endpoints"]]
    assert after == before


@pytest.mark.parametrize("name", NAMES[-1:])
def test_a_model_that_does_not_start_is_rolled_back_and_the_old_one_still_answers(story: Story, name: str) -> None:
    bundle = story.folder / "broken.tar.gz"
    archive = story.root / story.declared(name)["model"]["artifact"]
    manifest = verify_archive(archive).manifest
    # What the model must reproduce is another model's: the server refuses to serve it.
    output = {key: [cell + 1 for cell in cells] for key, cells in manifest.golden.output.items() if key == "prediction"}
    golden = manifest.golden.model_copy(update={"output": {**manifest.golden.output, **output}})
    files = {key: content for key, content in read_archive(archive).items() if key != MANIFEST_NAME}
    digest = write_bundle(bundle, manifest.model_copy(update={"golden": golden}), files)
    redeclare(story, name, bundle, digest)
    told = story.cdk("deploy", name, status=1)
    assert "golden" in told
    (stack,) = story.client("cloudformation").describe_stacks(StackName=f"ChemEndpoints-{name}")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert answered_by(name) == declared_digest(name)


def test_nothing_is_left_after_everything_is_destroyed(story: Story) -> None:
    story.cdk("destroy", *NAMES)
    for name in NAMES:
        with pytest.raises(ClientError, match="Could not find"):
            story.client("sagemaker").describe_endpoint(EndpointName=name)
    assert story.client("sagemaker").list_models()["Models"] == []
    assert story.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
