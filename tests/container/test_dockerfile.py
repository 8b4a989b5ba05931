"""What must hold in the Dockerfile before any engine reads it."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chem_endpoints.image.locks import disagreements
from chem_endpoints.spec.image_source import DOCKERFILE, IMAGES, LOCKS, SOURCES
from chem_endpoints.wire.single_threaded import SINGLE_THREADED

ROOT = Path(__file__).resolve().parents[2]
PRUNE = "container/prune.sh"


@dataclass(kw_only=True)
class Stage:
    """One FROM and what follows it."""

    base: str
    name: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def of(self, keyword: str) -> list[str]:
        return [arguments for each, arguments in self.instructions if each == keyword]


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    text = (ROOT / DOCKERFILE).read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found: dict[str, Stage] = {"": Stage(base="", name="")}
    current = found[""]
    for line in filter(None, map(str.strip, lines.replace("\\\n", " ").splitlines())):
        keyword, arguments = line.split(maxsplit=1)
        if keyword == "FROM":
            base, _, name = arguments.split()
            current = found[name] = Stage(base=base, name=name)
        else:
            current.instructions.append((keyword, arguments))
    return found


@pytest.fixture(scope="module")
def lineage(stages: dict[str, Stage]) -> dict[str, list[tuple[str, str]]]:
    """The instructions of each image, from its base's first to its own last."""

    def instructions(name: str) -> list[tuple[str, str]]:
        stage = stages[name]
        return [*(instructions(stage.base) if stage.base in stages else []), *stage.instructions]

    return {image: instructions(kind.target) for image, kind in IMAGES.items()}


def test_each_image_is_a_target(stages: dict[str, Stage]) -> None:
    assert {kind.target for kind in IMAGES.values()} <= set(stages)


def test_what_is_copied_exists_and_is_hashed(stages: dict[str, Stage]) -> None:
    copied = {
        source
        for stage in stages.values()
        for arguments in stage.of("COPY")
        if not arguments.startswith("--from=")
        for source in arguments.split()[:-1]
    }
    assert copied == {*SOURCES, *LOCKS.values(), PRUNE}
    assert all((ROOT / source).exists() for source in copied)


@pytest.mark.parametrize("image", IMAGES)
def test_each_image_holds_the_program_and_the_packages_of_its_lock(
    stages: dict[str, Stage], lineage: dict[str, list[tuple[str, str]]], image: str
) -> None:
    copies = [arguments for keyword, arguments in lineage[image] if keyword == "COPY"]
    *packages, program = (re.fullmatch(r"--from=(\S+) (\S+) (\S+)", each) for each in copies)
    assert program is not None
    assert program.groups() == ("program", "/opt/program", "/opt/program")
    stage = packages[-1]
    assert stage is not None
    assert f"{LOCKS[image]} /locks/" in stages[stage[1]].of("COPY")
    lock = f"--require-hashes --requirement /locks/{Path(LOCKS[image]).name}"
    assert any(lock in each for each in stages[stage[1]].of("RUN"))


def test_the_deep_images_stand_on_the_layers_of_base(lineage: dict[str, list[tuple[str, str]]]) -> None:
    environment = [each for each in lineage["base"] if each[1] != "--from=program /opt/program /opt/program"]
    packages = environment.index(("COPY", "--from=base-packages /opt/venv /opt/venv"))
    for image in ("deep", "deep-gpu"):
        assert lineage[image][: packages + 1] == environment[: packages + 1]


@pytest.mark.parametrize("image", ["deep", "deep-gpu"])
def test_what_base_installs_is_what_the_image_upon_it_would(image: str) -> None:
    for architecture in ("amd64", "arm64") if image == "deep" else ("amd64",):
        assert disagreements(ROOT / LOCKS["base"], ROOT / LOCKS[image], architecture=architecture) == ()


def test_the_base_is_a_digest(stages: dict[str, Stage]) -> None:
    (declared,) = stages[""].of("ARG")
    assert re.fullmatch(r"BASE_IMAGE=python:3\.11-\S+@sha256:[0-9a-f]{64}", declared)
    outside = {stage.base for stage in stages.values() if stage.base and stage.base not in stages}
    assert outside == {"${BASE_IMAGE}"}


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_runs_as_a_numbered_user_and_serves(lineage: dict[str, list[tuple[str, str]]], image: str) -> None:
    last = dict(lineage[image])
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", last["USER"])
    assert last["ENTRYPOINT"] == '["/usr/bin/env", "--block-signal=TERM", "/bin/sh", "/opt/program/container/serve"]'
    assert last["CMD"] == '["serve"]'
    assert last["EXPOSE"] == "8080"
    labels = " ".join(arguments for keyword, arguments in lineage[image] if keyword == "LABEL")
    assert "com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true" in labels
    assert 'org.opencontainers.image.version="${SOURCE_HASH}"' in labels


def test_an_image_sets_what_the_server_would_set_for_its_workers(stages: dict[str, Stage]) -> None:
    (environment,) = stages["runtime"].of("ENV")
    variables = dict(each.split("=", 1) for each in environment.split())
    assert {key: variables[key] for key in SINGLE_THREADED} == SINGLE_THREADED
    assert variables["PYTHONPATH"] == "/opt/program"


def test_versions_are_those_of_the_set_up(stages: dict[str, Stage]) -> None:
    script = (ROOT / "setup.sh").read_text(encoding="utf-8")
    uv, torch = (re.search(rf'^{name}_version="(.+)"$', script, re.MULTILINE) for name in ("uv", "torch"))
    assert uv is not None
    assert torch is not None
    assert f"UV_VERSION={uv[1]}" in stages["installer"].of("ARG")
    assert f"TORCH_VERSION={torch[1]}" in stages["deep-packages"].of("ARG")
    assert f"torch=={torch[1]} " in (ROOT / LOCKS["deep-gpu"]).read_text(encoding="utf-8")


def test_torch_of_the_gpu_image_is_built_for_the_cuda_that_its_driver_runs() -> None:
    cuda = IMAGES["deep-gpu"].cuda
    assert cuda is not None
    assert f"\ncuda-toolkit=={cuda}." in (ROOT / LOCKS["deep-gpu"]).read_text(encoding="utf-8")


def test_nothing_secret_is_baked_in() -> None:
    text = (ROOT / DOCKERFILE).read_text(encoding="utf-8")
    assert not re.search(r"(?i)password|secret|token|credential|access_key|--mount=type=ssh", text)
    assert "://" not in text


@pytest.mark.parametrize("arguments", [["train"], ["serve", "now"], [], ["sh"]])
def test_serve_refuses_everything_else(arguments: list[str]) -> None:
    refused = subprocess.run(["sh", "container/serve", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert refused.returncode == 64
    assert "run it with the argument 'serve'" in refused.stderr


def test_serve_becomes_the_server() -> None:
    environment = {**os.environ, "PATH": f"{ROOT}/.venv/bin:{os.environ['PATH']}", "SAGEMAKER_BIND_TO_PORT": "none"}
    started = subprocess.run(
        ["sh", str(ROOT / "container" / "serve"), "serve"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert started.returncode == 1
    assert "SAGEMAKER_BIND_TO_PORT='none' is not a valid int" in started.stdout
