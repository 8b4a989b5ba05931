"""The stack that builds images in the account: each once, with no more rights than that takes."""

import json
import shutil
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from chem_endpoints.spec.image_source import IMAGES, image_reference, source_files
from chem_endpoints.spec.stages import Stage
from constructs_lib.key_access import LOG_GROUPS
from stacks.image import IMAGES_STACK, ImagesStack

REPOSITORY = Path(__file__).resolve().parents[2]
STAGE = Stage(name="prod", account="111122223333", region="eu-central-1", log_retention_days=30)
BUILT = ("base", "deep")

Template = dict[str, Any]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small repository with the committed .dockerignore."""
    root = tmp_path_factory.mktemp("sources")
    for name in ("container/Dockerfile", "chem_endpoints/a.py", "model_scripts/b.py", "docs/page.md"):
        (root / name).parent.mkdir()
        (root / name).write_text(name)
    (root / "requirements").mkdir()
    for lock in ("base", "deep", "deep-gpu", "full"):
        (root / f"requirements/{lock}.lock").write_text(lock)
    shutil.copy(REPOSITORY / ".dockerignore", root)
    return root


@pytest.fixture(scope="module")
def synthesize(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], tuple[Template, Path]]:
    settings = json.loads((REPOSITORY / "cdk.json").read_text())["context"]

    def make() -> tuple[Template, Path]:
        folder = tmp_path_factory.mktemp("assembly")
        app = App(outdir=str(folder), analytics_reporting=False, context=settings)
        ImagesStack(app, IMAGES_STACK, stage=STAGE, root=root, images=[*BUILT, "base"])
        app.synth()
        return json.loads((folder / f"{IMAGES_STACK}.template.json").read_text()), folder

    return make


@pytest.fixture(scope="module")
def template(synthesize: Callable[[], tuple[Template, Path]]) -> Template:
    return synthesize()[0]


def of_type(template: Template, kind: str) -> dict[str, Any]:
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def only(template: Template, kind: str) -> dict[str, Any]:
    (found,) = of_type(template, kind).values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def statements(template: Template) -> Iterator[dict[str, Any]]:
    for policy in of_type(template, "AWS::IAM::ManagedPolicy").values():
        yield from policy["Properties"]["PolicyDocument"]["Statement"]


def images(template: Template) -> dict[str, Any]:
    found = of_type(template, "Custom::ContainerImage").values()
    return {each["Properties"]["Target"]: each["Properties"] for each in found}


def test_each_image_is_asked_for_once_under_the_reference_that_endpoints_name(template: Template, root: Path) -> None:
    references = {target: f"{each['RepositoryUri']}:{each['Tag']}" for target, each in images(template).items()}
    assert references == {
        image: image_reference(root=root, image=image, account=STAGE.account, region=STAGE.region) for image in BUILT
    }


def test_the_sources_are_what_the_tags_are_hashes_of(
    synthesize: Callable[[], tuple[Template, Path]], root: Path
) -> None:
    template, folder = synthesize()
    key = only(template, "AWS::CodeBuild::Project")["Source"]["Location"].rpartition("/")[2]
    staged = folder / f"asset.{Path(key).stem}"
    found = {path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file()}
    assert found == {path.relative_to(root).as_posix() for image in IMAGES for path in source_files(root, image)}


def test_another_images_lock_starts_no_build(synthesize: Callable[[], tuple[Template, Path]], root: Path) -> None:
    before, lock = images(synthesize()[0]), root / "requirements" / "deep.lock"
    lock.write_text("another")
    after = images(synthesize()[0])
    lock.write_text("deep")
    assert after["base"] == before["base"]
    assert after["deep"]["Tag"] != before["deep"]["Tag"]


def test_no_build_can_end_before_the_rule_that_hears_of_it(template: Template) -> None:
    kinds = ("AWS::Events::Rule", "AWS::Lambda::Permission", "AWS::CodeBuild::Project")
    needed = {name for kind in kinds for name in of_type(template, kind)}
    for image in of_type(template, "Custom::ContainerImage").values():
        assert needed <= set(image["DependsOn"])


def test_every_way_to_end_is_heard(template: Template) -> None:
    detail = only(template, "AWS::Events::Rule")["EventPattern"]["detail"]
    assert detail["project-name"] == [only(template, "AWS::CodeBuild::Project")["Name"]]
    assert set(detail["build-status"]) == {"SUCCEEDED", "FAILED", "FAULT", "STOPPED", "TIMED_OUT"}


def test_cloudformation_waits_longer_than_any_build_and_no_longer_than_it_can(template: Template) -> None:
    project = only(template, "AWS::CodeBuild::Project")
    longest = 60 * (project["TimeoutInMinutes"] + project["QueuedTimeoutInMinutes"])
    for image in images(template).values():
        assert longest < int(image["ServiceTimeout"]) <= 3600


def test_docker_runs_and_the_key_is_ours(template: Template) -> None:
    project = only(template, "AWS::CodeBuild::Project")
    assert project["Environment"]["PrivilegedMode"] is True
    assert project["EncryptionKey"] == "alias/chem-endpoints"
    assert project["Artifacts"] == {"Type": "NO_ARTIFACTS"}


def test_logs_expire_and_are_encrypted_with_a_key_that_admits_them(template: Template) -> None:
    groups = [each["Properties"] for each in of_type(template, "AWS::Logs::LogGroup").values()]
    assert {each["LogGroupName"]: each["RetentionInDays"] for each in groups} == {
        "/aws/codebuild/chem-endpoints-images": 30,
        "/aws/codebuild/chem-endpoints-images-trigger": 30,
    }
    for group in groups:
        assert group["KmsKeyId"] == "arn:aws:kms:eu-central-1:111122223333:alias/chem-endpoints"
        assert any(fnmatchcase(group["LogGroupName"], admitted) for admitted in LOG_GROUPS)


def test_only_the_registry_token_is_for_any_resource(template: Template) -> None:
    unbound = [each["Action"] for each in statements(template) if each["Resource"] == "*"]
    assert unbound == ["ecr:GetAuthorizationToken"]
    assert not [each for each in statements(template) if "*" in str(each["Action"])]


def test_images_go_to_our_repository_alone(template: Template) -> None:
    ours = "arn:aws:ecr:eu-central-1:111122223333:repository/chem-endpoints"
    touching = [each for each in statements(template) if "ecr:" in str(each["Action"]) and each["Resource"] != "*"]
    assert {each["Resource"] for each in touching} == {ours}


def test_roles_hold_our_policies_alone(template: Template) -> None:
    for role in of_type(template, "AWS::IAM::Role").values():
        assert all("Ref" in policy for policy in role["Properties"]["ManagedPolicyArns"])


def test_the_function_is_the_handler_and_nothing_else(synthesize: Callable[[], tuple[Template, Path]]) -> None:
    template, folder = synthesize()
    function = only(template, "AWS::Lambda::Function")
    code = folder / f"asset.{Path(function['Code']['S3Key']).stem}"
    assert [path.name for path in code.rglob("*")] == ["handler.py"]
    assert function["Handler"] == "handler.on_event"


def test_two_synths_are_equal(synthesize: Callable[[], tuple[Template, Path]], template: Template) -> None:
    assert synthesize()[0] == template
