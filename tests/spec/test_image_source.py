"""An image's tag is the hash of what goes into it."""

from pathlib import Path

import pytest

from chem_endpoints.spec.image_source import image_reference, source_hash


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("container", "model_scripts", "chem_endpoints", "requirements", "docs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "container" / "serve.py").write_text("one")
    (tmp_path / "requirements" / "base.lock").write_text("numpy==1")
    return tmp_path


@pytest.mark.parametrize("changed", ["container/serve.py", "chem_endpoints/new.py", "requirements/base.lock"])
def test_a_changed_source_changes_the_hash(root: Path, changed: str) -> None:
    before = source_hash(root, "base")
    (root / changed).write_text("two")
    assert source_hash(root, "base") != before


@pytest.mark.parametrize("unrelated", ["docs/page.md", "container/serve.pyc", "requirements/deep.lock"])
def test_other_files_do_not(root: Path, unrelated: str) -> None:
    before = source_hash(root, "base")
    (root / unrelated).write_text("two")
    assert source_hash(root, "base") == before


def test_the_reference_names_registry_repository_and_hash(root: Path) -> None:
    reference = image_reference(root=root, image="base", account="123456789012", region="us-east-1")
    tag = source_hash(root, "base")
    assert reference == f"123456789012.dkr.ecr.us-east-1.amazonaws.com/chem-endpoints:{tag}"
