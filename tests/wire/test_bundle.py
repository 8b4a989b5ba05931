"""Promise: a bundle is the same bytes every time, and nothing but the files that it lists is ever unpacked."""

import io
import tarfile
from pathlib import Path

import pytest

from chem_endpoints.wire.bundle import BundleError, read_archive, unpack, verify_archive, verify_folder, write_bundle
from chem_endpoints.wire.manifest import Manifest, Output, model_digest
from manifests import small_manifest

FILES = {"model.ubj": b"\x00trees", "code/inference.py": b"x = 1\n"}


def manifest(**changes: object) -> Manifest:
    return small_manifest(FILES, **changes)


def tar(path: Path, members: list[tarfile.TarInfo]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def test_written_twice_it_is_the_same_bytes_and_verifies(tmp_path: Path) -> None:
    digest = write_bundle(tmp_path / "a.tar.gz", manifest(), FILES)
    write_bundle(tmp_path / "b.tar.gz", manifest(), dict(reversed(FILES.items())))
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()
    bundle = verify_archive(tmp_path / "a.tar.gz")
    assert bundle.manifest == manifest()
    assert bundle.digest == digest == model_digest(bundle.manifest_bytes)
    unpack(tmp_path / "a.tar.gz", tmp_path / "model")
    assert verify_folder(tmp_path / "model").digest == digest
    assert (tmp_path / "model/code/inference.py").read_bytes() == FILES["code/inference.py"]


def test_byte_code_beside_a_script_is_no_change(tmp_path: Path) -> None:
    write_bundle(tmp_path / "a.tar.gz", manifest(), FILES)
    unpack(tmp_path / "a.tar.gz", tmp_path / "model")
    (tmp_path / "model/code/__pycache__").mkdir()
    (tmp_path / "model/code/__pycache__/inference.cpython-311.pyc").write_bytes(b"")
    verify_folder(tmp_path / "model")


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside", "a/../../outside"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BundleError, match="refused"):
        unpack(tar(tmp_path / "evil.tar.gz", [tarfile.TarInfo(name)]), tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("model.ubj")
    member.type, member.linkname = kind, "/etc/passwd"
    with pytest.raises(BundleError, match=r"model\.ubj: refused"):
        read_archive(tar(tmp_path / "evil.tar.gz", [member]))


def test_folders_in_the_archive_are_nothing_to_verify(tmp_path: Path) -> None:
    folder = tarfile.TarInfo("code")
    folder.type = tarfile.DIRTYPE
    assert read_archive(tar(tmp_path / "a.tar.gz", [folder])) == {}


def test_a_missing_or_broken_archive_says_so(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such file"):
        read_archive(tmp_path / "none.tar.gz")
    (tmp_path / "text.tar.gz").write_text("no archive")
    with pytest.raises(BundleError, match="not a readable model"):
        read_archive(tmp_path / "text.tar.gz")


def test_a_name_that_is_feature_and_output_is_refused() -> None:
    with pytest.raises(ValueError, match="named twice among features and outputs: smiles"):
        manifest(outputs=(Output(name="smiles", dtype="text"),))
