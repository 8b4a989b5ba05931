"""CodeBuild's commands, run by a real shell against an engine that only writes down what it is told."""

import os
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

REGISTRY = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
REFERENCE = f"{REGISTRY}/chem-endpoints:{'a' * 64}"
CACHE = f"type=registry,ref={REGISTRY}/chem-endpoints:cache-deep"


@pytest.fixture
def calls(tmp_path: Path) -> list[list[str]]:
    """Arguments of each call of ``aws`` and ``docker``, in their order."""
    log = tmp_path / "calls"
    for program in ("aws", "docker"):
        script = tmp_path / program
        # One argument per line, an empty line after each call, in one write: two of them run in a pipeline.
        script.write_text(f'#!/bin/sh\nprintf "%s\\n" {program} "$@" "" >> {log}\n')
        script.chmod(0o755)
    spec = yaml.safe_load((Path(__file__).resolve().parents[3] / "constructs_lib/image/buildspec.yaml").read_text())
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "IMAGE_REFERENCE": REFERENCE,
        "IMAGE_TARGET": "deep",
        "IMAGE_TAG": "a" * 64,
    }
    for phase in ("pre_build", "build"):
        for command in spec["phases"][phase]["commands"]:
            subprocess.run(["sh", "-euc", command], env=environment, check=True)
    return [call.splitlines() for call in log.read_text().strip().split("\n\n")]


def test_it_signs_in_to_our_registry_builds_the_target_and_pushes_it(calls: list[list[str]]) -> None:
    login, build = (next(call for call in calls if word in call) for word in ("login", "build"))
    assert login[-1] == REGISTRY
    given = dict(pairwise(build))
    assert given["--target"] == "deep"
    assert given["--build-arg"] == f"SOURCE_HASH={'a' * 64}"
    assert given["--platform"] == "linux/amd64"
    assert f"name={REFERENCE},push=true" in given["--output"]
    assert build[-1] == "."


def test_layers_are_read_from_and_written_to_the_targets_cache(calls: list[list[str]]) -> None:
    (build,) = (call for call in calls if "build" in call)
    given = dict(pairwise(build))
    assert given["--cache-from"] == CACHE
    assert given["--cache-to"].startswith(f"{CACHE},mode=max,")


def test_the_pushed_image_is_a_plain_manifest(calls: list[list[str]]) -> None:
    (build,) = (call for call in calls if "build" in call)
    assert {"--provenance=false", "--sbom=false"} <= set(build)
    assert "oci-mediatypes=false" in dict(pairwise(build))["--output"]
