"""The output folder of a batch, on this machine or in S3."""

import io
import shutil
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from chem_endpoints.client.aws import split_uri
from chem_endpoints.client.batch.batch_record import RECORD, BatchRecord, check_same
from chem_endpoints.client.batch.part_file import PREFIX, part_name, part_number, read_counts
from chem_endpoints.client.batch.ranged_object import RangedObject
from chem_endpoints.client.batch.sources import S3, Source
from chem_endpoints.client.jobs.local_store import TEMPORARY, LocalStore
from chem_endpoints.client.jobs.s3_store import S3Store
from chem_endpoints.client.retry import call
from chem_endpoints.errors import FileError, OtherBatchError

SUMMARY = "_summary.json"
"""The `BatchResult` of the run that finished the batch."""

T = TypeVar("T")


class PartStore:
    """Named files below one place; each is there whole or not at all. Files of this machine are their user's alone.

    Args:
        out: a folder, or ``s3://…`` of a prefix.
        s3: boto3's client.
    """

    def __init__(self, out: str | PathLike[str], s3: Any) -> None:
        self._s3 = s3 if str(out).startswith(S3) else None
        self._store: LocalStore | S3Store = (
            LocalStore(Path(out)) if self._s3 is None else S3Store(s3, f"{str(out).rstrip('/')}/")
        )
        self.place = self._store.place

    def begin(self, record: BatchRecord, source: Source) -> None:
        """Takes the place for a batch, or finds that it is this batch's already.

        Raises:
            OtherBatchError: it holds something else.
            ModelChangedError: it holds parts of this batch by another model.
        """
        self._refuse_overlap(source)
        found = self._calling(self._store.get, RECORD)
        if found is None:
            if others := self.names():
                raise OtherBatchError(
                    f"{self.place} is not empty ({others[0]} lies there) and holds no batch; say another out"
                )
            if self._calling(lambda: self._store.put(RECORD, record.to_bytes(), only_new=True)):
                return
            found = self._calling(self._store.get, RECORD) or b""  # another process was faster
        check_same(found, record, self.place)

    def put(self, name: str, body: bytes) -> None:
        """Writes a file."""
        self._calling(lambda: self._store.put(name, body))

    def get(self, name: str) -> bytes | None:
        """Reads a file; ``None``: it is not there."""
        return self._calling(self._store.get, name)

    def names(self, prefix: str = "") -> list[str]:
        """The files whose names begin so, sorted."""
        return self._calling(self._store.names, prefix)

    def remove(self, names: Sequence[str]) -> None:
        """Deletes files; one that may not be deleted stays."""
        if names:
            self._calling(self._store.remove, names)

    def parts(self) -> set[int]:
        """Numbers of the parts that are there."""
        numbers = (part_number(name) for name in self.names(PREFIX))
        return {number for number in numbers if number is not None}

    def counts(self, number: int) -> tuple[int, dict[str, int]]:
        """Rows of the source that a part stands for, and reason → rows that failed.

        Raises:
            FileError: the part is not one of ours any more.
        """
        try:
            with self._opened(part_name(number)) as opened:
                return read_counts(opened)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FileError(
                f"{self.place}{part_name(number)} cannot be read ({type(error).__name__}); delete it, and the same call"
                " makes it again"
            ) from None

    def tidy(self) -> None:
        """Removes what is no part, record or summary: answers of finished pieces, files that killed runs had begun."""
        self.remove([name for name in self.names("_") if name not in (RECORD, SUMMARY)])
        if self._s3 is None:
            for path in Path(self.place).glob(f"{TEMPORARY}*"):
                path.unlink(missing_ok=True)
            for path in Path(self.place).glob("_*/"):
                shutil.rmtree(path, ignore_errors=True)

    def _opened(self, name: str) -> BinaryIO:
        if self._s3 is None:
            return (Path(self.place) / name).open("rb")
        uri = f"{self.place}{name}"
        bucket, key = split_uri(uri)
        found = call(self._s3.head_object, Bucket=bucket, Key=key)
        raw = RangedObject(self._s3, uri, etag=found["ETag"], size=int(found["ContentLength"]))
        return cast(BinaryIO, io.BufferedReader(raw, 64_000))

    def _refuse_overlap(self, source: Source) -> None:
        if self._s3 is not None or source.place.startswith(S3):
            ours, theirs = self.place, f"{source.place.rstrip('/')}/"
            overlap = ours == theirs or (ours.startswith(theirs) and not source.is_one_file)
        else:
            out, place = Path(self.place).resolve(), Path(source.place).resolve()
            overlap = out == place or place in out.parents
            if out.is_file():
                raise OtherBatchError(f"{out} is a file; out is a folder of Parquet parts: say another one")
        if overlap:
            raise OtherBatchError(
                f"{self.place} lies within the source, and would be read as a part of it; say another out"
            )

    def _calling(self, operation: Callable[..., T], *arguments: Any) -> T:
        try:
            return call(operation, *arguments) if self._s3 is not None else operation(*arguments)
        except OSError as error:
            raise FileError(f"{self.place}: files cannot be written there ({error.strerror})") from None
