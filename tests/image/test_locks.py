"""Promise: every image installs what the full lock pins, and holds nothing else."""

from email.message import Message
from pathlib import Path

import pytest

from chem_endpoints.image.examination import FULL_LOCK
from chem_endpoints.image.locks import LockError, disagreements, read_lock, unlike_lock
from chem_endpoints.image.packages import SITE_PACKAGES, PythonPackage
from chem_endpoints.spec.image_source import LOCKS
from server_processes import ROOT

FULL = """\
numpy==2.4.6 ; platform_machine == 'x86_64' or platform_machine == 'aarch64' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
Tblite==0.8 ; platform_machine == 'x86_64' \\
    --hash=sha256:cc
colorama==0.4 ; sys_platform == 'win32' \\
    --hash=sha256:dd
"""


@pytest.fixture
def full(tmp_path: Path) -> Path:
    lock = tmp_path / "full.lock"
    lock.write_text(FULL)
    return lock


def part(tmp_path: Path, text: str) -> Path:
    lock = tmp_path / "base.lock"
    lock.write_text(text)
    return lock


def package(name: str, version: str, folder: str = SITE_PACKAGES) -> PythonPackage:
    return PythonPackage(name=name, version=version, folder=folder, metadata=Message(), files=(), size=0, compressed=0)


@pytest.mark.parametrize("lock", sorted(set(LOCKS.values())))
def test_the_lock_of_an_image_agrees_with_the_full_lock(lock: str) -> None:
    assert disagreements(ROOT / lock, ROOT / FULL_LOCK, architecture="amd64") == ()


def test_a_lock_pins_names_versions_and_hashes(full: Path) -> None:
    numpy, tblite, _ = read_lock(full)
    assert (numpy.name, numpy.version, numpy.hashes) == ("numpy", "2.4.6", {"sha256:aa", "sha256:bb"})
    assert tblite.name == "tblite"


def differences(full: Path, line: str, architecture: str = "amd64") -> tuple[str, ...]:
    return disagreements(part(full.parent, f"{line}\n"), full, architecture=architecture)


def test_markers_in_other_words_agree(full: Path) -> None:
    assert differences(full, "numpy==2.4.6 --hash=sha256:bb --hash=sha256:aa") == ()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "numpy==2.4.5 --hash=sha256:aa --hash=sha256:bb",
            "base.lock pins numpy 2.4.5, full.lock pins 2.4.6: run `make lock`",
        ),
        (
            "numpy==2.4.6 --hash=sha256:aa",
            "base.lock pins numpy 2.4.6 with other hashes than full.lock: run `make lock`",
        ),
        (
            "scipy==1 --hash=sha256:ee",
            "base.lock pins scipy 1, full.lock does not pin it: run `make lock`",
        ),
    ],
    ids=["version", "hashes", "package"],
)
def test_another_version_hash_or_package_is_told(full: Path, line: str, told: str) -> None:
    assert differences(full, line) == (told,)


def test_another_hash_is_told(full: Path) -> None:
    assert len(differences(full, "numpy==2.4.6 --hash=sha256:aa --hash=sha256:ff")) == 1


def test_a_pin_of_one_architecture_is_compared_there(full: Path) -> None:
    assert differences(full, "tblite==0.8 --hash=sha256:cc") == ()
    assert len(differences(full, "tblite==0.8 --hash=sha256:cc", "arm64")) == 1


def test_the_lock_for_gpus_may_pin_torch_and_what_it_needs(full: Path) -> None:
    assert differences(full, "torch==2.13.0 --hash=sha256:ee") == ()
    assert differences(full, "nvidia-nccl-cu13==2 --hash=sha256:ee") == ()
    assert len(differences(full, "torchvision==1 --hash=sha256:ee")) == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("numpy==2.4.6", "no single version with hashes"),
        ("numpy>=2 --hash=sha256:aa", "no single version with hashes"),
        ("--index-url x", "no pin: '--index-url x'"),
    ],
)
def test_a_line_that_is_no_pin_is_refused(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(LockError, match=told):
        read_lock(part(tmp_path, f"{line}\n"))


def told(full: Path, *packages: PythonPackage, image: str = "base", architecture: str = "amd64") -> tuple[str, ...]:
    return unlike_lock(packages, read_lock(full), image=image, architecture=architecture)


NUMPY, TBLITE = package("numpy", "2.4.6"), package("tblite", "0.8.0")


def test_an_image_that_holds_its_lock_is_like_it(full: Path) -> None:
    assert told(full, NUMPY, TBLITE, package("pip", "23", "usr/local/lib/python3.11/site-packages")) == ()
    assert told(full, NUMPY, architecture="arm64") == ()


def test_torch_may_be_in_the_deep_image_only_and_must_be_there(full: Path) -> None:
    torch = package("torch", "2.13.0+cpu")
    assert told(full, NUMPY, TBLITE, torch, image="deep") == ()
    assert told(full, NUMPY, TBLITE, image="deep") == ("torch is not installed: build the image again",)
    assert told(full, NUMPY, TBLITE, torch) == (
        "torch 2.13.0+cpu is installed, but no lock pins it: build the image again",
    )


def test_another_version_and_a_missing_package_are_told(full: Path) -> None:
    assert told(full, package("numpy", "2.4.5")) == (
        "numpy is 2.4.5, its lock pins 2.4.6: build the image again",
        "tblite is not installed, its lock pins 0.8: build the image again",
    )
