"""Model bundles (``model.tar.gz``): written reproducibly, read without trusting them."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from chem_endpoints.wire.manifest import MANIFEST_NAME, Manifest, model_digest


class BundleError(Exception):
    """A bundle that must not be served; the message names the file and what to do."""


@dataclass(frozen=True, kw_only=True)
class VerifiedBundle:
    """A bundle whose every file matches the digest in its manifest."""

    manifest: Manifest
    manifest_bytes: bytes
    digest: str


def write_bundle(path: Path, manifest: Manifest, files: Mapping[str, bytes]) -> str:
    """Writes ``model.tar.gz`` with the manifest and the files that it lists; returns the model digest.

    The bytes depend on the contents alone: members sorted, no times, no owners.
    """
    members = {**files, MANIFEST_NAME: manifest.to_bytes()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=9) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name in sorted(members):
            member = tarfile.TarInfo(name)
            member.size = len(members[name])
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(members[name]))
    return model_digest(members[MANIFEST_NAME])


def read_archive(path: Path) -> dict[str, bytes]:
    """The files of a ``model.tar.gz``, by their path inside it.

    Raises:
        BundleError: not a gzipped tar, or a member that is no plain file below the root (links, devices,
            absolute paths and ``..`` are refused: they could write outside the model's folder).
    """
    try:
        with tarfile.open(path, "r:gz") as archive:
            return {member.name: _contents(archive, member) for member in archive if not member.isdir()}
    except FileNotFoundError:
        raise BundleError(f"{path}: no such file. Train a model first: chem-endpoints train --help") from None
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BundleError(f"{path}: not a readable model.tar.gz ({error})") from error


def _contents(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    name = PurePosixPath(member.name)
    if not member.isfile() or name.is_absolute() or ".." in name.parts:
        raise BundleError(f"{member.name}: refused. A bundle holds plain files below its root, nothing else")
    stream = archive.extractfile(member)
    if stream is None:
        raise BundleError(f"{member.name}: refused. It has no contents")
    return stream.read()


def unpack(path: Path, folder: Path) -> None:
    """Unpacks a ``model.tar.gz`` as SageMaker does into ``/opt/ml/model``; verifies nothing but the paths."""
    for name, contents in read_archive(path).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(contents)


def verify_archive(path: Path) -> VerifiedBundle:
    """Checks a packed bundle as the server will; see `verify_files`."""
    return verify_files(read_archive(path), where=str(path))


def verify_folder(folder: Path) -> VerifiedBundle:
    """Checks an unpacked bundle; see `verify_files`."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return verify_files(files, where=str(folder))


def verify_files(files: Mapping[str, bytes], *, where: str) -> VerifiedBundle:
    """Checks that the files are exactly those of the manifest, byte for byte.

    Raises:
        BundleError: the manifest is missing or malformed, or a file is missing, changed or not listed.
    """
    if MANIFEST_NAME not in files:
        raise BundleError(f"{where}: holds no {MANIFEST_NAME}. Is it a bundle that chem-endpoints train wrote?")
    manifest_bytes = files[MANIFEST_NAME]
    try:
        manifest = Manifest.model_validate_json(manifest_bytes)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BundleError(f"{where}: {MANIFEST_NAME} is malformed: {problems}") from None
    problems_by_file = [
        *(f"{name} is missing" for name in manifest.files if name not in files),
        *(
            f"{name} was changed after the bundle was written"
            for name, digest in manifest.files.items()
            if name in files and hashlib.sha256(files[name]).hexdigest() != digest
        ),
        *(f"{name} is not listed" for name in files if name not in manifest.files and name != MANIFEST_NAME),
    ]
    if problems_by_file:
        raise BundleError(f"{where} does not match its {MANIFEST_NAME}: {'; '.join(problems_by_file)}")
    return VerifiedBundle(manifest=manifest, manifest_bytes=manifest_bytes, digest=model_digest(manifest_bytes))
