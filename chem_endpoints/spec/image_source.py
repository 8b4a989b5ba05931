"""Identity of the container image: a hash of everything that goes into it.

The tag of an image is the SHA-256 of its name, its sources and its lock, so a template says which code an endpoint
runs, a changed file changes the tag, and the local AWS can prove that the code it starts is the code the template
names.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePath
from types import MappingProxyType

SOURCE_FOLDERS = ("container", "model_scripts", "chem_endpoints")
REPOSITORY = "chem-endpoints"

LOCKS: Mapping[str, str] = MappingProxyType(
    {
        "base": "requirements/base.lock",
        "deep": "requirements/deep.lock",
        "deep-gpu": "requirements/deep.lock",
    }
)
"""The lock that each image installs, below the repository's root."""

_IGNORED_PARTS = frozenset({"__pycache__"})


class ImageSourceError(Exception):
    """An image whose tag cannot be known; the message says what to do."""


def source_hash(root: Path, image: str) -> str:
    """SHA-256 (hex) of the image's name, of its sources below ``root`` and of its lock.

    Times, modes, byte-compiled and hidden files do not count; names and contents do.

    Raises:
        ImageSourceError: no such image, or its lock is missing.
    """
    digest = hashlib.sha256(f"{image}\n".encode())
    for path in (*_sources(root), _lock(root, image)):
        name = path.relative_to(root).as_posix().encode()
        contents = path.read_bytes()
        digest.update(b"%d %d\n" % (len(name), len(contents)) + name + contents)
    return digest.hexdigest()


def image_reference(*, root: Path, image: str, account: str, region: str) -> str:
    """``ACCOUNT.dkr.ecr.REGION.amazonaws.com/chem-endpoints:<source hash>``.

    Raises:
        ImageSourceError: no such image, or its lock is missing.
    """
    return f"{account}.dkr.ecr.{region}.amazonaws.com/{REPOSITORY}:{source_hash(root, image)}"


def _lock(root: Path, image: str) -> Path:
    if image not in LOCKS:
        raise ImageSourceError(f"{image}: no such image; choose one of {', '.join(LOCKS)}")
    lock = root / LOCKS[image]
    if not lock.is_file():
        raise ImageSourceError(f"{LOCKS[image]}: no such file, but image {image} installs it; bring it back from git")
    return lock


def _sources(root: Path) -> list[Path]:
    return sorted(
        path
        for folder in SOURCE_FOLDERS
        for path in (root / folder).rglob("*")
        if path.is_file() and _belongs(path.relative_to(root))
    )


def _belongs(path: PurePath) -> bool:
    """False for what editors, checkers and Python leave behind."""
    hidden = any(part.startswith(".") for part in path.parts)
    return not hidden and not _IGNORED_PARTS.intersection(path.parts) and path.suffix != ".pyc"
