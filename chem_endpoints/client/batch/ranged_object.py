"""An object of S3 as a file that is read from any place, a range at a time; nothing of it is stored on this machine."""

import io
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.client.aws import split_uri
from chem_endpoints.client.retry import call
from chem_endpoints.errors import FileError

CHANGED = ("PreconditionFailed", "412", "NoSuchKey", "404")
"""Codes of a GetObject with ``IfMatch`` when the object has been replaced or removed (API reference)."""


class RangedObject(io.RawIOBase):
    """One version of an object.

    Args:
        s3: boto3's client.
        uri: ``s3://…`` of the object.
        etag: the version that is meant; any other is refused.
        size: its bytes.
    """

    def __init__(self, s3: Any, uri: str, *, etag: str, size: int) -> None:
        self._s3, self._uri, self._etag, self._size = s3, uri, etag, size
        self._bucket, self._key = split_uri(uri)
        self._at = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Bytes before the next read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """See `io.IOBase.seek`."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes, fewer only at the end.

        Raises:
            FileError: the object has changed.
            EndpointError: S3 refuses, or fails again after retries.
        """
        left = max(self._size - self._at, 0)
        wanted = left if size is None or size < 0 else min(size, left)
        if not wanted:
            return b""
        found: bytes = call(self._range, self._at, self._at + wanted - 1)
        self._at += len(found)
        return found

    def readall(self) -> bytes:
        """What is left."""
        return self.read()

    def readinto(self, buffer: Any, /) -> int:
        """See `io.RawIOBase.readinto`."""
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def _range(self, first: int, last: int) -> bytes:
        try:
            answer = self._s3.get_object(
                Bucket=self._bucket, Key=self._key, Range=f"bytes={first}-{last}", IfMatch=self._etag
            )
            return bytes(answer["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] in CHANGED:
                raise changed(self._uri) from None
            raise


def changed(place: str) -> FileError:
    """What is raised when a source is not what it was at the beginning."""
    return FileError(
        f"{place}: the file has changed since the batch began, so its parts would not belong together; give the"
        " changed source another out"
    )
