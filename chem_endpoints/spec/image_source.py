"""Identity of the container image: a hash of everything that goes into it.

The tag of an image is the SHA-256 of its sources and its lock, so a template says which code an endpoint runs, a
changed file changes the tag, and the local AWS can prove that the code it starts is the code the template names.
"""

import hashlib
from pathlib import Path

SOURCE_FOLDERS = ("container", "model_scripts", "chem_endpoints")
REPOSITORY = "chem-endpoints"
_IGNORED_PARTS = frozenset({"__pycache__"})


def source_hash(root: Path, image: str) -> str:
    """SHA-256 (hex) of the image's sources below ``root`` and of ``requirements/<image>.lock``.

    Times, modes and byte-compiled files do not count; names and contents do.
    """
    digest = hashlib.sha256()
    for path in _sources(root, image):
        name = path.relative_to(root).as_posix().encode()
        contents = path.read_bytes()
        digest.update(b"%d %d\n" % (len(name), len(contents)) + name + contents)
    return digest.hexdigest()


def image_reference(*, root: Path, image: str, account: str, region: str) -> str:
    """``ACCOUNT.dkr.ecr.REGION.amazonaws.com/chem-endpoints:<source hash>``."""
    return f"{account}.dkr.ecr.{region}.amazonaws.com/{REPOSITORY}:{source_hash(root, image)}"


def _sources(root: Path, image: str) -> list[Path]:
    found = [
        path
        for folder in SOURCE_FOLDERS
        for path in (root / folder).rglob("*")
        if path.is_file() and not _IGNORED_PARTS.intersection(path.parts) and path.suffix != ".pyc"
    ]
    return [*sorted(found), root / "requirements" / f"{image}.lock"]
