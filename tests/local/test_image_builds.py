"""CodeBuild: a build succeeds if its tag is the hash of this clone's sources, and pushes that tag."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.local.address import ACCOUNT, REGION
from chem_endpoints.spec.image_source import source_hash

Clients = Callable[[str], Any]
ROLE = f"arn:aws:iam::{ACCOUNT}:role/builds"


@pytest.fixture(scope="module")
def repository(client: Clients) -> Iterator[str]:
    name = f"images-{uuid.uuid4().hex[:8]}"
    client("ecr").create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
    yield name
    client("ecr").delete_repository(repositoryName=name, force=True)


@pytest.fixture(scope="module")
def project(client: Clients) -> Iterator[str]:
    name = f"project-{uuid.uuid4().hex[:8]}"
    client("codebuild").create_project(**settings(name))
    yield name
    client("codebuild").delete_project(name=name)


def settings(name: str) -> dict[str, Any]:
    environment = {"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"}
    return {
        "name": name,
        "source": {"type": "NO_SOURCE", "buildspec": "version: 0.2"},
        "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": environment,
        "serviceRole": ROLE,
    }


def build(client: Clients, project: str, variables: dict[str, str], **more: Any) -> dict[str, Any]:
    """A build that has ended."""
    given = [{"name": name, "value": value} for name, value in variables.items()]
    codebuild = client("codebuild")
    started = codebuild.start_build(projectName=project, environmentVariablesOverride=given, **more)["build"]
    assert started["buildStatus"] == "IN_PROGRESS"
    (found,) = codebuild.batch_get_builds(ids=[started["id"]])["builds"]
    return dict(found)


def variables(repository: str, tag: str, target: str = "base") -> dict[str, str]:
    reference = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}:{tag}"
    return {"IMAGE_REFERENCE": reference, "IMAGE_TARGET": target, "IMAGE_TAG": tag}


def message(build: dict[str, Any]) -> str:
    return str(build["phases"][0]["contexts"][0]["message"])


def test_the_clones_own_tag_is_built_and_pushed(client: Clients, clone: Path, project: str, repository: str) -> None:
    tag = source_hash(clone, "base")
    ended = build(client, project, variables(repository, tag))
    assert (ended["buildStatus"], ended["buildComplete"]) == ("SUCCEEDED", True)
    (image,) = client("ecr").describe_images(repositoryName=repository)["imageDetails"]
    assert image["imageTags"] == [tag]
    again = build(client, project, variables(repository, tag))
    assert again["buildStatus"] == "FAILED", "an immutable tag was pushed twice"
    assert again["buildNumber"] == ended["buildNumber"] + 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        pytest.param({"IMAGE_TAG": "0" * 64}, "The sources of this clone make base:", id="other-sources"),
        pytest.param({"IMAGE_TARGET": "beep"}, "target stage beep could not be found", id="no-such-target"),
        pytest.param({"IMAGE_TARGET": "deep"}, "requirements/deep.lock: no such file", id="no-lock"),
        pytest.param({"IMAGE_REFERENCE": f"{ACCOUNT}/none:t"}, "RepositoryNotFoundException", id="no-repository"),
    ],
)
def test_any_other_build_fails_and_says_why(
    client: Clients, clone: Path, project: str, repository: str, changed: dict[str, str], words: str
) -> None:
    ended = build(client, project, {**variables(repository, source_hash(clone, "base")), **changed})
    assert ended["buildStatus"] == "FAILED"
    assert words in message(ended)


def test_a_build_that_is_not_one_of_our_images_fails(client: Clients, project: str) -> None:
    assert "is not told IMAGE_REFERENCE, IMAGE_TARGET, IMAGE_TAG" in message(build(client, project, {}))


def test_one_token_starts_one_build(client: Clients, project: str) -> None:
    token = str(uuid.uuid4())
    first, second = (build_id(client, project, token) for _ in range(2))
    assert first == second


def build_id(client: Clients, project: str, token: str) -> str:
    return str(client("codebuild").start_build(projectName=project, idempotencyToken=token)["build"]["id"])


def test_a_project_is_told_as_it_was_made(client: Clients, project: str) -> None:
    found = client("codebuild").batch_get_projects(names=[project, "none"])
    assert found["projectsNotFound"] == ["none"]
    (told,) = found["projects"]
    assert {name: told[name] for name in settings(project)} == settings(project)
    assert project in client("codebuild").list_projects()["projects"]


def test_what_codebuild_refuses_is_refused(client: Clients, project: str) -> None:
    codebuild = client("codebuild")
    with pytest.raises(codebuild.exceptions.ResourceAlreadyExistsException):
        codebuild.create_project(**settings(project))
    with pytest.raises(codebuild.exceptions.ResourceNotFoundException):
        codebuild.start_build(projectName="none")
    with pytest.raises(ClientError, match="The local AWS has no operation ListCuratedEnvironmentImages"):
        codebuild.list_curated_environment_images()
