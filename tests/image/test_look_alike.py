"""Promise: the pinned base image is used wherever it can be had; its stand-in is made once, and only on request."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from chem_endpoints.image import look_alike as module
from chem_endpoints.image.build import pinned_base_image
from chem_endpoints.image.contents import read_contents
from chem_endpoints.image.engine import Engine, EngineError
from chem_endpoints.image.leftovers import leftovers
from chem_endpoints.image.look_alike import BaseImage, base_image, look_alike
from written_images import write_image

OUT_OF_REACH = "echo 'Error: no such host' >&2; exit 125"

FakePodman = Callable[..., Engine]


@pytest.fixture
def podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePodman:
    """A podman whose storage holds the images that are told, on a PATH with nothing else."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def make(*stored: str, pull: str = OUT_OF_REACH) -> Engine:
        program = tmp_path / "podman"
        held = "".join(
            f'[ "$reference" = "{reference}" ] && echo "[{{\\"Config\\": {{}}}}]" && exit 0; ' for reference in stored
        )
        program.write_text(
            f'#!/bin/sh\nfor reference; do :; done\ncase "$*" in\n'
            f'*"image inspect"*) {held}exit 125;;\n*pull*) {pull};;\n*) exit 1;;\nesac\n'
        )
        program.chmod(0o755)
        return Engine(name="podman", executable=program)

    return make


def test_the_pinned_image_is_that_of_the_dockerfile(root: Path) -> None:
    name, _, digest = pinned_base_image(root).partition("@")
    assert name.endswith(f"python:3.11-slim-{module.RELEASE}")
    assert digest.startswith("sha256:")


def test_a_stored_pinned_image_is_taken_without_asking_a_registry(root: Path, podman: FakePodman) -> None:
    engine = podman(pinned_base_image(root))
    chosen = base_image(root, engine)
    assert (chosen.reference, chosen.is_look_alike) == (None, False)
    assert chosen.why == "the pinned base image is in the storage"


def test_a_pinned_image_that_can_be_pulled_is_taken(root: Path, podman: FakePodman) -> None:
    chosen = base_image(root, podman(pull="exit 0"))
    assert (chosen.reference, chosen.is_look_alike) == (None, False)


@pytest.mark.parametrize(
    ("pull", "why"),
    [(OUT_OF_REACH, "Error: no such host"), ("exec /bin/sleep 60", "no answer within 0.3 s")],
    ids=["refused", "silent"],
)
def test_without_a_registry_and_without_mmdebstrap_both_are_told(
    root: Path, podman: FakePodman, pull: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PULL_SECONDS", 0.3)
    with pytest.raises(EngineError) as told:
        base_image(root, podman(pull=pull))
    assert why in str(told.value)
    assert "apt-get install mmdebstrap" in str(told.value)
    assert "\n" not in str(told.value)


def test_a_user_without_root_is_told(podman: FakePodman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mmdebstrap").write_text("#!/bin/sh\n")
    (tmp_path / "mmdebstrap").chmod(0o755)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(EngineError, match="needs root"):
        look_alike(podman())


def test_the_stand_in_holds_what_the_build_must_take_from_the_pinned_image(tmp_path: Path) -> None:
    made = tmp_path / "root"
    for folder in ("usr/bin", "usr/local/bin", "usr/lib/python3.11"):
        (made / folder).mkdir(parents=True)
    for word in module._MMDEBSTRAP:
        if word.startswith("--customize-hook="):  # as mmdebstrap runs it, the root its first argument
            subprocess.run(["sh", "-c", word.removeprefix("--customize-hook="), "exec", made], check=True)
    held = {path.relative_to(made).as_posix(): "" for path in made.rglob("*") if path.is_file()}
    found = leftovers(read_contents(write_image(tmp_path / "image", held)))
    assert {file.path for left in found for file in left.files} == {
        "usr/local/bin/wheel",
        "usr/local/include/python3.11/Python.h",
        "usr/local/lib/pkgconfig/python3.pc",
        "usr/local/lib/python3.11/config-3.11-x86_64-linux-gnu/Makefile",
    }


@pytest.mark.image
def test_a_stand_in_is_made_once_and_anew_when_its_recipe_changes(
    engine: Engine, bottom: BaseImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not bottom.is_look_alike:
        pytest.skip("the pinned base image is within reach: no stand-in is made")
    assert "for tests, not for deployment" in bottom.why
    monkeypatch.setenv("PATH", str(tmp_path))  # no mmdebstrap
    assert look_alike(engine) == bottom.reference
    monkeypatch.setattr(module, "_DOCKERFILE", f"{module._DOCKERFILE}ENV OTHER=1\n")
    with pytest.raises(EngineError, match="mmdebstrap not found"):
        look_alike(engine)
