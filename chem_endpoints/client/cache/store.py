"""Where answers are kept: what every store does, and which one a place means."""

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import boto3

from chem_endpoints.client.aws import connect
from chem_endpoints.client.cache.answers import AnswerSchema, Entries
from chem_endpoints.client.cache.local_store import CacheInfo, LocalStore, Selection
from chem_endpoints.client.cache.s3_store import DOWNLOADS_AT_ONCE, S3Store
from chem_endpoints.client.user_folders import cache_folder

ANSWERS_FOLDER, MIRRORS_FOLDER = "answers", "mirrors"
"""Below the user's cache folder: one folder per endpoint, and one per S3 prefix."""

_ENDPOINT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")


class Store(Protocol):
    """Keeps answers."""

    place: str

    def refresh(self) -> None:
        """Learns what others have written since."""
        ...

    def find(self, schema: AnswerSchema, rows: Sequence[bytes]) -> dict[int, bytes]:
        """Position among ``rows`` → the answer that is kept."""
        ...

    def add(self, schema: AnswerSchema, entries: Entries) -> None:
        """Keeps answers; one that is there stays."""
        ...

    def remove(self, selection: Selection) -> int:
        """Removes answers; returns how many."""
        ...

    def compact(self) -> None:
        """Takes less room, with the same answers."""
        ...

    def info(self) -> CacheInfo:
        """What is kept."""
        ...

    def schemas(self) -> list[AnswerSchema]:
        """Schemas of the answers that are kept."""
        ...

    def pairs(
        self, old: AnswerSchema, new: AnswerSchema, *, at_once: int
    ) -> Iterator[list[tuple[bytes, bytes, bytes]]]:
        """Rows that both answered: key, old answer, new answer."""
        ...


def open_store(place: str | os.PathLike[str] | None, *, endpoint: str, session: boto3.Session | None = None) -> Store:
    """The store at a place.

    Args:
        place: a folder, ``s3://bucket/prefix/``, or ``None``: the endpoint's folder in the user's cache folder.
        endpoint: name of the endpoint.
        session: boto3 session for S3.
    """
    if place is None:
        return LocalStore(cache_folder() / ANSWERS_FOLDER / _folder_name(endpoint))
    if not str(place).startswith("s3://"):
        return LocalStore(Path(place).expanduser())
    uri = str(place)
    mirror = LocalStore(cache_folder() / MIRRORS_FOLDER / hashlib.sha256(uri.rstrip("/").encode()).hexdigest()[:32])
    return S3Store(uri, s3=connect(session, connections=DOWNLOADS_AT_ONCE).s3, mirror=mirror)


def _folder_name(endpoint: str) -> str:
    if _ENDPOINT_NAME.fullmatch(endpoint):
        return endpoint
    return hashlib.sha256(endpoint.encode()).hexdigest()[:32]
