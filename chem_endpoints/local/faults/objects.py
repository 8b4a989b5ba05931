"""S3 objects that may appear later: strongly consistent, by a time that is given with each call."""

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """One version of an object.

    Attributes:
        at: when it appears, in seconds.
        body: its bytes; ``None``: from here on there is no object.
        content_type: as it was put.
        metadata: the caller's own.
    """

    at: float
    body: bytes | None
    content_type: str = "binary/octet-stream"
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        """MD5 in quotes, as S3 has it for objects put in one piece."""
        return f'"{hashlib.md5(self.body or b"", usedforsecurity=False).hexdigest()}"'


class ObjectStore:
    """Buckets and keys. Calls may come in any order of time: each sees what has appeared by its own time."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, str], list[StoredObject]] = {}

    def put(self, bucket: str, key: str, stored: StoredObject) -> None:
        """Stores a version."""
        self._versions.setdefault((bucket, key), []).append(stored)

    def get(self, bucket: str, key: str, now: float) -> StoredObject | None:
        """The object as it is at a time; ``None``: there is none."""
        seen = [version for version in self._versions.get((bucket, key), ()) if version.at <= now]
        latest = max(enumerate(seen), key=lambda one: (one[1].at, one[0]), default=None)
        return latest[1] if latest and latest[1].body is not None else None

    def delete(self, bucket: str, key: str, now: float) -> None:
        """Removes the object; one that appears later still does."""
        if (bucket, key) in self._versions:
            self.put(bucket, key, StoredObject(at=now, body=None))

    def keys(self, bucket: str, prefix: str, now: float) -> list[str]:
        """The keys below a prefix, sorted as S3 sorts them (by UTF-8 bytes)."""
        keys = [key for name, key in self._versions if name == bucket and key.startswith(prefix)]
        return sorted((key for key in keys if self.get(bucket, key, now)), key=str.encode)


def split_location(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
