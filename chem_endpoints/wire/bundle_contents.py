"""Facts that every bundle records about itself: the versions it was made with, and the digests of its files."""

import hashlib
import importlib.metadata
from collections.abc import Mapping


def version_of(library: str) -> str:
    """Version of the distribution that brings an import name."""
    (distribution, *_) = importlib.metadata.packages_distributions()[library]
    return importlib.metadata.version(distribution)


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """Path → SHA-256 of each file of a bundle, sorted by path."""
    return {name: hashlib.sha256(contents).hexdigest() for name, contents in sorted(files.items())}
