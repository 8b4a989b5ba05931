"""The files that a batch reads: on this machine or in S3, in a fixed order."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Literal, cast

from botocore.exceptions import ClientError

from chem_endpoints.client.aws import ABSENT, split_uri
from chem_endpoints.client.batch.ranged_object import RangedObject, changed
from chem_endpoints.client.files.formats import format_of, is_compressed
from chem_endpoints.client.retry import call
from chem_endpoints.errors import FileError

S3 = "s3://"
PREDICTED = ".predicted"
"""End of the name of the output folder."""
IGNORED = ("_", ".")
"""Begin of the names of files and folders that are no data, as readers of Parquet folders have it."""
READ_BYTES = 8_000_000
"""What is read at once of a CSV file in S3."""


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One file.

    Attributes:
        name: its path below the source, with slashes.
        place: what errors call it.
        format: what it is.
        compressed: whether gzip has compressed it.
        bytes: its size.
        version: changes when its contents do: the time of the last change in ns, or the ETag.
        s3: boto3's client; ``None``: the file is on this machine.
    """

    name: str
    place: str
    format: Literal["parquet", "csv"]
    compressed: bool
    bytes: int
    version: str
    s3: Any = None

    def open(self) -> BinaryIO:
        """The file, to be read from any place, at its beginning.

        Raises:
            FileError: it is gone, has changed since it was listed, or cannot be read.
        """
        if self.s3 is not None:
            raw = RangedObject(self.s3, self.place, etag=self.version, size=self.bytes)
            # Parquet's reader asks for what it needs, wherever that is: reading ahead would only cost.
            return cast(BinaryIO, raw if self.format == "parquet" else io.BufferedReader(raw, READ_BYTES))
        self.check()
        try:
            return Path(self.place).open("rb")
        except OSError as error:
            raise FileError(f"{self.place}: the file cannot be read ({error.strerror})") from None

    def check(self) -> None:
        """To be called when all is read, too: a file of this machine may change meanwhile (S3 checks each range).

        Raises:
            FileError: it has changed since it was listed.
        """
        if self.s3 is not None:
            return
        try:
            now = Path(self.place).stat()
        except OSError:
            raise changed(self.place) from None
        if (now.st_size, str(now.st_mtime_ns)) != (self.bytes, self.version):
            raise changed(self.place)


@dataclass(frozen=True, kw_only=True)
class Source:
    """What is to be predicted.

    Attributes:
        place: as the caller named it.
        files: sorted by name; at least one.
    """

    place: str
    files: tuple[SourceFile, ...]

    @property
    def is_one_file(self) -> bool:
        """Whether the caller named a file, not a folder or a prefix."""
        return len(self.files) == 1 and self.files[0].place == self.place

    @property
    def digest(self) -> str:
        """Digest of names, sizes and versions: another one means other rows."""
        listed = "\n".join(f"{file.name}\t{file.bytes}\t{file.version}" for file in self.files)
        return hashlib.sha256(listed.encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def beside(self) -> str:
        """The default output folder.

        Raises:
            FileError: a whole bucket has no place beside it.
        """
        if self.place.startswith(S3):
            bucket, key = split_uri(self.place.rstrip("/"))
            if not key:
                raise FileError(f"{self.place}: a whole bucket has no place beside it; say out=s3://…")
            return f"{S3}{bucket}/{_beside(PurePosixPath(key))}"
        return str(_beside(Path(self.place).absolute()))


def find_source(source: str | PathLike[str], s3: Any) -> Source:
    """Lists the files of a source, once.

    Args:
        source: a file, a folder, or ``s3://…`` of an object or a prefix.
        s3: boto3's client.

    Raises:
        FileError: there is nothing, or something that is neither Parquet nor CSV.
        EndpointError: S3 refuses.
    """
    place = str(source)
    files = _objects(place, s3) if place.startswith(S3) else _files(Path(place))
    return Source(place=place, files=tuple(sorted(files, key=lambda file: file.name)))


def _beside(path: Any) -> Any:
    stem = path.name
    if format_of(path) is not None:
        stem = PurePosixPath(path.stem).stem if is_compressed(path) else path.stem
    return path.with_name(f"{stem}{PREDICTED}")


def _files(path: Path) -> list[SourceFile]:
    if path.is_file():
        return [_file(path, path.name)]
    if not path.is_dir():
        raise FileError(f"{path}: there is no such file or folder here")
    named = [(one, one.relative_to(path).as_posix()) for one in path.rglob("*") if one.is_file()]
    return _some([_file(one, name) for one, name in named if not _is_ignored(name)], str(path))


def _file(path: Path, name: str) -> SourceFile:
    found = path.stat()
    return _described(name, str(path), size=found.st_size, version=str(found.st_mtime_ns))


def _objects(uri: str, s3: Any) -> list[SourceFile]:
    bucket, key = split_uri(uri)
    if format_of(PurePosixPath(key)) is not None and (found := _head(s3, bucket, key)) is not None:
        name = PurePosixPath(key).name
        return [_described(name, uri, size=int(found["ContentLength"]), version=str(found["ETag"]), s3=s3)]
    prefix = f"{key.rstrip('/')}/" if key else ""
    listed: list[SourceFile] = []
    following: dict[str, str] = {}
    while True:
        page = call(s3.list_objects_v2, Bucket=bucket, Prefix=prefix, **following)
        for one in page.get("Contents", ()):
            name = str(one["Key"])[len(prefix) :]
            if name and not name.endswith("/") and not _is_ignored(name):  # consoles make objects for folders
                place = f"{S3}{bucket}/{one['Key']}"
                listed.append(_described(name, place, size=int(one["Size"]), version=str(one["ETag"]), s3=s3))
        if not page.get("IsTruncated"):
            return _some(listed, uri)
        following = {"ContinuationToken": page["NextContinuationToken"]}


def _head(s3: Any, bucket: str, key: str) -> dict[str, Any] | None:
    def head() -> dict[str, Any] | None:
        try:
            return dict(s3.head_object(Bucket=bucket, Key=key))
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:
                return None
            raise

    return call(head)


def _described(name: str, place: str, *, size: int, version: str, s3: Any = None) -> SourceFile:
    path = PurePosixPath(name)
    format = format_of(path)
    if format not in ("parquet", "csv"):
        raise FileError(
            f"{place}: a batch reads Parquet and CSV; take this file out of the source, or convert it"
            " (chem-endpoints predict reads SD and SMILES files)"
        )
    return SourceFile(
        name=name, place=place, format=format, compressed=is_compressed(path), bytes=size, version=version, s3=s3
    )


def _some(files: Sequence[SourceFile], place: str) -> list[SourceFile]:
    if not files:
        raise FileError(f"{place}: there is no Parquet or CSV file")
    return list(files)


def _is_ignored(name: str) -> bool:
    return any(part.startswith(IGNORED) for part in PurePosixPath(name).parts)
