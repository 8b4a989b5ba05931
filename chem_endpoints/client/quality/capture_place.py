"""Where named captures lie: a prefix in S3 or a folder, behind one pair of operations."""

import os
from pathlib import Path
from typing import Any, Protocol

from chem_endpoints.client.aws import split_uri
from chem_endpoints.client.description import EndpointDescription
from chem_endpoints.client.retry import call
from chem_endpoints.errors import InvalidInputError

CAPTURES_PART = "captures/"
"""Below the requests of an async endpoint that was deployed before endpoints had a prefix for captures."""


class CapturePlace(Protocol):
    """Objects by key; keys have no leading ``/``."""

    def write(self, key: str, body: bytes) -> str:
        """Stores an object whole or not at all; returns where it lies."""
        ...

    def read(self, key: str) -> bytes:
        """The object's bytes."""
        ...

    def keys(self, prefix: str) -> list[str]:
        """Keys that begin with ``prefix``, sorted."""
        ...


class CaptureFolder:
    """A folder of this machine; made with mode 0700, its files with 0600, as they hold structures."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, key: str, body: bytes) -> str:
        """See `CapturePlace.write`."""
        path = self._folder / key
        self._make(path.parent)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        return str(path)

    def read(self, key: str) -> bytes:
        """See `CapturePlace.read`."""
        return (self._folder / key).read_bytes()

    def keys(self, prefix: str) -> list[str]:
        """See `CapturePlace.keys`."""
        files = (path for path in self._folder.rglob("*") if path.is_file() and not path.name.startswith("."))
        names = (path.relative_to(self._folder).as_posix() for path in files)
        return sorted(name for name in names if name.startswith(prefix))

    def _make(self, folder: Path) -> None:
        for part in reversed([folder, *folder.parents]):
            if part == self._folder or self._folder in part.parents:
                part.mkdir(mode=0o700, exist_ok=True, parents=part == self._folder)


class CapturePrefix:
    """A prefix in S3.

    Args:
        s3: boto3 client.
        uri: ``s3://bucket/prefix/``.
    """

    def __init__(self, s3: Any, uri: str) -> None:
        self._s3 = s3
        self._bucket, prefix = split_uri(uri)
        self._prefix = f"{prefix.rstrip('/')}/" if prefix else ""

    def write(self, key: str, body: bytes) -> str:
        """See `CapturePlace.write`."""
        call(self._s3.put_object, Bucket=self._bucket, Key=self._prefix + key, Body=body)
        return f"s3://{self._bucket}/{self._prefix}{key}"

    def read(self, key: str) -> bytes:
        """See `CapturePlace.read`."""
        return bytes(call(self._s3.get_object, Bucket=self._bucket, Key=self._prefix + key)["Body"].read())

    def keys(self, prefix: str) -> list[str]:
        """See `CapturePlace.keys`."""
        found = list_keys(self._s3, self._bucket, self._prefix + prefix)
        return sorted(key.removeprefix(self._prefix) for key in found)


def list_keys(s3: Any, bucket: str, prefix: str, *, after: str = "", delimiter: str = "") -> list[str]:
    """Keys below a prefix, in their order; with ``delimiter`` the common prefixes up to it instead.

    Raises:
        AccessRefusedError: s3:ListBucket is missing.
    """
    found: list[str] = []
    more: dict[str, str] = {"StartAfter": after} if after else {}
    if delimiter:
        more["Delimiter"] = delimiter
    while True:
        page = call(s3.list_objects_v2, Bucket=bucket, Prefix=prefix, **more)
        if delimiter:
            found += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
        else:
            found += [entry["Key"] for entry in page.get("Contents", [])]
        if not page.get("IsTruncated"):
            return found
        more["ContinuationToken"] = page["NextContinuationToken"]


def own_captures_uri(description: EndpointDescription) -> str | None:
    """``s3://bucket/prefix/`` where the endpoint's callers may store captures; ``None``: there is none."""
    if description.captures_uri is not None:
        return description.captures_uri
    return None if description.input_uri is None else description.input_uri + CAPTURES_PART


def capture_place(endpoint: Any, folder: str | os.PathLike[str] | None) -> CapturePlace:
    """The place that ``folder`` names, else the endpoint's own prefix.

    Args:
        endpoint: the `Endpoint`.
        folder: a folder of this machine, or ``s3://bucket/prefix/``.

    Raises:
        InvalidInputError: neither is known.
    """
    if folder is not None:
        text = os.fspath(folder)
        if text.startswith("s3://"):
            if not hasattr(endpoint._clients, "s3"):
                raise InvalidInputError(f"{endpoint.name} is served on this machine, without AWS: name a folder")
            return CapturePrefix(endpoint._clients.s3, f"{text.rstrip('/')}/{endpoint.name}/")
        return CaptureFolder(Path(text).expanduser().absolute() / endpoint.name)
    if (own := own_captures_uri(endpoint.description)) is not None:
        return CapturePrefix(endpoint._clients.s3, own)
    raise InvalidInputError(
        f"endpoint {endpoint.name!r} has no prefix in S3 where its callers may write; say where captures belong:"
        " captures_folder='captures' (a folder) or captures_folder='s3://bucket/prefix/'"
    )
