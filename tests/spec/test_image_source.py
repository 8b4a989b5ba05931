"""An image's tag is the hash of what goes into it."""

import shutil
from pathlib import Path
from typing import get_args

import botocore.session
import pytest

from chem_endpoints.spec.image_source import (
    DOCKERFILE,
    IMAGES,
    LOCKS,
    ImageSourceError,
    image_reference,
    source_files,
    source_hash,
)
from chem_endpoints.spec.model_source import Image


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("container", "model_scripts", "chem_endpoints/wire", "chem_endpoints/client", "requirements"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "container" / "serve.py").write_text("one")
    (tmp_path / "requirements" / "base.lock").write_text("numpy==1")
    return tmp_path


CHANGES = ["container/serve.py", "chem_endpoints/wire/new.py", "chem_endpoints/__init__.py", "requirements/base.lock"]


@pytest.mark.parametrize("changed", CHANGES)
def test_a_changed_source_changes_the_hash(root: Path, changed: str) -> None:
    before = source_hash(root, "base")
    (root / changed).write_text("two")
    assert source_hash(root, "base") != before


UNRELATED = [
    "docs/page.md",
    "container/serve.pyc",
    "container/__pycache__/serve.txt",
    "container/.serve.py.swp",
    "chem_endpoints/client/endpoint.py",
    "chem_endpoints/wire/.mypy_cache/cache.json",
    "model_scripts/.DS_Store",
    "requirements/deep.lock",
]


@pytest.mark.parametrize("unrelated", UNRELATED)
def test_other_files_do_not(root: Path, unrelated: str) -> None:
    before = source_hash(root, "base")
    (root / unrelated).parent.mkdir(parents=True, exist_ok=True)
    (root / unrelated).write_text("two")
    assert source_hash(root, "base") == before


def test_the_reference_names_registry_repository_and_hash(root: Path) -> None:
    reference = image_reference(root=root, image="base", account="123456789012", region="us-east-1")
    tag = source_hash(root, "base")
    assert reference == f"123456789012.dkr.ecr.us-east-1.amazonaws.com/chem-endpoints:{tag}"


@pytest.mark.parametrize("parent", ["__pycache__", ".clones"])
def test_where_the_clone_lies_does_not_matter(
    root: Path, tmp_path_factory: pytest.TempPathFactory, parent: str
) -> None:
    clone = tmp_path_factory.mktemp("elsewhere") / parent / "clone"
    shutil.copytree(root, clone)
    assert source_hash(clone, "base") == source_hash(root, "base")
    (clone / "container" / "serve.py").write_text("two")
    assert source_hash(clone, "base") != source_hash(root, "base")


def test_every_image_that_can_be_declared_has_a_lock_in_the_repository() -> None:
    repository = Path(__file__).resolve().parents[2]
    assert set(LOCKS) == set(get_args(Image))
    assert all((repository / lock).is_file() for lock in LOCKS.values())


def test_two_images_with_equal_locks_have_two_tags(root: Path) -> None:
    for image in ("deep", "deep-gpu"):
        (root / LOCKS[image]).write_text("torch==2")
    assert source_hash(root, "deep") != source_hash(root, "deep-gpu")


def test_a_missing_lock_and_an_unknown_image_say_so(root: Path) -> None:
    with pytest.raises(
        ImageSourceError, match=r"requirements/deep-gpu\.lock: no such file, but image deep-gpu installs it"
    ):
        source_hash(root, "deep-gpu")
    with pytest.raises(ImageSourceError, match=r"huge: no such image; choose one of base, deep, deep-gpu"):
        source_hash(root, "huge")


def test_the_dockerfile_is_a_source(root: Path) -> None:
    (root / DOCKERFILE).write_text("FROM one")
    before = source_hash(root, "base")
    assert root / DOCKERFILE in source_files(root, "base")
    (root / DOCKERFILE).write_text("FROM two")
    assert source_hash(root, "base") != before


def test_an_image_with_cuda_names_the_machine_image_whose_driver_runs_it() -> None:
    drivers = {name: image.inference_ami_version for name, image in IMAGES.items()}
    assert drivers == {"base": None, "deep": None, "deep-gpu": "al2023-ami-sagemaker-inference-gpu-4-1"}
    assert [name for name, image in IMAGES.items() if image.needs_gpu] == ["deep-gpu"]


def test_sagemaker_knows_the_machine_images() -> None:
    service = botocore.session.get_session().get_service_model("sagemaker")
    known = service.shape_for("ProductionVariant").members["InferenceAmiVersion"].enum
    assert {image.inference_ami_version for image in IMAGES.values() if image.needs_gpu} <= set(known)
