"""An image asset holds what the image's tag is a hash of, and changes with nothing else."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnWaitConditionHandle, Environment, Stack

from chem_endpoints.spec.image_source import IMAGES, LOCKS, source_files, source_hash
from constructs_lib.image.asset_image import AssetImage

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small repository with the committed .dockerignore."""
    root = tmp_path / "repository"
    for name in ("container/Dockerfile", "container/serve", ".dockerignore"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, root / name)
    for name in (*LOCKS.values(), "chem_endpoints/wire/a.py", "model_scripts/b.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def asset_of(root: Path, image: str = "base", outdir: Path | None = None) -> tuple[AssetImage, Stack]:
    app = App(outdir=str(outdir) if outdir else None, analytics_reporting=False)
    stack = Stack(app, "Stack", env=Environment(account="111122223333", region="eu-central-1"))
    return AssetImage(stack, "Image", root=root, image=image), stack


UNRELATED = [
    "chem_endpoints/__pycache__/a.cpython-311.pyc",
    "container/server/__pycache__/x.pyc",
    ".venv/bin/python",
    "tests/test_a.py",
    ".git/HEAD",
    "node_modules/aws-cdk/index.js",
    "requirements/full.lock",
    "chem_endpoints/wire/.mypy_cache/cache.json",
    "chem_endpoints/client/endpoint.py",
    "model_scripts/.DS_Store",
    "endpoints/logs-v1.yaml",
]


def test_what_is_not_in_the_image_does_not_change_its_asset(root: Path) -> None:
    before = asset_of(root)[0].asset.asset_hash
    for name in UNRELATED:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("anything")
    assert asset_of(root)[0].asset.asset_hash == before


@pytest.mark.parametrize("name", ["chem_endpoints/wire/a.py", "container/Dockerfile", "requirements/base.lock"])
def test_what_is_in_it_does(root: Path, name: str) -> None:
    before = asset_of(root)[0].asset.asset_hash
    (root / name).write_text("FROM scratch")
    assert asset_of(root)[0].asset.asset_hash != before


def test_dockerignore_lets_in_just_what_the_tags_are_hashes_of(tmp_path: Path) -> None:
    asset, _ = asset_of(REPOSITORY, outdir=tmp_path)
    staged = tmp_path / f"asset.{asset.asset.asset_hash}"
    found = {path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file()}
    hashed = {path.relative_to(REPOSITORY).as_posix() for image in IMAGES for path in source_files(REPOSITORY, image)}
    # The engine reads .dockerignore itself, and lets it in no further.
    assert found - {".dockerignore"} == hashed


@pytest.mark.parametrize("image", IMAGES)
def test_each_image_is_its_own_target_for_the_instances_processor(root: Path, tmp_path: Path, image: str) -> None:
    _, stack = asset_of(root, image, tmp_path / "out")
    CfnWaitConditionHandle(stack, "AnyResource")
    app = stack.node.root
    assert isinstance(app, App)
    app.synth()
    manifest = json.loads((tmp_path / "out" / "Stack.assets.json").read_text())
    (described,) = manifest["dockerImages"].values()
    source = described["source"]
    assert source["dockerFile"] == "container/Dockerfile"
    assert source["dockerBuildTarget"] == IMAGES[image].target
    assert source["platform"] == "linux/amd64"
    assert source["dockerBuildArgs"] == {"SOURCE_HASH": source_hash(root, image)}


def test_the_model_is_told_the_reference_and_whose_repository_it_is(root: Path) -> None:
    asset, stack = asset_of(root)
    resolved: dict[str, Any] = stack.resolve({"uri": asset.image.reference, "arn": asset.image.repository_arn})
    assert asset.asset.asset_hash in str(resolved["uri"])
    assert "container-assets-111122223333-eu-central-1" in str(resolved["uri"])
    assert "container-assets-111122223333-eu-central-1" in str(resolved["arn"])
