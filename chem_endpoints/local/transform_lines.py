"""How a transform job cuts an object into mini-batches, and puts the answers together again.

Source: CreateTransformJob, TransformInput and TransformOutput, SageMaker API reference. A body larger than a megabyte
lies on the disk.
"""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import IO

from chem_endpoints.local.transform_filters import FilterError, RecordFilters

MEGABYTE = 1 << 20
_HELD_BYTES = MEGABYTE
_COPY_BYTES = 1 << 16
TOO_LARGE = "Too much data for max payload size"


class RecordError(Exception):
    """Records, or answers to them, are not as the job needs them."""


def spooled() -> IO[bytes]:
    """A file in memory, which moves to the disk as it grows."""
    return tempfile.SpooledTemporaryFile(_HELD_BYTES)


@dataclass(frozen=True, kw_only=True)
class Cut:
    """How objects are cut."""

    by_line: bool
    """SplitType Line; else an object is one record, which is sent whole."""
    single: bool
    """BatchStrategy SingleRecord."""
    payload_bytes: int | None
    """The most that is sent at once; None: whatever there is."""


@dataclass(frozen=True, kw_only=True)
class MiniBatch:
    """One request's worth of records."""

    body: IO[bytes]
    """What is sent."""
    records: IO[bytes]
    """The records as the object has them; ``body`` itself where they are sent as they are."""

    def close(self) -> None:
        """Lets go of both."""
        self.body.close()
        self.records.close()


def mini_batches(source: IO[bytes], cut: Cut, filters: RecordFilters) -> Iterator[MiniBatch]:
    """Cuts an object; mini-batches keep the order of its records, and none of them is empty. The caller closes them.

    Raises:
        RecordError: a record is larger than a request may be, or cannot be filtered.
    """
    if not cut.by_line and not filters.change_anything:
        yield from _whole(source, cut)
        return
    filling = _empty(filters)
    try:
        for record in _records(source, cut):
            sent = _sent(record, cut, filters)
            if cut.payload_bytes is not None and len(sent) > cut.payload_bytes:
                raise RecordError(TOO_LARGE)
            if filling.body.tell() and (cut.single or _overflows(filling, sent, cut)):
                full, filling = filling, _empty(filters)
                yield full
            filling.body.write(sent)
            if filling.records is not filling.body:
                filling.records.write(record)
        if filling.body.tell():
            full, filling = filling, _empty(filters)
            yield full
    finally:
        filling.close()


def _whole(source: IO[bytes], cut: Cut) -> Iterator[MiniBatch]:
    """The object as it is; it is never in memory as a whole."""
    body = spooled()
    shutil.copyfileobj(source, body, _COPY_BYTES)
    if body.tell() and (cut.payload_bytes is None or body.tell() <= cut.payload_bytes):
        yield MiniBatch(body=body, records=body)
        return
    size = body.tell()
    body.close()
    if size:
        raise RecordError(TOO_LARGE)


def _records(source: IO[bytes], cut: Cut) -> Iterator[bytes]:
    """Each with its line end; of an object that is not cut, all of it."""
    limit = -1 if cut.payload_bytes is None else cut.payload_bytes + 1
    if not cut.by_line:
        if record := source.read(limit):
            yield record
        return
    # A record may be filtered down to a request's size, but this much of it must do.
    while record := source.readline(limit):
        if len(record) == limit and not record.endswith(b"\n"):
            raise RecordError(TOO_LARGE)
        yield record


def _sent(record: bytes, cut: Cut, filters: RecordFilters) -> bytes:
    try:
        if not cut.by_line:
            return filters.request(record)
        content = record.rstrip(b"\r\n")
        sent = filters.request(content)
    except FilterError as error:
        raise RecordError(f"InputFilter: {error}") from None
    return record if sent is content else sent + b"\n"


def _overflows(batch: MiniBatch, sent: bytes, cut: Cut) -> bool:
    return cut.payload_bytes is not None and batch.body.tell() + len(sent) > cut.payload_bytes


def _empty(filters: RecordFilters) -> MiniBatch:
    body = spooled()
    return MiniBatch(body=body, records=body if filters.sent.selects_all else spooled())


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """How answers become an object."""

    by_line: bool
    """AssembleWith Line; else they follow each other as they are."""
    cut: Cut
    filters: RecordFilters

    def add(self, output: IO[bytes], batch: MiniBatch, answer: IO[bytes]) -> None:
        """Appends the answer to a mini-batch.

        Raises:
            RecordError: it has not as many records as the mini-batch, or cannot be joined with them.
        """
        answer.seek(0)
        if not self.filters.change_answers:
            shutil.copyfileobj(answer, output, _COPY_BYTES)
            if self.by_line and not _ends_with_line_feed(answer):
                output.write(b"\n")
            return
        end = b"\n" if self.by_line else b""
        batch.records.seek(0)
        try:
            if not self.cut.by_line:
                output.write(self.filters.output(batch.records.read(), answer.read()) + end)
                return
            for record, line in zip_longest(batch.records, answer):
                if record is None or line is None:
                    raise RecordError("The answer to a mini-batch does not have as many records as the mini-batch")
                output.write(self.filters.output(record.rstrip(b"\r\n"), line.rstrip(b"\r\n")) + end)
        except FilterError as error:
            raise RecordError(f"DataProcessing: {error}") from None


def _ends_with_line_feed(file: IO[bytes]) -> bool:
    """Also of an empty file: nothing needs an end."""
    if not file.tell():
        return True
    file.seek(-1, 1)
    return file.read(1) == b"\n"
