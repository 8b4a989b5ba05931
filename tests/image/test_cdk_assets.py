"""Promise: where a stage says ``images: asset``, CDK's own tools build our image and push it, with podman too."""

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from chem_endpoints.cli.clone import tool_path
from chem_endpoints.image.build import machine_flags
from chem_endpoints.image.engine import EngineError, find_builder
from chem_endpoints.image.look_alike import base_image
from chem_endpoints.local.address import ACCOUNT, REGION, environment
from chem_endpoints.spec.image_source import IMAGES, source_hash
from loopback_registry import DOCKER_MANIFEST, Registry, serving

pytestmark = pytest.mark.image

ROOT = Path(__file__).parents[2]
CDK_DOCKER = Path(__file__).with_name("cdk_docker") / "podman_for_cdk.py"
STACK = "ChemEndpoints-logs-v1"
STAGE = {
    "account": ACCOUNT,
    "region": REGION,
    "log_retention_days": 7,
    "removal": "destroy",
    "images": "asset",
    "components_reach_zero_instances": True,
}
FILES = ("app.py", "cdk.json", "images.yaml", ".dockerignore")
FOLDERS = (
    *("chem_endpoints", "constructs_lib", "container", "endpoints"),
    *("examples/bundles", "model_scripts", "requirements", "stacks"),
)


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A clone whose own stage builds its images, with a local AWS, and a registry in the place of ECR."""

    root: Path
    variables: dict[str, str]
    registry: Registry
    calls: Path

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Runs a program of the clone and tells how it ended."""
        program = shutil.which(command[0], path=self.variables["PATH"])
        assert program is not None, command[0]
        return subprocess.run(
            [program, *command[1:]], cwd=self.root, env=self.variables, capture_output=True, text=True, check=False
        )

    def cdk(self, *words: str) -> str:
        """Runs the CDK CLI, which succeeds; what it tells."""
        app = f"{shlex.quote(sys.executable)} app.py"
        done = self.run("cdk", *words, "--app", app, "-c", "stage=own", "--output", "assembly")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def publish(self) -> str:
        """Builds and pushes what the endpoint's stack needs, as `cdk deploy` does before it deploys."""
        return self.cdk("publish-assets", STACK, "--exclusively", "--unstable=publish-assets")

    def taken_calls(self) -> list[list[str]]:
        """The calls of CDK_DOCKER since this was last asked."""
        text = self.calls.read_text() if self.calls.exists() else ""
        self.calls.unlink(missing_ok=True)
        return [json.loads(line) for line in text.splitlines()]

    def image(self) -> tuple[str, str, str]:
        """The image of the endpoint's stack: what CDK calls it on this machine, its repository and its tag."""
        found = json.loads((self.root / "assembly" / f"{STACK}.assets.json").read_text())["dockerImages"]
        ((asset, described),) = found.items()
        (destination,) = described["destinations"].values()
        return f"cdkasset-{asset}", destination["repositoryName"], destination["imageTag"]


def copy_the_clone(root: Path) -> None:
    """This clone with stages of its own."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy2(ROOT / name, root / name)
    (root / "stages.yaml").write_text(yaml.safe_dump({"own": STAGE}))


@contextlib.contextmanager
def local_aws(root: Path) -> Iterator[dict[str, str]]:
    """A local AWS of the clone, bootstrapped; the variables that lead to it."""
    env = {**os.environ, "PATH": tool_path(ROOT, os.environ["PATH"])}
    cli = [sys.executable, "-m", "chem_endpoints.cli", "local"]
    up = subprocess.run(
        [*cli, "up", "--detach", "--port", "0"], cwd=root, env=env, capture_output=True, text=True, check=False
    )
    try:
        address = re.search(r"http://localhost:(\d+)", up.stdout)
        assert address is not None, up.stdout + up.stderr
        variables = environment(int(address[1]), root, env)
        done = subprocess.run(
            [str(shutil.which("cdk", path=env["PATH"])), "bootstrap", f"aws://{ACCOUNT}/{REGION}"],
            cwd=root.parent,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        yield variables
    finally:
        subprocess.run([*cli, "down"], cwd=root, env=env, check=False, capture_output=True)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    if not (ROOT / "node_modules/.bin/cdk").exists():
        pytest.skip("the CDK CLI is not installed: run ./setup.sh")
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed: `apt-get install docker-registry` on Debian")
    try:
        engine = find_builder("podman")
        base = base_image(ROOT, engine).reference
    except EngineError as error:
        pytest.skip(f"the image cannot be built with podman here: {error}")
    folder = tmp_path_factory.mktemp("assets")
    root = folder / "clone"
    copy_the_clone(root)
    flags = machine_flags(engine, folder / "home")
    if base is not None:
        flags.append(f"--build-arg=BASE_IMAGE={base}")
    with serving(folder) as registry, local_aws(root) as variables:
        calls = folder / "calls"
        yield Clone(
            root=root,
            registry=registry,
            calls=calls,
            variables={
                **variables,
                # What docs/images.md tells a user of podman, but for the registry.
                "CDK_DOCKER": str(CDK_DOCKER),
                "BUILDAH_FORMAT": "docker",
                "REGISTRY_AUTH_FILE": str(folder / "auth.json"),
                "TEST_REGISTRY": registry.host,
                "TEST_BUILD_FLAGS": shlex.join(flags),
                "TEST_DOCKER_CALLS": str(calls),
            },
        )


@dataclass(frozen=True, kw_only=True)
class Published:
    """What the first publication did."""

    calls: list[list[str]]
    manifest: dict[str, Any]
    config: dict[str, Any]


@pytest.fixture(scope="module")
def published(clone: Clone) -> Iterator[Published]:
    clone.cdk("synth", STACK, "--quiet")
    local, repository, tag = clone.image()
    subprocess.run(["podman", "rmi", "--no-prune", local], check=False, capture_output=True)
    clone.publish()
    manifest = clone.registry.json(f"{repository}/manifests/{tag}")
    config = clone.registry.json(f"{repository}/blobs/{manifest['config']['digest']}")
    yield Published(calls=clone.taken_calls(), manifest=manifest, config=config["config"])
    for name in (local, f"{clone.registry.host}/{repository}:{tag}"):
        subprocess.run(["podman", "rmi", "--no-prune", name], check=False, capture_output=True)


def words_of(calls: list[list[str]], verb: str) -> list[str]:
    (words,) = [words for first, *words in calls if first == verb]
    return words


def test_cdk_builds_the_stage_of_the_dockerfile_that_the_model_declares(published: Published, clone: Clone) -> None:
    words = words_of(published.calls, "build")
    named = dict(zip(words[::2], words[1::2], strict=False))
    assert named["--target"] == IMAGES["base"].target
    assert named["--platform"] == "linux/amd64"
    assert named["--build-arg"] == f"SOURCE_HASH={source_hash(clone.root, 'base')}"


def test_what_the_template_names_is_in_the_registry(published: Published, clone: Clone) -> None:
    _, repository, tag = clone.image()
    assert clone.registry.json("_catalog")["repositories"] == [repository]
    template = (clone.root / "assembly" / f"{STACK}.template.json").read_text()
    assert f"dkr.ecr.{REGION}" in template
    assert f"/{repository}:{tag}" in template


def test_the_manifest_is_of_the_kind_that_sagemaker_pulls(published: Published) -> None:
    """It refuses OCI's. Source: github.com/aws/amazon-sagemaker-feedback, issue 180."""
    assert published.manifest["mediaType"] == DOCKER_MANIFEST


def test_the_image_says_what_it_is_made_of_and_how_it_runs(published: Published, clone: Clone) -> None:
    labels = published.config["Labels"]
    assert labels["org.opencontainers.image.version"] == source_hash(clone.root, "base")
    assert labels["com.amazonaws.sagemaker.capabilities.accept-bind-to-port"] == "true"
    assert published.config["User"] == "10001:10001"
    assert published.config["Entrypoint"] == [
        "/usr/bin/env",
        "--block-signal=TERM",
        "/bin/sh",
        "/opt/program/container/serve",
    ]
    assert published.config["Cmd"] == ["serve"]


def test_what_ecr_has_is_neither_built_nor_pushed_again(published: Published, clone: Clone) -> None:
    _, repository, tag = clone.image()
    # The registry took the image in ECR's place; ECR's own interface, which CDK asks, is told.
    ecr = boto3.client(
        "ecr",
        endpoint_url=clone.variables["AWS_ENDPOINT_URL"],
        region_name=REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    ecr.put_image(
        repositoryName=repository,
        imageTag=tag,
        imageManifest=clone.registry.read(f"{repository}/manifests/{tag}").decode(),
    )
    assert "All assets are already published" in clone.publish()
    assert clone.taken_calls() == []
