"""The parts of a job as S3 objects below a prefix: any process on any machine finds them."""

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.client.aws import ABSENT_OR_HIDDEN, read_object, split_uri
from chem_endpoints.client.jobs.job_store import Removed

BYTES = "application/octet-stream"
THERE_ALREADY = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
"""Codes of a refused conditional put (PutObject API reference)."""
FORBIDDEN = ("AccessDenied", "403", "Forbidden")
DELETED_AT_ONCE = 1000
"""Keys of one DeleteObjects call at most (API reference)."""


class S3Store:
    """A `chem_endpoints.client.jobs.job_store.JobStore` in S3.

    Args:
        s3: boto3's client.
        uri: ``s3://bucket/prefix/``.
    """

    def __init__(self, s3: Any, uri: str) -> None:
        self._s3 = s3
        self._bucket, self._prefix = split_uri(uri)
        self.place = uri

    def location(self, name: str) -> str:
        """``s3://…`` of a part."""
        return f"{self.place}{name}"

    def put(self, name: str, body: bytes, *, content_type: str = BYTES, only_new: bool = False) -> bool:
        """Stores a part; ``False``: there was one, and ``only_new`` was asked for."""
        condition = {"IfNoneMatch": "*"} if only_new else {}
        try:
            self._s3.put_object(
                Bucket=self._bucket, Key=self._prefix + name, Body=body, ContentType=content_type, **condition
            )
        except ClientError as error:
            if only_new and error.response["Error"]["Code"] in THERE_ALREADY:
                return False
            raise
        return True

    def get(self, name: str) -> bytes | None:
        """A part; ``None``: it is not there, or hidden from this caller."""
        return read_object(self._s3, self._bucket, self._prefix + name, ABSENT_OR_HIDDEN)

    def names(self, prefix: str = "") -> list[str]:
        """The parts whose names begin so, sorted; one call for each 1,000."""
        return [key for page in self._pages(prefix) for key in _keys(page, "Contents", "Key", len(self._prefix))]

    def folders(self, prefix: str = "") -> list[str]:
        """The folders right below this one whose names begin so, without their slash, sorted."""
        found: set[str] = set()
        for page in self._pages(prefix, Delimiter="/"):
            listed = [
                *_keys(page, "CommonPrefixes", "Prefix", len(self._prefix)),
                *_keys(page, "Contents", "Key", len(self._prefix)),
            ]
            found |= {name.partition("/")[0] for name in listed if "/" in name}
        return sorted(found)

    def _pages(self, prefix: str, **more: str) -> Iterator[dict[str, Any]]:
        following: dict[str, str] = {}
        while True:
            page = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix + prefix, **more, **following)
            yield page
            if not page.get("IsTruncated"):
                return
            following = {"ContinuationToken": page["NextContinuationToken"]}

    def remove(self, names: Sequence[str]) -> Removed:
        """Deletes parts, and empties those that the caller may write but not delete."""
        removed = Removed()
        for start in range(0, len(names), DELETED_AT_ONCE):
            removed += self._remove(names[start : start + DELETED_AT_ONCE])
        return removed

    def _remove(self, names: Sequence[str]) -> Removed:
        refused = self._refused_deletions(names)
        emptied = [name for name in refused if self._empty(name)]
        left = tuple(self.location(name) for name in refused if name not in set(emptied))
        return Removed(deleted=len(names) - len(refused), emptied=len(emptied), left=left)

    def _refused_deletions(self, names: Sequence[str]) -> list[str]:
        keys = [{"Key": self._prefix + name} for name in names]
        try:
            told = self._s3.delete_objects(Bucket=self._bucket, Delete={"Objects": keys, "Quiet": True})
        except ClientError as error:
            if error.response["Error"]["Code"] in FORBIDDEN:
                return list(names)
            raise
        return _keys(told, "Errors", "Key", len(self._prefix))

    def _empty(self, name: str) -> bool:
        try:
            self.put(name, b"")
        except ClientError as error:
            if error.response["Error"]["Code"] in FORBIDDEN:
                return False
            raise
        return True


def _keys(page: dict[str, Any], section: str, member: str, cut: int) -> list[str]:
    return [str(entry[member])[cut:] for entry in page.get(section, ())]
